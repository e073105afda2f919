//! People: is a number on WhatsApp, and which LID does it have?

use serde::Deserialize;

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::Extra;

/// The group of contact calls.
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'a>(pub(crate) &'a WahaClient);

/// Whether a number is on WhatsApp.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NumberStatus {
    /// Whether it is.
    pub number_exists: bool,
    /// The chat to write to, which can have other digits than the number (Brazil, Mexico, Argentina). Most engines leave it
    /// out for a number that is not on WhatsApp; GOWS may give one all the same.
    #[serde(default)]
    pub chat_id: Option<ChatId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Deserialize)]
struct LidOfPhone {
    #[serde(default)]
    lid: Option<ChatId>,
}

impl Contacts<'_> {
    /// Asks WhatsApp about a number. Many such questions can themselves get an account restricted: ask slowly, and keep
    /// the answers.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; not sent for a chat that is not a phone's.
    pub async fn check_exists(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<NumberStatus, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only phone numbers can be checked"))?;
        self.0.call(check_exists(session, digits)).await
    }

    /// The LID of a phone, as far as the session knows it: WhatsApp may keep a person's chat under either. `None` when the
    /// session has not come across one, which does not mean that there is none.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; not sent for a chat that is not a phone's.
    pub async fn lid_of_phone(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<Option<ChatId>, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only a phone number has a LID"))?;
        self.0.call(lid_of_phone(session, digits)).await
    }
}

/// `GET /api/contacts/check-exists`. Takes digits: WAHA passes anything else on as it is (recorded).
pub fn check_exists(session: &SessionName, phone_digits: &str) -> Endpoint<NumberStatus> {
    Endpoint::get("/api/contacts/check-exists", &[], json)
        .query("phone", phone_digits.to_owned())
        .query("session", session.as_str().to_owned())
        .waiting(Wait::Session)
}

/// `GET /api/{session}/lids/pn/{phoneNumber}`
pub fn lid_of_phone(session: &SessionName, phone_digits: &str) -> Endpoint<Option<ChatId>> {
    const PATH: &str = "/api/{session}/lids/pn/{phoneNumber}";
    Endpoint::get(PATH, &[session.as_str(), phone_digits], |reply| {
        json::<LidOfPhone>(reply).map(|answer| answer.lid)
    })
    .waiting(Wait::Session)
}
