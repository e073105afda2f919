//! Polls: sending one, voting in one. The types are those of WAHA's specification.

use serde::Serialize;

use super::{Chatting, sending};
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::Sent;

/// A poll to send. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct PollMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    poll: Poll<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Poll<'a> {
    name: &'a str,
    options: &'a [&'a str],
    multiple_answers: bool,
}

impl<'a> PollMessage<'a> {
    /// A question with options from a session to a chat; one of them can be chosen.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        question: &'a str,
        options: &'a [&'a str],
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            poll: Poll {
                name: question,
                options,
                multiple_answers: false,
            },
            id: None,
            reply_to: None,
        }
    }

    /// Lets people choose more than one option.
    pub fn multiple_answers(mut self) -> Self {
        self.poll.multiple_answers = true;
        self
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

/// A vote in somebody's poll. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct PollVote<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    poll_message_id: &'a MessageId,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_server_id: Option<u64>,
    votes: &'a [&'a str],
}

impl<'a> PollVote<'a> {
    /// A vote for some of a poll's options, in the words of the poll.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        poll: &'a MessageId,
        votes: &'a [&'a str],
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            poll_message_id: poll,
            poll_server_id: None,
            votes,
        }
    }

    /// The poll's number in a channel. WAHA may find it by itself (WAHA specification).
    pub fn server_id(mut self, number: u64) -> Self {
        self.poll_server_id = Some(number);
        self
    }
}

impl Chatting<'_> {
    /// Sends a poll.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; not sent without options, which WAHA answers with 500 (recorded).
    pub async fn send_poll(&self, message: &PollMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_poll(message)).await
    }

    /// Sends a poll with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_poll`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_poll_with(
        &self,
        message: &PollMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_poll(message), options).await
    }

    /// Votes in a poll.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; 501 on NOWEB (recorded). See [`Feature::VoteInPoll`](crate::Feature::VoteInPoll).
    pub async fn vote(&self, vote: &PollVote<'_>) -> Result<Sent, Error> {
        self.0.call(self::vote(vote)).await
    }

    /// Votes in a poll with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::vote`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn vote_with(
        &self,
        vote: &PollVote<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(self::vote(vote), options).await
    }
}

/// `POST /api/sendPoll`. Recorded.
pub fn send_poll(message: &PollMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendPoll", message)
        .waiting(Wait::Send)
        .invalid_if(message.poll.options.is_empty(), "a poll needs options")
}

/// `POST /api/sendPollVote`. Needs [`Feature::VoteInPoll`](crate::Feature::VoteInPoll). WAHA's specification, which leaves
/// the answer open; NOWEB's 501 is recorded.
pub fn vote(vote: &PollVote<'_>) -> Endpoint<Sent> {
    sending("/api/sendPollVote", vote).waiting(Wait::Send)
}
