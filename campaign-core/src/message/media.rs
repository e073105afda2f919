//! Where an image or file comes from, when part of that place is a recipient's value.
//!
//! A value comes from a spreadsheet and may be anything. In an address it is percent-encoded, so
//! it cannot add a parameter, a path segment or another server; in a path it may name folders
//! below the template's own folder and nothing else. The one exception is a column that holds
//! whole addresses or paths: a template that begins with a variable takes that value as it is,
//! under the same checks of the result.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use super::MessageKind;
use crate::template::{Bounded, Piece, RenderError, Template, percent_encoded, shortened};

/// Largest file that can be sent: WAHA answers a request body above 50 MiB with an error (recorded with 2026.4: status 500), the
/// file's base64 text in it is a third longer than the file, and 64 KiB are left for the rest of the request.
pub const MEDIA_BYTES_MAX: u64 = (50 * 1024 * 1024 - 64 * 1024) / 4 * 3;

/// Where an image or file is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MediaSource {
    /// A file on this machine. A relative path begins at the campaign's folder.
    Path(PathBuf),
    /// An http or https address that the WAHA server fetches.
    Url(String),
}

impl MediaSource {
    /// The file's own name, which the recipient sees: the last part of the path or address.
    ///
    /// ```
    /// use campaign_core::message::MediaSource;
    ///
    /// let source = MediaSource::Url("https://example.com/a/tagihan%20mei.pdf?v=2".into());
    /// assert_eq!(source.file_name().as_deref(), Some("tagihan mei.pdf"));
    /// ```
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        match self {
            MediaSource::Path(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
            MediaSource::Url(url) => {
                let url = Url::parse(url).ok()?;
                let last = url.path_segments()?.next_back()?;
                let name = percent_decode_str(last).decode_utf8_lossy();
                // A decoded separator must not turn a name into a path again.
                let name = name.replace(['/', '\\'], "_");
                (!name.is_empty()).then_some(name)
            }
        }
    }
}

impl fmt::Display for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MediaSource::Path(path) => path.display().fmt(f),
            MediaSource::Url(url) => f.write_str(url),
        }
    }
}

/// Looks at files, which the core does not: does it exist, is it a file, is it inside the folder
/// once links are followed, is it at most [`MEDIA_BYTES_MAX`]? Closures implement it.
///
/// Many recipients share an image: an implementation does well to remember its answers.
pub trait MediaCheck {
    /// Checks one image or file.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self, kind: MessageKind, source: &MediaSource) -> Result<(), MediaFault>;
}

impl<F: Fn(MessageKind, &MediaSource) -> Result<(), MediaFault>> MediaCheck for F {
    fn check(&self, kind: MessageKind, source: &MediaSource) -> Result<(), MediaFault> {
        self(kind, source)
    }
}

/// What a [`MediaCheck`] found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaFault {
    /// There is no such file.
    #[error("there is no file {path}: put it there, or mend the path's column", path = .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is a folder or something else that is no file.
    #[error("{path} is not a file", path = .path.display())]
    NotAFile {
        /// What was looked at.
        path: PathBuf,
    },
    /// It lies outside the folder it must be in, perhaps by a link.
    #[error("{path} lies outside the folder {folder}", path = .path.display(), folder = .folder.display())]
    OutsideFolder {
        /// What was looked at.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// It is too large to be sent.
    #[error("it has {bytes} bytes, at most {bytes_max} can be sent: make it smaller")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest that can be sent.
        bytes_max: u64,
    },
    /// It cannot be read.
    #[error("it cannot be read: {why}")]
    Unreadable {
        /// What the system said.
        why: String,
    },
}

impl MediaFault {
    /// Whether a file of `bytes` can be sent.
    ///
    /// # Errors
    /// [`MediaFault::TooLarge`] above [`MEDIA_BYTES_MAX`].
    pub fn check_size(bytes: u64) -> Result<(), MediaFault> {
        if bytes > MEDIA_BYTES_MAX {
            return Err(MediaFault::TooLarge {
                bytes,
                bytes_max: MEDIA_BYTES_MAX,
            });
        }
        Ok(())
    }
}

/// Why a template cannot say where something is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// It has logic.
    #[error("logic cannot stand in an address or path: put the whole of it in a column")]
    Logic,
    /// It is an address of another kind.
    #[error("`{scheme}:` cannot be fetched: write an https:// address")]
    Scheme {
        /// What it begins with.
        scheme: String,
    },
    /// It encodes its values itself.
    #[error("values in an address are encoded already: leave `urlencode` out")]
    Encoded,
    /// A value would choose the server.
    #[error(
        "a value would choose the server: write the address up to the first / after the host, as in https://example.com/{{{{ no }}}}.png"
    )]
    Host,
    /// It is not an address or path at all.
    #[error("it cannot be used: {why}")]
    Invalid {
        /// Why.
        why: String,
    },
}

/// The place of an image or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MediaTemplate {
    Url(UrlTemplate),
    Path(PathTemplate),
    /// Begins with a variable: each value says which it is.
    Either(UrlTemplate, PathTemplate),
}

impl MediaTemplate {
    pub(super) fn new(template: Template) -> Result<Self, MediaError> {
        if template.has_logic() {
            return Err(MediaError::Logic);
        }
        let prefix = template.literal_prefix();
        if is_web(prefix) {
            return UrlTemplate::web(template).map(MediaTemplate::Url);
        }
        if let Some(scheme) = other_scheme(prefix) {
            return Err(MediaError::Scheme {
                scheme: scheme.to_owned(),
            });
        }
        let path = PathTemplate::new(template.clone())?;
        if prefix.is_empty() {
            return Ok(MediaTemplate::Either(UrlTemplate::web(template)?, path));
        }
        Ok(MediaTemplate::Path(path))
    }

    pub(super) fn template(&self) -> &Template {
        match self {
            MediaTemplate::Url(url) | MediaTemplate::Either(url, _) => &url.template,
            MediaTemplate::Path(path) => &path.template,
        }
    }

    pub(super) fn render<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
    ) -> Result<MediaSource, RenderError> {
        match self {
            MediaTemplate::Url(url) => url.render(value).map(MediaSource::Url),
            MediaTemplate::Path(path) => path.render(value).map(MediaSource::Path),
            MediaTemplate::Either(url, path) => {
                let address = url.assemble(&value)?;
                if is_web(&address) {
                    url.finish(address).map(MediaSource::Url)
                } else {
                    path.render(value).map(MediaSource::Path)
                }
            }
        }
    }
}

fn is_web(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// `ftp` of `ftp://...`, `data` of `data:...`; a single letter is a drive.
fn other_scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    (scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(scheme)
}

/// Browsers and servers commonly accept no longer address.
const URL_BYTES_MAX: usize = 8_192;
/// Linux' own limit, PATH_MAX.
const PATH_BYTES_MAX: usize = 4_096;

/// An address whose values cannot change its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UrlTemplate {
    template: Template,
    https_only: bool,
}

impl UrlTemplate {
    /// An http or https address.
    pub(super) fn web(template: Template) -> Result<Self, MediaError> {
        UrlTemplate::new(template, false)
    }

    /// An https address.
    pub(super) fn https(template: Template) -> Result<Self, MediaError> {
        UrlTemplate::new(template, true)
    }

    fn new(template: Template, https_only: bool) -> Result<Self, MediaError> {
        if template.has_logic() {
            return Err(MediaError::Logic);
        }
        if template.encodes_values() {
            return Err(MediaError::Encoded);
        }
        let url = UrlTemplate {
            template,
            https_only,
        };
        let prefix = url.template.literal_prefix();
        let begins_with_value = prefix.is_empty();
        if !begins_with_value && !is_web(prefix) {
            return Err(match other_scheme(prefix) {
                Some(scheme) => MediaError::Scheme {
                    scheme: scheme.to_owned(),
                },
                None => MediaError::Invalid {
                    why: "an address begins with https://".to_owned(),
                },
            });
        }
        if url.template.variables().len() > 0 && !begins_with_value {
            let (_, after_scheme) = prefix.split_once("://").unwrap_or_default();
            if !after_scheme.contains(['/', '?', '#']) {
                return Err(MediaError::Host);
            }
        }
        // What is wrong whatever the values are is said now.
        let sample = if begins_with_value {
            "https://example.com/"
        } else {
            "x"
        };
        url.finish(url.template.with_values(sample))
            .map_err(|error| MediaError::Invalid {
                why: match error {
                    RenderError::Url { why, .. } => why,
                    other => other.to_string(),
                },
            })?;
        Ok(url)
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    pub(super) fn render<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
    ) -> Result<String, RenderError> {
        self.finish(self.assemble(value)?)
    }

    /// The address, not yet judged.
    fn assemble<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
    ) -> Result<String, RenderError> {
        let mut url = String::with_capacity(self.template.source().len() + 32);
        let mut out = Bounded::new(&mut url, "address", URL_BYTES_MAX);
        self.template.pieces(value, |piece| match piece {
            Piece::Text(text) => out.push(text),
            Piece::Value(text) if out.is_empty() => out.push(text.trim()),
            Piece::Value(text) => out.push(&percent_encoded(text)),
        })?;
        Ok(url)
    }

    fn finish(&self, url: String) -> Result<String, RenderError> {
        let refused = |why: &str| RenderError::Url {
            value: shortened(&url),
            why: why.to_owned(),
        };
        if url.chars().any(char::is_control) {
            return Err(refused(
                "it holds a line break or control character; remove it",
            ));
        }
        let parsed = Url::parse(&url).map_err(|error| {
            refused(&format!(
                "{error}; write it like https://example.com/file.png"
            ))
        })?;
        match parsed.scheme() {
            "https" => {}
            "http" if !self.https_only => {}
            _ if self.https_only => return Err(refused("it must begin with https://")),
            _ => return Err(refused("it must begin with http:// or https://")),
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(refused("it holds a user name or password; leave that out"));
        }
        let (_, after_scheme) = url.split_once("://").unwrap_or_default();
        let path = after_scheme.split(['?', '#']).next().unwrap_or_default();
        let steps_out = path.split(['/', '\\']).skip(1).any(|segment| {
            let plain = segment.replace("%2e", ".").replace("%2E", ".");
            plain == "." || plain == ".."
        });
        if steps_out {
            return Err(refused(
                "`.` or `..` would lead to another folder; mend the value",
            ));
        }
        if url.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(url)
        } else {
            Ok(parsed.into())
        }
    }
}

/// A path whose values stay below the template's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathTemplate {
    template: Template,
}

impl PathTemplate {
    fn new(template: Template) -> Result<Self, MediaError> {
        let path = PathTemplate { template };
        path.finish(path.template.with_values("x"))
            .map_err(|error| MediaError::Invalid {
                why: match error {
                    RenderError::Path { why, .. } => why.to_owned(),
                    other => other.to_string(),
                },
            })?;
        Ok(path)
    }

    fn render<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
    ) -> Result<PathBuf, RenderError> {
        let mut path = String::with_capacity(self.template.source().len() + 32);
        let mut out = Bounded::new(&mut path, "path", PATH_BYTES_MAX);
        self.template.pieces(value, |piece| match piece {
            Piece::Text(text) => out.push(text),
            Piece::Value(text) => out.push(text.trim()),
        })?;
        self.finish(path)
    }

    fn finish(&self, path: String) -> Result<PathBuf, RenderError> {
        // The author chose the folder before the first value; what comes after may only go down.
        let prefix = self.template.literal_prefix();
        let folder = prefix.rfind(['/', '\\']).map_or(0, |at| at + 1);
        let below = &path[folder..];
        let refused = |why| RenderError::Path {
            value: shortened(&path),
            why,
        };
        if below.starts_with(['/', '\\']) {
            return Err(refused("it begins at the top of the disk"));
        }
        if path.chars().any(char::is_control) {
            return Err(refused("it holds a line break or control character"));
        }
        for step in below.split(['/', '\\']) {
            // Windows drops dots and spaces at a name's end: `.. ` is `..` there.
            if step.trim_end_matches([' ', '.']).is_empty() {
                return Err(refused(if step.is_empty() {
                    "a file's or folder's name is empty"
                } else {
                    "it would leave the folder"
                }));
            }
            if step.contains(':') {
                return Err(refused("a colon names a drive on Windows"));
            }
        }
        Ok(PathBuf::from(path))
    }
}
