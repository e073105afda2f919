//! What a request asks to have sent, and how WAHA answers what it cannot make sense of.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::answer::{Answer, Thrown};
use crate::ledger::{BodyHash, Kind, media_hash, text_hash};
use crate::messages::{Content, Media, Rich};
use crate::request::Request;
use crate::shapes::s_whatsapp;
use crate::world::World;

/// The functions that first touch a chat and a text (recorded on NOWEB).
pub(crate) const CHAT: &str = "ensureSuffix";
pub(crate) const TEXT: &str = "extractUrlFromText";

/// What a request wants to have sent.
pub(super) struct Outgoing {
    pub(super) kind: Kind,
    /// As the client wrote it.
    pub(super) chat: String,
    pub(super) body: String,
    pub(super) hash: BodyHash,
    pub(super) content: Content,
    pub(super) asked_id: Option<String>,
    pub(super) reply_to: Option<String>,
    pub(super) mentions: Vec<String>,
    pub(super) forwarded: bool,
    /// Whether the engine tells WAHA of the message, so that it is stored and echoed.
    pub(super) echoed: bool,
    /// The chat in the engine's form, where it is not made from `chat` in the usual way.
    pub(super) jid: Option<String>,
}

impl Outgoing {
    pub(super) fn text(chat: &str, text: &str) -> Self {
        Self {
            body: text.to_owned(),
            ..Self::of(Kind::Text, chat, text_hash(text), Content::Text)
        }
    }

    pub(super) fn of(kind: Kind, chat: &str, hash: BodyHash, content: Content) -> Self {
        Self {
            kind,
            chat: chat.to_owned(),
            body: String::new(),
            hash,
            content,
            asked_id: None,
            reply_to: None,
            mentions: Vec::new(),
            forwarded: false,
            echoed: true,
            jid: None,
        }
    }

    /// The chat in the engine's form.
    pub(super) fn take_jid(&mut self) -> String {
        self.jid.take().unwrap_or_else(|| s_whatsapp(&self.chat))
    }

    /// The same with what most bodies may have: an id of the sender's own, and an answered message.
    pub(super) fn with_options(mut self, request: &Request) -> Self {
        let string = |name: &str| {
            request
                .field(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        self.asked_id = string("id").filter(|id| !id.is_empty());
        self.reply_to = string("reply_to");
        self
    }
}

/// A missing or wrong field of a text is a TypeError of the code that first touches it.
pub(super) fn text_from(world: &World, request: &Request) -> Result<Outgoing, Answer> {
    let chat = chat_from(world, request)?;
    let text = match request.field("text") {
        Some(Value::String(text)) => text,
        None => return Err(no_property(world, request, TEXT, "undefined", "match")),
        Some(Value::Null) => return Err(no_property(world, request, TEXT, "null", "match")),
        Some(_) => {
            return Err(type_error(
                world,
                request,
                TEXT,
                "text.match is not a function",
            ));
        }
    };
    let mut outgoing = Outgoing::text(chat, text).with_options(request);
    outgoing.mentions = mentions_from(world, request, chat)?;
    Ok(outgoing)
}

pub(super) fn chat_from<'a>(world: &World, request: &'a Request) -> Result<&'a str, Answer> {
    match request.field("chatId") {
        Some(Value::String(chat)) => Ok(chat),
        None => Err(no_property(world, request, CHAT, "undefined", "includes")),
        Some(Value::Null) => Err(no_property(world, request, CHAT, "null", "includes")),
        Some(_) => Err(type_error(
            world,
            request,
            CHAT,
            "phone.includes is not a function",
        )),
    }
}

fn mentions_from(world: &World, request: &Request, chat: &str) -> Result<Vec<String>, Answer> {
    let mentions: Vec<String> = match request.field("mentions") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(mentions)) => mentions
            .iter()
            .filter_map(|mention| mention.as_str().map(str::to_owned))
            .collect(),
        Some(_) => {
            return Err(type_error(
                world,
                request,
                "WhatsappSessionNoWebCore.sendText",
                "_a.map is not a function",
            ));
        }
    };
    if mentions.iter().all(|mention| mention != "all") {
        return Ok(mentions);
    }
    if !chat.ends_with("@g.us") {
        return Err(Answer::unprocessable(&format!(
            "\"mentions\":[\"all\"] can be used only in group chats, not in '{chat}'"
        )));
    }
    Ok(world.settings.groups.get(chat).cloned().unwrap_or_default())
}

/// `fetches`: whether a file is fetched from its address, for which the address stands otherwise.
pub(super) async fn media_from(
    world: &World,
    request: &Request,
    kind: Kind,
    fetches: bool,
) -> Result<Outgoing, Answer> {
    let chat = chat_from(world, request)?;
    let file = match request.field("file") {
        Some(Value::Object(file)) => file,
        None => return Err(no_in(world, request, "undefined")),
        Some(Value::Null) => return Err(no_in(world, request, "null")),
        Some(Value::String(text)) => return Err(no_in(world, request, text)),
        Some(other) => return Err(no_in(world, request, &other.to_string())),
    };
    let string = |name: &str| file.get(name).and_then(Value::as_str);
    let bytes = if let Some(url) = string("url") {
        if !fetches || url.starts_with("https://") {
            // Nothing beyond plain http is fetched here.
            url.as_bytes().to_vec()
        } else {
            let fetched = world.outbound.fetch(url).await.map_err(|failure| {
                let thrown = Thrown::error(failure.message)
                    .by(failure.by)
                    .own("code", failure.code)
                    .own("config", json!({}));
                Answer::thrown(world, request, thrown)
            })?;
            fetched.to_vec()
        }
    } else if let Some(data) = string("data") {
        lenient_base64(data)
    } else {
        return Err(Answer::unprocessable(
            "Either \"file.url\" or \"file.data\" must be specified.",
        ));
    };
    // A voice message has no caption.
    let caption = request
        .field("caption")
        .and_then(Value::as_str)
        .filter(|_| kind != Kind::Voice)
        .unwrap_or_default();
    let (field, unknown_type) = match kind {
        Kind::Image => ("imageMessage", "image/jpeg"),
        Kind::Voice => ("audioMessage", "audio/ogg; codecs=opus"),
        Kind::Video => ("videoMessage", "video/mp4"),
        _ => ("documentMessage", "application/octet-stream"),
    };
    let content = Content::rich(Rich::Media(Media {
        field,
        mimetype: string("mimetype").unwrap_or(unknown_type).to_owned(),
        filename: string("filename").map(str::to_owned),
        length: bytes.len(),
        sha256: Sha256::digest(&bytes).into(),
    }));
    Ok(Outgoing {
        body: caption.to_owned(),
        reply_to: request
            .field("reply_to")
            .and_then(Value::as_str)
            .map(str::to_owned),
        mentions: mentions_from(world, request, chat)?,
        ..Outgoing::of(kind, chat, media_hash(&bytes, caption), content)
    })
}

/// Base64 as Node's Buffer reads it: what does not belong is left out, and nothing is refused.
fn lenient_base64(data: &str) -> Vec<u8> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    if let Ok(bytes) = general_purpose::STANDARD.decode(data) {
        return bytes;
    }
    let mut kept: String = data
        .chars()
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .take_while(|letter| *letter != '=')
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/'))
        .collect();
    if kept.len() % 4 == 1 {
        kept.pop();
    }
    LENIENT.decode(kept).unwrap_or_default()
}

pub(super) fn type_error(
    world: &World,
    request: &Request,
    by: &'static str,
    message: &str,
) -> Answer {
    Answer::thrown(world, request, Thrown::type_error(message).by(by))
}

/// `by` is the function that touches what is not there.
pub(crate) fn no_property(
    world: &World,
    request: &Request,
    by: &'static str,
    of: &str,
    property: &str,
) -> Answer {
    let message = format!("Cannot read properties of {of} (reading '{property}')");
    type_error(world, request, by, &message)
}

pub(super) fn no_in(world: &World, request: &Request, of: &str) -> Answer {
    let message = format!("Cannot use 'in' operator to search for 'url' in {of}");
    let by = "WhatsappSessionNoWebCore.fileToMessage";
    type_error(world, request, by, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_node_reads_it() {
        assert_eq!(lenient_base64("aGVsbG8="), b"hello");
        assert_eq!(lenient_base64("aGVsbG8"), b"hello");
        // Recorded lengths of garbage and of a data URL taken for base64.
        assert_eq!(lenient_base64("!!!not base64").len(), 6);
        let data_url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        assert_eq!(lenient_base64(data_url).len(), 84);
    }
}
