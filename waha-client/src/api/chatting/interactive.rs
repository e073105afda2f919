//! Sending what can be tapped: buttons, lists; and tapping somebody's button. The types are those of WAHA's specification.

use serde::Serialize;

use super::{Chatting, sending};
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::{File, Sent};

/// A button below a message. WhatsApp shows one to four (WAHA answers 400 to any other number, recorded).
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Button<'a> {
    /// Answers with its text.
    Reply {
        /// What it says.
        text: &'a str,
        /// What tells it from others in the answer; WAHA makes one up when there is none (recorded).
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
    /// Opens a page.
    Url {
        /// What it says.
        text: &'a str,
        /// The page.
        url: &'a str,
    },
    /// Calls a number.
    Call {
        /// What it says.
        text: &'a str,
        /// The number.
        #[serde(rename = "phoneNumber")]
        phone_number: &'a str,
    },
    /// Copies a code.
    Copy {
        /// What it says.
        text: &'a str,
        /// The code.
        #[serde(rename = "copyCode")]
        code: &'a str,
    },
}

/// A message with buttons. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ButtonsMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_image: Option<&'a File>,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<&'a str>,
    buttons: &'a [Button<'a>],
}

impl<'a> ButtonsMessage<'a> {
    /// A text with buttons from a session to a chat.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        body: &'a str,
        buttons: &'a [Button<'a>],
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            header: None,
            header_image: None,
            body,
            footer: None,
            buttons,
        }
    }

    /// The line above the text.
    pub fn header(mut self, header: &'a str) -> Self {
        self.header = Some(header);
        self
    }

    /// The picture above the text.
    pub fn header_image(mut self, image: &'a File) -> Self {
        self.header_image = Some(image);
        self
    }

    /// The small line below the text.
    pub fn footer(mut self, footer: &'a str) -> Self {
        self.footer = Some(footer);
        self
    }
}

/// A row of a list.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ListRow<'a> {
    title: &'a str,
    row_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

impl<'a> ListRow<'a> {
    /// A row; the id tells it from others in the answer.
    pub fn new(title: &'a str, row_id: &'a str) -> Self {
        Self {
            title,
            row_id,
            description: None,
        }
    }

    /// The small line below its title.
    pub fn description(mut self, description: &'a str) -> Self {
        self.description = Some(description);
        self
    }
}

/// Rows of a list under a title.
#[derive(Clone, Copy, Serialize)]
pub struct ListSection<'a> {
    /// The title.
    pub title: &'a str,
    /// The rows.
    pub rows: &'a [ListRow<'a>],
}

/// A message with a list to choose from. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ListMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    message: List<'a>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
}

#[derive(Clone, Serialize)]
struct List<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<&'a str>,
    button: &'a str,
    sections: &'a [ListSection<'a>],
}

impl<'a> ListMessage<'a> {
    /// A list from a session to a chat, opened by a button.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        title: &'a str,
        button: &'a str,
        sections: &'a [ListSection<'a>],
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            message: List {
                title,
                description: None,
                footer: None,
                button,
                sections,
            },
            reply_to: None,
        }
    }

    /// The text of the message.
    pub fn description(mut self, description: &'a str) -> Self {
        self.message.description = Some(description);
        self
    }

    /// The small line below it.
    pub fn footer(mut self, footer: &'a str) -> Self {
        self.message.footer = Some(footer);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }
}

/// The tap on a button of a message that came in. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ButtonReply<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    selected_display_text: &'a str,
    #[serde(rename = "selectedButtonID")]
    selected_button_id: &'a str,
}

impl<'a> ButtonReply<'a> {
    /// The tap on the button with this text and id.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        button_text: &'a str,
        button_id: &'a str,
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            reply_to: None,
            selected_display_text: button_text,
            selected_button_id: button_id,
        }
    }

    /// The message with the button.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }
}

impl Chatting<'_> {
    /// Sends a message with buttons. WAHA takes it and answers 201, and its documentation says that buttons do not work at
    /// the moment.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; 400 for no button, more than four, or an unknown kind (recorded).
    #[deprecated(note = "WAHA calls it deprecated and not working; a list or a poll does its work")]
    #[allow(deprecated)]
    pub async fn send_buttons(&self, message: &ButtonsMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_buttons(message)).await
    }

    /// Sends a message with buttons, with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_buttons`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    #[deprecated(note = "WAHA calls it deprecated and not working; a list or a poll does its work")]
    #[allow(deprecated)]
    pub async fn send_buttons_with(
        &self,
        message: &ButtonsMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_buttons(message), options).await
    }

    /// Sends a list to choose from. Only GOWS and NOWEB have it.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; 501 on other engines, and 422 in a chat that is no person's (WAHA source). Before
    /// 2026.6.1 servers without a licence answer 422 (recorded). See [`Feature::SendList`](crate::Feature::SendList).
    pub async fn send_list(&self, message: &ListMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_list(message)).await
    }

    /// Sends a list with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_list`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_list_with(
        &self,
        message: &ListMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_list(message), options).await
    }

    /// Taps a button of a message that came in. Only WEBJS has it.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; 501 on other engines (recorded). See
    /// [`Feature::ReplyToButton`](crate::Feature::ReplyToButton).
    pub async fn reply_to_button(&self, reply: &ButtonReply<'_>) -> Result<Sent, Error> {
        self.0.call(reply_to_button(reply)).await
    }

    /// Taps a button with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::reply_to_button`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn reply_to_button_with(
        &self,
        reply: &ButtonReply<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(reply_to_button(reply), options).await
    }
}

/// `POST /api/sendButtons`. Recorded.
#[deprecated(note = "WAHA calls it deprecated and not working; a list or a poll does its work")]
pub fn send_buttons(message: &ButtonsMessage<'_>) -> Endpoint<Sent> {
    let wait = match message.header_image {
        Some(_) => Wait::Media,
        None => Wait::Send,
    };
    sending("/api/sendButtons", message).waiting(wait)
}

/// `POST /api/sendList`. Needs [`Feature::SendList`](crate::Feature::SendList). Recorded.
pub fn send_list(message: &ListMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendList", message).waiting(Wait::Send)
}

/// `POST /api/send/buttons/reply`. Needs [`Feature::ReplyToButton`](crate::Feature::ReplyToButton). WAHA's specification,
/// which leaves the answer open; NOWEB's 501 is recorded.
pub fn reply_to_button(reply: &ButtonReply<'_>) -> Endpoint<Sent> {
    sending("/api/send/buttons/reply", reply).waiting(Wait::Send)
}
