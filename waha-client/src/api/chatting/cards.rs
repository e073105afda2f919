//! Sending places and people: a location, contact cards. The types are those of WAHA's specification; a place, and cards in
//! both forms, are recorded.

use serde::Serialize;

use super::{Chatting, sending};
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::Sent;

/// A place to send. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct LocationMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    latitude: f64,
    longitude: f64,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
}

impl<'a> LocationMessage<'a> {
    /// A place, in degrees, from a session to a chat.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        latitude: f64,
        longitude: f64,
        title: &'a str,
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            latitude,
            longitude,
            title,
            id: None,
            reply_to: None,
        }
    }

    /// The bare id the message shall have.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }

    fn is_on_earth(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

/// A person's card, as WAHA writes it from its parts or as a whole vCard. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ContactCard<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vcard: Option<&'a str>,
}

impl<'a> ContactCard<'a> {
    /// A person by name and number; the number is shown as it is written here.
    pub fn new(full_name: &'a str, phone_number: &'a str) -> Self {
        Self {
            full_name: Some(full_name),
            organization: None,
            phone_number: Some(phone_number),
            whatsapp_id: None,
            vcard: None,
        }
    }

    /// A whole vCard, sent as it is (recorded).
    pub fn vcard(vcard: &'a str) -> Self {
        Self {
            full_name: None,
            organization: None,
            phone_number: None,
            whatsapp_id: None,
            vcard: Some(vcard),
        }
    }

    /// Where the person works.
    pub fn organization(mut self, organization: &'a str) -> Self {
        self.organization = Some(organization);
        self
    }

    /// The person's chat, which makes the card open it. Left out for a chat that is not a phone's.
    pub fn chat(mut self, chat: &'a ChatId) -> Self {
        self.whatsapp_id = chat.phone_digits();
        self
    }
}

/// Cards of people to send. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ContactsMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    contacts: &'a [ContactCard<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
}

impl<'a> ContactsMessage<'a> {
    /// Cards from a session to a chat.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        contacts: &'a [ContactCard<'a>],
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            contacts,
            id: None,
            reply_to: None,
        }
    }

    /// The bare id the message shall have.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }
}

impl Chatting<'_> {
    /// Sends a place.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; not sent when it is nowhere on earth: WAHA sends a place without coordinates too
    /// (recorded).
    pub async fn send_location(&self, message: &LocationMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_location(message)).await
    }

    /// Sends a place with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_location`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_location_with(
        &self,
        message: &LocationMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_location(message), options).await
    }

    /// Sends cards of people.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; not sent without a card.
    pub async fn send_contacts(&self, message: &ContactsMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_contacts(message)).await
    }

    /// Sends cards of people with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_contacts`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_contacts_with(
        &self,
        message: &ContactsMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_contacts(message), options).await
    }
}

/// `POST /api/sendLocation`. Recorded.
pub fn send_location(message: &LocationMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendLocation", message)
        .waiting(Wait::Send)
        .invalid_if(!message.is_on_earth(), "its place is nowhere on earth")
}

/// `POST /api/sendContactVcard`. Recorded.
pub fn send_contacts(message: &ContactsMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendContactVcard", message)
        .waiting(Wait::Send)
        .invalid_if(message.contacts.is_empty(), "it has no contact")
}
