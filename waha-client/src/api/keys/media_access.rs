//! Letting somebody else fetch a session's files: a key for them alone, and the URLs it opens.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{ApiKey, Keys, OneSession, delete};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, json};
use crate::error::Error;
use crate::ids::SessionName;
use crate::transport::Reply;
use crate::types::StoredFile;

/// The header that carries a key; WAHA reads it in any case (recorded).
const HEADER: &str = "X-Api-Key";
/// The same in a query, where WAHA reads it in small letters only (WAHA documentation).
const QUERY: &str = "x-api-key";

/// Leave to fetch the files of one session, to be given to a third party: a browser, another service.
///
/// The key in it opens files and nothing else. **It lasts until it is revoked** ([`Keys::revoke_media_access`]): WAHA gives
/// keys no end of their own. A file itself vanishes after 180 s by WAHA's default (WAHA documentation). `Debug` shows no
/// key.
#[derive(Clone)]
pub struct MediaAccess {
    waha: WahaClient,
    id: String,
    key: SecretString,
    session: SessionName,
}

impl MediaAccess {
    /// The session whose files it opens.
    pub fn session(&self) -> &SessionName {
        &self.session
    }

    /// The id of its key, which is no secret.
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// The URL of a file at the client's address, without a key: to be fetched with [`MediaAccess::header`]. `None` for a
    /// file of another session, which the key does not open.
    ///
    /// The third party must reach the server by the address this client has; a user and password in that address are left
    /// out.
    pub fn url(&self, file: &StoredFile) -> Option<Url> {
        let session = file.session();
        if session.is_some_and(|session| session != self.session.as_str()) {
            return None;
        }
        Some(without_key(self.waha.transport().file_url(file)))
    }

    /// The name of the header and its value that open the files. The better way wherever headers can be set.
    pub fn header(&self) -> (&'static str, &SecretString) {
        (HEADER, &self.key)
    }

    /// The URL of a file with the key in it, for what cannot set headers, such as an image in a web page. `None` as for
    /// [`MediaAccess::url`]. WAHA reads it since 2026.7; 2026.4 answers 401 (both recorded for a list of sessions).
    ///
    /// **URLs are no place for secrets**: they stay in histories, logs of servers and proxies, and `Referer` headers. Use it
    /// for this key only, over https, and revoke the key when it is no longer needed. The URL comes as a secret, so that no
    /// log prints it by accident.
    pub fn url_with_key(&self, file: &StoredFile) -> Option<SecretString> {
        let mut url = self.url(file)?;
        url.query_pairs_mut()
            .append_pair(QUERY, self.key.expose_secret());
        Some(SecretString::from(String::from(url)))
    }
}

impl fmt::Debug for MediaAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaAccess")
            .field("session", &self.session)
            .field("key_id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Keys<'_> {
    /// Leave for somebody else to fetch the files of a session.
    ///
    /// WAHA keeps one such key per session and hands it out again (WAHA specification), so that revoking it ends it for
    /// everybody who has it.
    ///
    /// ```no_run
    /// # use waha_client::{SessionName, WahaClient, types::StoredFile};
    /// # async fn run(waha: WahaClient, session: SessionName, file: StoredFile) -> Result<(), waha_client::Error> {
    /// let access = waha.keys().media_access(&session).await?;
    /// let (header, key) = access.header();
    /// // Hand access.url(&file) to the other service, with `header: key`. When it is done:
    /// # let _ = (header, key, access.url(&file));
    /// waha.keys().revoke_media_access(access).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// 404 on servers of 2026.4, which do not have it; 403 for a key that may not.
    pub async fn media_access(&self, session: &SessionName) -> Result<MediaAccess, Error> {
        let endpoint: Endpoint<(String, SecretString)> =
            Endpoint::post("/api/keys/media", &[], with_secret).json(&OneSession { session });
        let (id, key) = self.0.call(endpoint).await?;
        Ok(MediaAccess {
            waha: self.0.clone(),
            id,
            key,
            session: session.clone(),
        })
    }

    /// Ends a leave, for everybody who has it, by deleting its key. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// As [`Keys::delete`].
    pub async fn revoke_media_access(&self, access: MediaAccess) -> Result<bool, Error> {
        self.0.call(delete(&access.id)).await
    }
}

/// A message's URL may hold a key that is not for this third party.
fn without_key(mut url: Url) -> Url {
    let is_key = |name: &str| name.eq_ignore_ascii_case(QUERY);
    if !url.query_pairs().any(|(name, _)| is_key(&name)) {
        return url;
    }
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_key(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    url
}

fn with_secret(reply: Reply) -> Result<(String, SecretString), String> {
    let key: ApiKey = json(reply)?;
    match key.key {
        Some(secret) => Ok((key.id, secret)),
        None => Err("a key without its secret".to_owned()),
    }
}
