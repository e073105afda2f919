//! Messages as the engine keeps them: who, when, and what.

mod store;

use serde_json::{Value, json};

pub(crate) use self::store::{Filter, Store};
use crate::acks::Ack;
use crate::shapes::{c_us, s_whatsapp};

/// A message as the engine keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: Box<str>,
    /// The chat in the engine's form (`...@s.whatsapp.net`).
    pub(crate) jid: Box<str>,
    pub(crate) from_me: bool,
    pub(crate) participant: Option<Box<str>>,
    pub(crate) at_s: u64,
    /// Sent through the API, not typed on a phone.
    pub(crate) by_api: bool,
    /// The text or the caption.
    pub(crate) body: Box<str>,
    pub(crate) content: Content,
    /// Shown as forwarded.
    pub(crate) forwarded: bool,
    pub(crate) mentions: Vec<String>,
    pub(crate) quoted: Option<Box<Message>>,
    pub(crate) push_name: Option<Box<str>>,
    pub(crate) ack: Ack,
    /// Who of a group has it, and since when.
    pub(crate) receipts: Vec<(Box<str>, u64)>,
}

/// As small as a pointer: most messages are texts.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Text,
    Rich(Box<Rich>),
}

impl Content {
    pub(crate) fn rich(rich: Rich) -> Self {
        Self::Rich(Box::new(rich))
    }
}

/// What is no text. Values stand as the request had them, since the engines pass them on unchecked
/// (recorded: a latitude may be a string, or absent).
#[derive(Debug, Clone)]
pub(crate) enum Rich {
    Media(Media),
    Poll {
        name: String,
        options: Vec<String>,
        selectable: usize,
    },
    Location {
        latitude: Value,
        longitude: Value,
        name: Option<String>,
    },
    Contacts(Vec<String>),
    /// The body of `sendButtons`.
    Buttons(Value),
    /// The `message` of `sendList`.
    List(Value),
    /// A text with a preview that the sender made up.
    Link {
        url: String,
        title: Value,
        description: Value,
    },
    /// A button of the message with that id was pressed.
    ButtonAnswer {
        id: String,
        text: String,
    },
    /// A row of a list was chosen.
    RowAnswer {
        id: String,
        title: String,
        description: Option<String>,
    },
    /// A message of the chat was pinned, or unpinned when there is no duration.
    Pin {
        of: MessageKey,
        at_ms: u64,
        seconds: Option<u64>,
    },
    /// What changes another message: a reaction, an edit, a deletion. As the protocol has it.
    Change(Value),
}

#[derive(Debug, Clone)]
pub(crate) struct Media {
    /// The field of WhatsApp's message that holds it.
    pub(crate) field: &'static str,
    pub(crate) mimetype: String,
    pub(crate) filename: Option<String>,
    pub(crate) length: usize,
    pub(crate) sha256: [u8; 32],
}

impl Message {
    pub(crate) fn media(&self) -> Option<&Media> {
        match self.rich()? {
            Rich::Media(media) => Some(media),
            _ => None,
        }
    }

    pub(crate) fn rich(&self) -> Option<&Rich> {
        match &self.content {
            Content::Rich(rich) => Some(rich),
            Content::Text => None,
        }
    }
}

/// A message as another one refers to it, its chat in the engine's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageKey {
    pub(crate) from_me: bool,
    pub(crate) jid: String,
    pub(crate) id: String,
    pub(crate) participant: Option<String>,
}

impl MessageKey {
    /// Reads a full id, `{fromMe}_{chat}_{ID}[_{participant}]`; `None` for anything else.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('_');
        let from_me = match parts.next()? {
            "true" => true,
            "false" => false,
            _ => return None,
        };
        Some(Self {
            from_me,
            jid: s_whatsapp(parts.next()?),
            id: parts.next()?.to_owned(),
            participant: parts.next().map(s_whatsapp),
        })
    }

    /// As the protocol has it.
    pub(crate) fn to_json(&self) -> Value {
        let mut key = json!({"remoteJid": self.jid, "fromMe": self.from_me, "id": self.id});
        if let Some(participant) = &self.participant {
            key["participant"] = participant.clone().into();
        }
        key
    }

    /// In WAHA's own form.
    pub(crate) fn full_id(&self) -> String {
        let id = format!("{}_{}_{}", self.from_me, c_us(&self.jid), self.id);
        match &self.participant {
            Some(participant) => format!("{id}_{}", c_us(participant)),
            None => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_stays_small() {
        assert_eq!(size_of::<Content>(), size_of::<usize>());
    }

    #[test]
    fn a_key_is_read_from_a_full_id_and_written_back() {
        for id in [
            "true_62811@c.us_3EB0A",
            "false_120363@g.us_3EB0A_62811@c.us",
        ] {
            assert_eq!(
                MessageKey::parse(id).map(|key| key.full_id()),
                Some(id.to_owned())
            );
        }
        for id in [
            "garbage",
            "",
            "3EB0A",
            "maybe_62811@c.us_3EB0A",
            "true_62811@c.us",
        ] {
            assert_eq!(MessageKey::parse(id), None, "{id}");
        }
    }
}
