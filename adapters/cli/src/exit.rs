//! How a run ends: the exit codes, and failures that carry one.

use std::process::ExitCode;

use campaign_core::driver::DriverError;
use campaign_core::store::StoreError;

use sql_store::Trouble;

use crate::language::Text;

/// What the exit codes mean; shown by `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something else went wrong
  2  the command line is wrong
  3  the input was refused: file, template, name, row
  4  the server or the session is not ready
  5  done, and some messages failed
  6  done, and some messages are unconfirmed: only a person can decide
  7  not finished: waiting, paused or stopped";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Other = 1,
    Usage = 2,
    InputRefused = 3,
    NotReady = 4,
    Failures = 5,
    Unconfirmed = 6,
    Unfinished = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command ended early, and with which code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Boxed: a failure travels through every result of the program.
    pub(crate) text: Box<Text>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: Text) -> Self {
        Self {
            exit,
            text: Box::new(text),
        }
    }

    pub(crate) fn refused(text: Text) -> Self {
        Self::new(Exit::InputRefused, text)
    }

    pub(crate) fn other_text(text: Text) -> Self {
        Self::new(Exit::Other, text)
    }

    pub(crate) fn other(why: impl ToString) -> Self {
        Self::new(Exit::Other, Text::Plain(why.to_string()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let is_unknown = matches!(error, StoreError::Unknown(_));
        if let Some(trouble) = trouble(&error) {
            return Self::other_text(match is_unknown {
                true => Text::SaveUnknown {
                    trouble: Box::new(trouble),
                },
                false => trouble,
            });
        }
        match error {
            StoreError::RunnerBusy { holder } => {
                Self::new(Exit::Unfinished, Text::RunnerBusy { holder })
            }
            StoreError::Refused(why) => Self::refused(Text::Plain(why)),
            StoreError::NotFound { .. } => Self::refused(Text::Plain(error.to_string())),
            StoreError::TooNew { .. }
            | StoreError::Dismissed
            | StoreError::Attended
            | StoreError::Unknown(_)
            | StoreError::Failed(_) => Self::other(error),
        }
    }
}

/// What is wrong with the database's file, when that is what an error is about.
pub(crate) fn trouble(error: &StoreError) -> Option<Text> {
    Trouble::of(error).map(|trouble| Text::DatabaseTrouble {
        kind: trouble.kind(),
        path: trouble.path().display().to_string(),
        detail: trouble.detail().to_owned(),
    })
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::TakeOver(error) | DriverError::CommitUnknown(error)
                if trouble(&error).is_some() =>
            {
                error.into()
            }
            DriverError::TakeOver(error) => error.into(),
            DriverError::CommitUnknown(_) | DriverError::Dismissed(_) => Self::other(error),
        }
    }
}
