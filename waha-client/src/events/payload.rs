//! What events say, each kind as a type; kinds of a later server are kept as they came.

mod ack;
mod answer;
mod change;
mod chat;
mod group;
mod session;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use ack::{AckError, MessageAck};
pub use answer::{Attendance, EventAnswer, EventResponse, MessageDestination, PollVote, Vote};
pub use change::{EditedMessage, MessageReaction, Reaction, RevokedMessage};
pub use chat::{Call, ChatArchive, EngineEvent, LabelledChat};
pub use group::{ChangedGroup, GroupChange, ParticipantsChange, ParticipantsChangeKind};
pub use session::{SessionChange, StatusPoint};

use self::change::Edit;
use crate::api::labels::Label;
use crate::api::presence::ChatPresences;
use crate::error::presentable;
use crate::types::{Message, Raw};

/// Declares the kinds: what each is called, and the type of its payload.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal => $read:expr,)*) => {
        /// What happened.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum Payload {
            $($(#[$doc])* $variant($payload),)*
            /// A kind that this version of the client does not know, or a payload that does not read as its kind.
            Unknown(UnknownPayload),
        }

        impl Payload {
            /// The kinds that are read to a type, as WAHA names them.
            pub const KINDS: &'static [&'static str] = &[$($name,)*];

            /// The kind, as WAHA names it.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Unknown(unknown) => &unknown.event,
                }
            }

            fn read_known(event: &str, payload: &RawValue) -> Option<Result<Self, String>> {
                match event {
                    $($name => {
                        let read: fn(&RawValue) -> Result<$payload, String> = $read;
                        Some(read(payload).map(Self::$variant))
                    })*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// `session.status`: a session changed, or tells again what it is.
    SessionStatus(SessionChange) = "session.status" => read,
    /// `message`: somebody else's message. Own ones never come as this.
    Message(Box<Message>) = "message" => read,
    /// `message.any`: any message, own ones too; the same message may also come as [`Payload::Message`].
    AnyMessage(Box<Message>) = "message.any" => read,
    /// `message.waiting`: a message that could not be decrypted yet; it may come again when it can.
    WaitingMessage(Box<Message>) = "message.waiting" => read,
    /// `message.ack`: how far a message to a person got.
    Ack(MessageAck) = "message.ack" => read,
    /// `message.ack.group`: how far a message to a group got with one participant.
    GroupAck(MessageAck) = "message.ack.group" => read,
    /// `message.reaction`: somebody reacted to a message.
    Reaction(Box<MessageReaction>) = "message.reaction" => read,
    /// `message.edited`: a message was changed.
    Edited(Box<EditedMessage>) = "message.edited" => edited,
    /// `message.revoked`: a message was deleted for everybody.
    Revoked(Box<RevokedMessage>) = "message.revoked" => read,
    /// `group.v2.join`: the account came into a group.
    GroupJoined(Box<GroupChange>) = "group.v2.join" => read,
    /// `group.v2.leave`: the account left a group, or was removed.
    GroupLeft(Box<GroupChange>) = "group.v2.leave" => read,
    /// `group.v2.update`: a group was changed.
    GroupUpdated(Box<GroupChange>) = "group.v2.update" => read,
    /// `group.v2.participants`: people of a group came, left, became admins or ceased to be.
    GroupParticipants(Box<ParticipantsChange>) = "group.v2.participants" => read,
    /// `group.join`, as WEBJS has it, before the second version: in its own words.
    LegacyGroupJoin(Raw) = "group.join" => read,
    /// `group.leave`, as WEBJS has it, before the second version: in its own words.
    LegacyGroupLeave(Raw) = "group.leave" => read,
    /// `presence.update`: somebody came, went, or writes.
    Presence(ChatPresences) = "presence.update" => read,
    /// `poll.vote`: somebody voted.
    PollVote(Box<PollVote>) = "poll.vote" => read,
    /// `poll.vote.failed`: somebody voted, and what for could not be decrypted.
    PollVoteFailed(Box<PollVote>) = "poll.vote.failed" => read,
    /// `event.response`: somebody answered an invitation.
    EventResponse(Box<EventResponse>) = "event.response" => read,
    /// `event.response.failed`: somebody answered an invitation, and what could not be decrypted.
    EventResponseFailed(Box<EventResponse>) = "event.response.failed" => read,
    /// `chat.archive`: a chat went into the archive or came out of it.
    ChatArchived(ChatArchive) = "chat.archive" => read,
    /// `call.received`: somebody calls.
    CallReceived(Call) = "call.received" => read,
    /// `call.accepted`: the call was taken, on some device.
    CallAccepted(Call) = "call.accepted" => read,
    /// `call.rejected`: the call was refused, or ended before it was taken.
    CallRejected(Call) = "call.rejected" => read,
    /// `label.upsert`: a label was made or changed.
    LabelChanged(Label) = "label.upsert" => read,
    /// `label.deleted`: a label is gone.
    LabelDeleted(Label) = "label.deleted" => read,
    /// `label.chat.added`: a chat got a label.
    LabelAdded(LabelledChat) = "label.chat.added" => read,
    /// `label.chat.deleted`: a chat lost a label.
    LabelRemoved(LabelledChat) = "label.chat.deleted" => read,
    /// `state.change`: what `session.status` says, in the engine's own words.
    StateChange(Raw) = "state.change" => read,
    /// `engine.event`: what the engine said. A subscription to all events does not bring it (recorded).
    Engine(EngineEvent) = "engine.event" => read,
}

impl Payload {
    pub(super) fn read(event: &str, payload: Option<&RawValue>) -> Self {
        let problem = match payload.map(|payload| Self::read_known(event, payload)) {
            Some(Some(Ok(payload))) => return payload,
            Some(Some(Err(problem))) => Some(presentable(&problem)),
            Some(None) => None,
            None => Self::KINDS
                .contains(&event)
                .then(|| "it has no payload".to_owned()),
        };
        Self::Unknown(UnknownPayload {
            event: event.to_owned(),
            payload: payload.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            problem,
        })
    }
}

fn read<T: DeserializeOwned>(payload: &RawValue) -> Result<T, String> {
    serde_json::from_str(payload.get()).map_err(|error| error.to_string())
}

/// A message, and beside it which one it changes.
fn edited(payload: &RawValue) -> Result<Box<EditedMessage>, String> {
    let Edit { edited_message_id } = read(payload)?;
    Ok(Box::new(EditedMessage {
        message: read(payload)?,
        edited_id: edited_message_id,
    }))
}

/// A payload of a kind that this version of the client does not know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnknownPayload {
    /// The kind's name.
    pub event: String,
    /// The payload as it came.
    pub payload: Option<Raw>,
    /// For a known kind: why its payload does not read as one. Numbers of people in it are shortened.
    pub problem: Option<String>,
}
