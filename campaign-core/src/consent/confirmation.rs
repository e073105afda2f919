//! The one answer to an opt-out: a message of one recipient, by the same machinery as any other, so that it goes out once whatever
//! crashes.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::campaign::{Category, Definition, Source};
use crate::gateway::{Account, Session};
use crate::message::{MessageError, MessageTemplate};
use crate::phone::PhoneNumber;

/// What the campaigns of confirmations are called, before what tells them apart: no operator's campaign may hold a colon in its name.
pub const NAME_PREFIX: &str = "opt-out:";
/// An answer that comes later than this is worse than none.
const WORTH_SENDING_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What an opt-out is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Confirmation {
    /// To numbers of Indonesia.
    pub indonesian: String,
    /// To all others.
    pub english: String,
}

impl Default for Confirmation {
    fn default() -> Self {
        Self {
            indonesian:
                "Baik, Anda tidak akan menerima pesan dari kami lagi. Balas MULAI jika ingin menerimanya kembali."
                    .to_owned(),
            english:
                "You will receive no more messages from us. Reply START if you want them again."
                    .to_owned(),
        }
    }
}

impl Confirmation {
    /// The text for a number.
    pub fn text(&self, phone: PhoneNumber) -> &str {
        // +62 is Indonesia's alone (ITU-T E.164).
        if phone.digits().to_string().starts_with("62") {
            &self.indonesian
        } else {
            &self.english
        }
    }
}

/// An opt-out that is still to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueConfirmation {
    /// Who opted out.
    pub phone: PhoneNumber,
    /// Towards which account.
    pub account: Account,
    /// By which message.
    pub message_id: Box<str>,
    /// When.
    pub since: Timestamp,
    /// Through which session the account was last used.
    pub session: Session,
}

impl DueConfirmation {
    /// The campaign that confirms it. The same opt-out has the same name, so that it is made once.
    ///
    /// # Errors
    /// When the text is no message.
    pub fn definition(&self, confirmation: &Confirmation) -> Result<Definition, MessageError> {
        let message = MessageTemplate::text(confirmation.text(self.phone))?;
        let account = self.account.0.digits();
        let name = format!("{NAME_PREFIX}{account}:{}", self.message_id);
        Ok(Definition {
            category: Category::Service,
            may_repeat: true,
            confirms_opt_out: true,
            source: Source {
                options: format!("to {}", self.phone),
                ..Source::default()
            },
            expires_at: self.since.checked_add(WORTH_SENDING_FOR).ok(),
            ..Definition::new(name, self.session.clone(), message)
        })
    }
}
