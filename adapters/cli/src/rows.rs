//! Goes through a list row by row: each is a recipient with a message that can be sent, one that is skipped, or one that is left out.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use campaign_core::audience::{Columns, Recipient, Reject, RejectsWriter};
use campaign_core::campaign::Missing;
use campaign_core::delivery::Reason;
use campaign_core::message::{BoundMessage, MediaFault, MediaSource, RenderedMessage};
use campaign_core::phone::PhoneNumber;
use campaign_core::template::RenderError;

use crate::exit::Failure;
use crate::language::{Language, Text};
use crate::output::Output;

/// Rows with a fault that are named one by one.
const SHOWN_MAX: usize = 10;

/// Checks that each recipient's message can be sent.
pub(crate) struct Check<'a> {
    message: &'a BoundMessage,
    missing: Missing,
    /// A campaign has one image more often than one for each.
    last_file: Option<(PathBuf, Result<(), MediaFault>)>,
}

/// Rows whose message cannot be sent.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) count: u64,
    pub(crate) shown: Vec<(u64, RowFault)>,
    /// Those that would not be skipped with `--missing skip` either.
    others: u64,
}

/// Why a row's message cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowFault {
    Message(RenderError),
    Media(MediaFault),
    /// A column holds a path that begins nowhere.
    RelativePath(PathBuf),
}

impl RowFault {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Message(RenderError::Missing { .. }))
    }
}

impl Faults {
    pub(crate) fn add(&mut self, row: u64, fault: RowFault) {
        self.count += 1;
        self.others += u64::from(!fault.is_missing());
        if self.shown.len() < SHOWN_MAX {
            self.shown.push((row, fault));
        }
    }

    /// Refuses the whole input when there are any.
    ///
    /// # Errors
    /// Naming the first rows.
    pub(crate) fn refuse(self) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        Err(Failure::refused(Text::RowsRefused {
            count: self.count,
            shown: self.shown,
            how_to_skip: self.others == 0,
        }))
    }
}

/// What a recipient's row comes to.
#[derive(Debug)]
pub(crate) enum Checked<M = RenderedMessage> {
    Message(M),
    Skip(Reason),
    Fault(RowFault),
}

impl Checked {
    /// Without the message, of which nothing but its text's hash is needed later.
    pub(crate) fn hashed(self) -> Checked<u64> {
        match self {
            Self::Message(message) => Checked::Message(message.text_hash()),
            Self::Skip(reason) => Checked::Skip(reason),
            Self::Fault(fault) => Checked::Fault(fault),
        }
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(message: &'a BoundMessage, missing: Missing) -> Self {
        Self {
            message,
            missing,
            last_file: None,
        }
    }

    pub(crate) fn check(&mut self, recipient: &Recipient) -> Checked {
        let rendered = match self.message.render(&recipient.values) {
            Ok(rendered) => rendered,
            Err(RenderError::Missing { .. }) if self.missing == Missing::Skip => {
                return Checked::Skip(Reason::MissingVariable);
            }
            Err(error) => return Checked::Fault(RowFault::Message(error)),
        };
        let Some(MediaSource::Path(path)) = &rendered.media else {
            return Checked::Message(rendered);
        };
        if !path.is_absolute() {
            return Checked::Fault(RowFault::RelativePath(path.clone()));
        }
        match self.file(path) {
            Ok(()) => Checked::Message(rendered),
            Err(fault) => Checked::Fault(RowFault::Media(fault)),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), MediaFault> {
        if let Some((last, result)) = &self.last_file
            && last == path
        {
            return result.clone();
        }
        let result = check_file(path);
        self.last_file = Some((path.to_owned(), result.clone()));
        result
    }
}

/// Whether a message without variables can be sent.
///
/// # Errors
/// Naming what is wrong with it or with the file that it carries.
pub(crate) fn check_message(message: &BoundMessage) -> Result<(), Failure> {
    let mut faults = Faults::default();
    let checked = Check::new(message, Missing::Refuse).check(&Recipient {
        row: 1,
        was_rejected: false,
        phone: PhoneNumber::FICTITIOUS,
        key: None,
        values: [].into(),
    });
    if let Checked::Fault(fault) = checked {
        faults.add(1, fault);
    }
    faults.refuse()
}

/// Whether a file is there, can be read, and is small enough.
fn check_file(path: &Path) -> Result<(), MediaFault> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(MediaFault::Missing {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if !metadata.is_file() {
        return Err(MediaFault::NotAFile {
            path: path.to_owned(),
        });
    }
    MediaFault::check_size(metadata.len())?;
    File::open(path)
        .map(drop)
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &std::io::Error) -> MediaFault {
    MediaFault::Unreadable {
        why: error.to_string(),
    }
}

/// The file of rejected rows, made when the first one comes; an earlier one of that name is replaced.
pub(crate) struct Rejects {
    path: PathBuf,
    columns: Columns,
    delimiter: char,
    language: Language,
    writer: Option<RejectsWriter<BufWriter<File>>>,
    pub(crate) count: u64,
}

impl Rejects {
    pub(crate) fn new(
        path: PathBuf,
        columns: Columns,
        delimiter: char,
        language: Language,
    ) -> Self {
        Self {
            path,
            columns,
            delimiter,
            language,
            writer: None,
            count: 0,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Says where they are, if there are any.
    pub(crate) fn tell(&self, output: &Output) {
        tell_rejects(output, &self.path, self.count);
    }

    /// Writes the rejected rows of a page, in the order of their rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&mut self, rejects: &mut [Reject]) -> Result<(), Failure> {
        rejects.sort_by_key(|reject| reject.row);
        for reject in rejects.iter() {
            let (fault, remedy) = self.language.fault(&reject.fault);
            let written = match &mut self.writer {
                Some(writer) => writer.write_in(reject, &fault, &remedy),
                None => File::create(&self.path).and_then(|file| {
                    let mut writer =
                        RejectsWriter::new(BufWriter::new(file), &self.columns, self.delimiter)?;
                    writer.write_in(reject, &fault, &remedy)?;
                    self.writer = Some(writer);
                    Ok(())
                }),
            };
            written.map_err(|error| self.failed(&error))?;
            self.count += 1;
        }
        Ok(())
    }

    /// Writes what is held back. Without any rejected row a file of an earlier run goes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let finished = match self.writer.take() {
            Some(writer) => writer
                .finish()
                .and_then(|file| file.into_inner().map_err(|error| error.into_error()))
                .map(drop),
            None => match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        };
        finished.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::other_text(Text::CannotWrite {
            path: self.path.display().to_string(),
            why: error.to_string(),
        })
    }
}

/// Says where rejected rows are, if there are any.
pub(crate) fn tell_rejects(output: &Output, path: &Path, rows: u64) {
    if rows > 0 {
        let file = path.display().to_string();
        output.note(&Text::RejectsFile { file, rows });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use campaign_core::message::{MessageDefinition, MessageTemplate};

    fn recipient(row: u64, values: &[&str]) -> Recipient {
        Recipient {
            row,
            was_rejected: false,
            phone: PhoneNumber::FICTITIOUS,
            key: None,
            values: values.iter().map(|value| (*value).into()).collect(),
        }
    }

    #[test]
    fn a_missing_value_refuses_the_input_or_skips_the_row() {
        let message = MessageTemplate::text("Halo {{nama}}").unwrap();
        let message = message.bind(&["nama"]).unwrap();
        let mut check = Check::new(&message, Missing::Refuse);
        assert!(matches!(
            check.check(&recipient(2, &["Budi"])),
            Checked::Message(_)
        ));
        let Checked::Fault(fault) = check.check(&recipient(3, &[" "])) else {
            panic!("a message without a name");
        };
        let mut faults = Faults::default();
        faults.add(3, fault);
        assert_eq!((faults.count, faults.shown[0].0, faults.others), (1, 3, 0));
        assert!(faults.refuse().is_err());

        let mut check = Check::new(&message, Missing::Skip);
        assert!(matches!(
            check.check(&recipient(3, &[""])),
            Checked::Skip(Reason::MissingVariable)
        ));
    }

    #[test]
    fn files_to_attach_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.pdf"), "x").unwrap();
        let pattern = format!("{}/{{{{no}}}}.pdf", folder.path().display());
        let message = MessageTemplate::parse(MessageDefinition::file(pattern)).unwrap();
        let message = message.bind(&["no"]).unwrap();
        let mut check = Check::new(&message, Missing::Refuse);
        assert!(matches!(
            check.check(&recipient(2, &["1"])),
            Checked::Message(_)
        ));
        let Checked::Fault(fault) = check.check(&recipient(3, &["2"])) else {
            panic!("a file that is not there");
        };
        assert!(
            matches!(fault, RowFault::Media(MediaFault::Missing { .. })),
            "{fault:?}"
        );
        let mut faults = Faults::default();
        faults.add(3, fault);
        assert_eq!(faults.others, 1);
    }
}
