//! Who really received what: one entry per send request, written by the side that knows.
//! What the entries prove (duplicates, gaps, windows, days) is worked out in [`verdict`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

pub mod verdict;

pub use verdict::{Duplicate, Question, Stamp, Verdict};

/// SHA-256 of a text, or of a media's bytes, a zero byte and its caption.
pub type BodyHash = [u8; 32];

/// The body hash of a text message.
pub fn text_hash(text: &str) -> BodyHash {
    Sha256::digest(text.as_bytes()).into()
}

/// The body hash of an image or a file: of its bytes (or of its address, when the simulator does
/// not fetch it), a zero byte, and the caption.
pub fn media_hash(media: &[u8], caption: &str) -> BodyHash {
    Sha256::new()
        .chain_update(media)
        .chain_update([0])
        .chain_update(caption.as_bytes())
        .finalize()
        .into()
}

/// The body hash of everything else: of its parts, with a zero byte between each two. [`Kind`] says
/// which parts those are.
pub fn parts_hash<T: AsRef<str>>(parts: &[T]) -> BodyHash {
    let mut hasher = Sha256::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            hasher.update([0]);
        }
        hasher.update(part.as_ref());
    }
    hasher.finalize().into()
}

/// What was sent, and what its body hash is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `sendText` and `reply`: see [`text_hash`]. The media kinds: see [`media_hash`], without a
    /// caption where there is none.
    Text,
    /// `sendImage`.
    Image,
    /// `sendFile`.
    File,
    /// `sendVideo`.
    Video,
    /// `sendVoice`.
    Voice,
    /// `sendButtons`: the parts are header, body, footer, and the text of each button.
    Buttons,
    /// `sendList`: title, description, footer, button, and title and id of each row.
    List,
    /// `sendPoll`: the question and the options.
    Poll,
    /// `sendLocation`: latitude, longitude, title; numbers as JSON writes them.
    Location,
    /// `sendContactVcard`: the vcards.
    Contact,
    /// `send/link-custom-preview` and `sendLinkPreview`: the text as it arrives.
    Link,
    /// `forwardMessage`: the bare id of what is forwarded.
    Forward,
    /// `send/buttons/reply`: the id and the text of the button.
    ButtonReply,
    /// Anything else that lands in a chat.
    Other,
}

impl Kind {
    /// The name used over HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Video => "video",
            Self::Voice => "voice",
            Self::Buttons => "buttons",
            Self::List => "list",
            Self::Poll => "poll",
            Self::Location => "location",
            Self::Contact => "contact",
            Self::Link => "link",
            Self::Forward => "forward",
            Self::ButtonReply => "button-reply",
            Self::Other => "other",
        }
    }
}

/// What became of a send request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Nothing was handed to WhatsApp.
    NotSent,
    /// Handed to WhatsApp, and the recipient has it.
    Received,
    /// Handed to WhatsApp, which refused it, or nobody has that number: the recipient has it not.
    NotDelivered,
}

impl Fate {
    /// The name used over HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not-sent",
            Self::Received => "received",
            Self::NotDelivered => "not-delivered",
        }
    }
}

/// A message id of up to 27 bytes in place, a longer one on the heap.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Id {
    Short(u8, [u8; 27]),
    Long(Box<str>),
}

impl Id {
    fn new(id: &str) -> Self {
        let mut bytes = [0; 27];
        match bytes.get_mut(..id.len()) {
            Some(place) => {
                place.copy_from_slice(id.as_bytes());
                Self::Short(id.len() as u8, bytes)
            }
            None => Self::Long(id.into()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Short(length, bytes) => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            Self::Long(text) => text,
        }
    }
}

const NEVER: u64 = u64::MAX;
/// Set in a chat key whose chat is a name, not a phone number.
const NAMED: u64 = 1 << 63;

#[derive(Debug, Clone, Copy)]
struct Row {
    received_us: u64,
    handed_us: u64,
    chat: u64,
    account: u32,
    session: u32,
    hash: BodyHash,
    kind: Kind,
    fate: Fate,
}

/// One send request, as the simulator knows it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    ledger: &'a Ledger,
    row: &'a Row,
    id: &'a Id,
}

impl<'a> Entry<'a> {
    /// When the request was complete here: microseconds since the simulator started, monotonic.
    pub fn received_us(&self) -> u64 {
        self.row.received_us
    }

    /// When the message was handed to WhatsApp, on the same scale; `None` when it never was.
    pub fn handed_us(&self) -> Option<u64> {
        (self.row.handed_us != NEVER).then_some(self.row.handed_us)
    }

    /// A stamp as Unix time in microseconds.
    pub fn wall_us(&self, stamp_us: u64) -> u64 {
        self.ledger.wall_start_us + stamp_us
    }

    /// The phone number of the account that sent; empty when the session had none.
    pub fn account(&self) -> &'a str {
        self.ledger.names.text(self.row.account)
    }

    /// The session's name.
    pub fn session(&self) -> &'a str {
        self.ledger.names.text(self.row.session)
    }

    /// The chat: digits of the phone number, or the whole chat id where it is not a phone.
    pub fn chat(&self) -> String {
        if self.row.chat & NAMED == 0 {
            self.row.chat.to_string()
        } else {
            self.ledger
                .names
                .text((self.row.chat & !NAMED) as u32)
                .to_owned()
        }
    }

    /// The bare message id; empty when nothing was sent.
    pub fn id(&self) -> &'a str {
        self.id.as_str()
    }

    /// See [`BodyHash`].
    pub fn body_hash(&self) -> BodyHash {
        self.row.hash
    }

    /// What was sent.
    pub fn kind(&self) -> Kind {
        self.row.kind
    }

    /// What became of it.
    pub fn fate(&self) -> Fate {
        self.row.fate
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("received_us", &self.received_us())
            .field("handed_us", &self.handed_us())
            .field("session", &self.session())
            .field("id", &self.id())
            .field("kind", &self.kind())
            .field("fate", &self.fate())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Default)]
struct Names {
    texts: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
}

impl Names {
    fn intern(&mut self, text: &str) -> u32 {
        if let Some(index) = self.index.get(text) {
            return *index;
        }
        let index = self.texts.len() as u32;
        self.texts.push(text.into());
        self.index.insert(text.into(), index);
        index
    }

    fn text(&self, index: u32) -> &str {
        self.texts.get(index as usize).map_or("", |text| text)
    }
}

/// A snapshot of every send request so far, in the order they were received.
#[derive(Clone, Default)]
pub struct Ledger {
    rows: Vec<Row>,
    ids: Vec<Id>,
    names: Names,
    wall_start_us: u64,
}

impl Ledger {
    /// Every send request, also those that were never executed.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.rows.iter().zip(&self.ids).map(|(row, id)| Entry {
            ledger: self,
            row,
            id,
        })
    }

    /// How many send requests there were.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody asked for anything yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many messages were handed to WhatsApp.
    pub fn handed(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.handed_us != NEVER)
            .count()
    }

    fn chat_key(&mut self, chat: &str) -> u64 {
        match phone_digits(chat) {
            Some(digits) => digits,
            None => NAMED | u64::from(self.names.intern(chat)),
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ledger({} requests, {} handed)",
            self.len(),
            self.handed()
        )
    }
}

/// The digits of a phone chat: domain and device cut, other characters dropped.
fn phone_digits(chat: &str) -> Option<u64> {
    let (user, domain) = chat.split_once('@').unwrap_or((chat, "c.us"));
    if !matches!(domain, "c.us" | "s.whatsapp.net") {
        return None;
    }
    let user = user.split(':').next().unwrap_or_default();
    let digits: String = user.chars().filter(char::is_ascii_digit).collect();
    // A leading zero would be lost in a number.
    if digits.is_empty() || digits.len() > 18 || digits.starts_with('0') {
        return None;
    }
    digits.parse().ok()
}

/// What the ledger is told when a request has been read.
pub(crate) struct Received<'a> {
    pub(crate) at_us: u64,
    pub(crate) account: &'a str,
    pub(crate) session: &'a str,
    pub(crate) chat: &'a str,
    pub(crate) hash: BodyHash,
    pub(crate) kind: Kind,
}

/// The book that is written while the simulator runs.
#[derive(Debug)]
pub(crate) struct Book(Mutex<Ledger>);

impl Book {
    pub(crate) fn new(wall_start_us: u64) -> Self {
        Self(Mutex::new(Ledger {
            wall_start_us,
            ..Ledger::default()
        }))
    }

    /// Notes a request; its place is needed to say later what became of it.
    pub(crate) fn received(&self, received: &Received<'_>) -> usize {
        let mut ledger = self.lock();
        let row = Row {
            received_us: received.at_us,
            handed_us: NEVER,
            chat: ledger.chat_key(received.chat),
            account: ledger.names.intern(received.account),
            session: ledger.names.intern(received.session),
            hash: received.hash,
            kind: received.kind,
            fate: Fate::NotSent,
        };
        ledger.rows.push(row);
        ledger.ids.push(Id::Short(0, [0; 27]));
        ledger.rows.len() - 1
    }

    pub(crate) fn handed(&self, place: usize, at_us: u64, account: &str, id: &str, fate: Fate) {
        let mut ledger = self.lock();
        let account = ledger.names.intern(account);
        if let Some(row) = ledger.rows.get_mut(place) {
            row.handed_us = at_us;
            row.fate = fate;
            row.account = account;
        }
        if let Some(slot) = ledger.ids.get_mut(place) {
            *slot = Id::new(id);
        }
    }

    pub(crate) fn snapshot(&self) -> Ledger {
        self.lock().clone()
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_its_digits_however_it_is_written() {
        for chat in [
            "6281200000002",
            "6281200000002@c.us",
            "6281200000002@s.whatsapp.net",
            "6281200000002:12@s.whatsapp.net",
            "+62 812-0000-0002@c.us",
        ] {
            assert_eq!(phone_digits(chat), Some(6281200000002), "{chat}");
        }
        for chat in [
            "120363000000000001@g.us",
            "111111111111112@lid",
            "abc",
            "",
            "0812@c.us",
        ] {
            assert_eq!(phone_digits(chat), None, "{chat}");
        }
    }

    #[test]
    fn parts_are_kept_apart_and_one_part_is_a_text() {
        assert_eq!(parts_hash(&["hello"]), text_hash("hello"));
        assert_ne!(parts_hash(&["a", "bc"]), parts_hash(&["ab", "c"]));
    }

    #[test]
    fn an_entry_stays_small() {
        assert!(size_of::<Row>() + size_of::<Id>() <= 104);
    }

    #[test]
    fn long_ids_are_kept_whole() {
        let long = "x".repeat(40);
        assert_eq!(Id::new(&long).as_str(), long);
        assert_eq!(
            Id::new("3EB0923B0F336964E9596A").as_str(),
            "3EB0923B0F336964E9596A"
        );
    }
}
