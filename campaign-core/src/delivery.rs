//! One recipient's message in one campaign: its states, and the only legal moves between them.
//!
//! ```text
//! scheduled --journalled--> sending --accepted--> accepted --ack--> sent -> delivered -> read -> played
//!   |   ^                    |  |  '--refused / exhausted--> failed
//!   |   '---not handed over--'  '--maybe sent / owner died--> unconfirmed
//!   |   '---proved absent------------------------------------' |  '--evidence--> accepted / sent / ...
//!   |--skipped{why}                                            '--operator--> sent{by_operator} | failed{given_up}
//!   '--cancelled        failed, skipped, cancelled --evidence of arrival--> sent / delivered / ... (corrected)
//! ```
//!
//! [`apply`] is the one place where a move is judged. Stores call it inside their transactions, or hold
//! the same table in SQL, and the store contract checks that they agree. Evidence is joined, never
//! assigned: it moves a delivery forward from wherever it stands, in any order, any number of times.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A campaign's number in its database. At most 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignId(u32);

impl CampaignId {
    /// How many bits a campaign's number has at most.
    pub const BITS: u32 = 24;

    /// The largest number a campaign can have.
    pub const MAX: CampaignId = CampaignId((1 << Self::BITS) - 1);

    /// The campaign with this number, if it is within 24 bits.
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::MAX.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Which delivery: campaign, place of the recipient in it, and generation, in one number.
///
/// Numbers of a campaign are neighbours, in the order of its audience, so that stores write in key
/// order. Fits an `i64` (56 bits). A "resend" by the operator is the next generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(u64);

impl DeliveryId {
    const ORDINAL_BITS: u32 = 26;
    const GENERATION_BITS: u32 = 6;
    /// How many bits a delivery's number has at most.
    pub const BITS: u32 = CampaignId::BITS + Self::ORDINAL_BITS + Self::GENERATION_BITS;
    /// The most recipients one campaign can have (67 million).
    pub const RECIPIENTS_MAX: u32 = 1 << Self::ORDINAL_BITS;
    /// The last generation a recipient can reach in one campaign.
    pub const GENERATION_MAX: u8 = (1 << Self::GENERATION_BITS) - 1;
    /// Generations that came after a copy was made had numbers too, and messages have gone out under them: in a copy that is put in place,
    /// new ones of what it holds leave so many out after the highest one of their campaign.
    pub const GENERATIONS_LEFT_OUT: u8 = 8;

    /// The first generation of the recipient at `ordinal`, if the campaign can hold so many.
    pub const fn new(campaign: CampaignId, ordinal: u32) -> Option<Self> {
        if ordinal < Self::RECIPIENTS_MAX {
            let shift = Self::ORDINAL_BITS + Self::GENERATION_BITS;
            Some(Self(
                ((campaign.0 as u64) << shift) | ((ordinal as u64) << Self::GENERATION_BITS),
            ))
        } else {
            None
        }
    }

    /// The delivery with this number, if it is one.
    pub const fn from_number(number: u64) -> Option<Self> {
        if number >> Self::BITS == 0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The campaign it belongs to.
    pub const fn campaign(self) -> CampaignId {
        CampaignId((self.0 >> (Self::ORDINAL_BITS + Self::GENERATION_BITS)) as u32)
    }

    /// The recipient's place in the campaign, from 0.
    pub const fn ordinal(self) -> u32 {
        ((self.0 >> Self::GENERATION_BITS) as u32) & (Self::RECIPIENTS_MAX - 1)
    }

    /// 0 for the first message, 1 for the first resend, and so on.
    pub const fn generation(self) -> u8 {
        (self.0 as u8) & Self::GENERATION_MAX
    }

    /// The same recipient, one generation on; `None` after the last.
    pub const fn next_generation(self) -> Option<Self> {
        self.next_generation_from(0)
    }

    /// The same recipient's next generation that is not below `first`; `None` after the last.
    pub const fn next_generation_from(self, first: u8) -> Option<Self> {
        let known = self.generation();
        let next = if known < first { first } else { known + 1 };
        if next <= Self::GENERATION_MAX {
            Some(Self(self.0 - known as u64 + next as u64))
        } else {
            None
        }
    }

    /// The first and the last number a campaign's deliveries can have.
    pub const fn range(campaign: CampaignId) -> (u64, u64) {
        let shift = Self::ORDINAL_BITS + Self::GENERATION_BITS;
        let first = (campaign.0 as u64) << shift;
        (first, first | ((1 << shift) - 1))
    }
}

/// Where a delivery stands. The numbers are those stored in databases and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// Waits for its turn.
    Scheduled = 0,
    /// Journalled: the request may be on its way.
    Sending = 1,
    /// May have been sent; evidence is being looked for.
    Unconfirmed = 2,
    /// WAHA took it. Not yet "sent".
    Accepted = 3,
    /// WhatsApp's server has it.
    Sent = 4,
    /// The recipient's phone has it.
    Delivered = 5,
    /// Read. Read receipts can be off, so the absence of this says nothing.
    Read = 6,
    /// A voice message was played.
    Played = 7,
    /// Not sent, for good.
    Failed = 8,
    /// Deliberately not sent.
    Skipped = 9,
    /// The operator cancelled the campaign first.
    Cancelled = 10,
}

impl State {
    /// Every state, in the order of their numbers.
    pub const ALL: [State; 11] = [
        State::Scheduled,
        State::Sending,
        State::Unconfirmed,
        State::Accepted,
        State::Sent,
        State::Delivered,
        State::Read,
        State::Played,
        State::Failed,
        State::Skipped,
        State::Cancelled,
    ];

    /// The state with this stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in reports, routes and commands.
    pub const fn name(self) -> &'static str {
        match self {
            State::Scheduled => "scheduled",
            State::Sending => "sending",
            State::Unconfirmed => "unconfirmed",
            State::Accepted => "accepted",
            State::Sent => "sent",
            State::Delivered => "delivered",
            State::Read => "read",
            State::Played => "played",
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::Cancelled => "cancelled",
        }
    }

    /// WAHA or somebody further on has taken the message.
    pub const fn is_handed_over(self) -> bool {
        matches!(
            self,
            State::Accepted | State::Sent | State::Delivered | State::Read | State::Played
        )
    }

    /// An attempt is open: nothing else may be sent to this chat from the same account.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Sending | State::Unconfirmed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why a delivery stands where it stands. The numbers are those stored in databases and never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name = $number,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The reason with this stored number; 0 stands for none.
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Reason::$name),)* _ => None }
            }

            /// Its name in reports, routes and commands.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// Skipped: the number is on the suppression list.
    Suppressed = 1, "suppressed";
    /// Skipped: no consent for this category.
    NoConsent = 2, "no_consent";
    /// Skipped: the number has no WhatsApp account.
    NotOnWhatsapp = 3, "not_on_whatsapp";
    /// Skipped: the person had as many messages as the cap allows.
    FrequencyCapped = 4, "frequency_capped";
    /// Skipped: the same text went to the same number within 7 days from another campaign.
    Repeated = 5, "repeated";
    /// Skipped: the campaign's expiry came first.
    Expired = 6, "expired";
    /// Skipped: the row lacks a value that the template needs.
    MissingVariable = 7, "missing_variable";
    /// Skipped: the number has a WhatsApp account, and that was all that was asked.
    OnWhatsapp = 8, "on_whatsapp";
    /// Skipped: nobody could say whether the number has a WhatsApp account, and that was all that was asked.
    NotKnown = 9, "not_known";
    /// Failed: as many tries as the policy allows, none of them handed over.
    Exhausted = 20, "exhausted";
    /// Failed: WAHA refused the request for good.
    Refused = 21, "refused";
    /// Failed: WhatsApp answered with ack ERROR.
    RefusedByWhatsapp = 22, "refused_by_whatsapp";
    /// Failed: the operator gave up on an unconfirmed one.
    GivenUp = 23, "given_up";
    /// Unconfirmed: the request was written and no answer came.
    NoAnswer = 40, "no_answer";
    /// Unconfirmed: WAHA answered with an error that does not say whether the message went out.
    ServerError = 41, "server_error";
    /// Unconfirmed: the process that held the attempt died.
    OwnerDied = 42, "owner_died";
    /// Unconfirmed: the database was restored from a copy, and may not know what was sent since.
    Restored = 43, "restored";
    /// Unconfirmed: WhatsApp had forbidden the account to write to people who never wrote (error 463), and the answer does not say
    /// whether this message went out all the same.
    Restricted = 44, "restricted";
    /// Accepted, but no ack came within a minute.
    Silent = 60, "silent";
    /// Sent, by the word of the operator.
    ByOperator = 61, "by_operator";
    /// Cancelled: an earlier generation turned out to have arrived.
    EarlierArrived = 62, "earlier_arrived";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a message got, as WhatsApp acknowledges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ack {
    /// WhatsApp refused the message.
    Error,
    /// WAHA has it and has not heard from WhatsApp.
    Pending,
    /// WhatsApp's server has it.
    Server,
    /// The recipient's phone has it.
    Device,
    /// Read.
    Read,
    /// A voice message was played.
    Played,
}

/// Why a hand-over is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The request was written and no answer came.
    NoAnswer,
    /// An answer that does not say whether the message went out.
    ServerError,
    /// An answer that tells of a restriction of the account. When the message is proved absent, the attempt does not count: nothing was
    /// wrong with it.
    Restricted,
}

/// Something that happens to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The attempt is on record; the request may be written.
    Journalled,
    /// Proved: WAHA did not take it. It may be tried again. A hold costs no attempt.
    NotHandedOver {
        /// Whether this used up one of the attempts.
        counts: bool,
    },
    /// Not handed over, and that was the last attempt.
    Exhausted,
    /// WAHA refused it for good.
    Refused,
    /// WAHA answered with success.
    Accepted,
    /// The hand-over may have taken place.
    MaybeSent(Doubt),
    /// The process that held the attempt is gone.
    OwnerDied,
    /// The database turned out to be an older copy of itself.
    Restored,
    /// An ack, an echo, or a look-up that found the message.
    Evidence(Ack),
    /// No ack came within a minute of acceptance.
    Silent,
    /// A complete search proved that the message was never handed over.
    ProvedAbsent,
    /// Proved absent, and that was the last attempt, or the campaign is cancelled or over.
    ProvedAbsentForGood(Reason),
    /// Deliberately not sent.
    Skipped(Reason),
    /// The campaign was cancelled.
    Cancelled,
    /// The operator says that the message arrived.
    ConfirmedByOperator,
    /// The operator gives it up.
    GivenUpByOperator,
}

impl Happening {
    /// It proves that nothing was sent: not handed over, or refused by WAHA. The person did not get the message.
    pub const fn proves_nothing_was_sent(self) -> bool {
        matches!(
            self,
            Happening::NotHandedOver { .. }
                | Happening::Exhausted
                | Happening::Refused
                | Happening::ProvedAbsent
                | Happening::ProvedAbsentForGood(_)
        )
    }
}

/// Where a delivery stands, with what a move needs to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Why, where the state has reasons.
    pub reason: Option<Reason>,
    /// Attempts that count.
    pub attempts: u8,
    /// It was reported as failed, skipped or cancelled, and evidence of arrival came later.
    pub corrected: bool,
}

impl Standing {
    /// A delivery that nothing has happened to yet.
    pub const NEW: Standing = Standing {
        state: State::Scheduled,
        reason: None,
        attempts: 0,
        corrected: false,
    };

    /// Attempts that count once it is proved that the last one came to nothing.
    pub(crate) const fn attempts_if_absent(self) -> u8 {
        match self.reason {
            Some(Reason::Restricted) => self.attempts.saturating_sub(1),
            _ => self.attempts,
        }
    }

    fn at(self, state: State, reason: Option<Reason>) -> Self {
        Self {
            state,
            reason,
            ..self
        }
    }
}

/// The move is not legal from where the delivery stands. Whoever asked for it acted on old knowledge:
/// read the delivery again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{happening:?} cannot happen to a delivery that is {}", from.state)]
pub struct Illegal {
    /// Where the delivery stood.
    pub from: Standing,
    /// What was to happen.
    pub happening: Happening,
}

/// Judges a move: where the delivery stands afterwards. Evidence and late answers that add nothing
/// leave it as it is.
///
/// # Errors
/// [`Illegal`] when the move may not happen from there.
pub fn apply(from: Standing, happening: Happening) -> Result<Standing, Illegal> {
    use Happening as H;
    use State as S;
    let illegal = Err(Illegal { from, happening });
    let to = match (happening, from.state) {
        (H::Journalled, S::Scheduled) => Standing {
            attempts: from.attempts.saturating_add(1),
            ..from.at(S::Sending, None)
        },
        (H::NotHandedOver { counts }, S::Sending) => Standing {
            attempts: if counts {
                from.attempts
            } else {
                from.attempts.saturating_sub(1)
            },
            ..from.at(S::Scheduled, None)
        },
        (H::Exhausted, S::Sending) => from.at(S::Failed, Some(Reason::Exhausted)),
        (H::Refused, S::Sending) => from.at(S::Failed, Some(Reason::Refused)),
        (H::MaybeSent(Doubt::NoAnswer), S::Sending) => {
            from.at(S::Unconfirmed, Some(Reason::NoAnswer))
        }
        (H::MaybeSent(Doubt::ServerError), S::Sending) => {
            from.at(S::Unconfirmed, Some(Reason::ServerError))
        }
        (H::MaybeSent(Doubt::Restricted), S::Sending) => {
            from.at(S::Unconfirmed, Some(Reason::Restricted))
        }
        (H::OwnerDied, S::Sending) => from.at(S::Unconfirmed, Some(Reason::OwnerDied)),
        // An answer that comes after evidence, or after the attempt was taken for dead, changes nothing.
        (
            H::NotHandedOver { .. } | H::Exhausted | H::Refused | H::MaybeSent(_) | H::OwnerDied,
            state,
        ) if state != S::Scheduled => from,
        // Nothing remembers afterwards that the attempt was not to count.
        (H::Restored, S::Scheduled | S::Sending | S::Unconfirmed) => Standing {
            attempts: from.attempts_if_absent(),
            ..from.at(S::Unconfirmed, Some(Reason::Restored))
        },
        (H::Accepted, _) => advance(from, S::Accepted),
        (H::Evidence(ack), _) => return Ok(join(from, ack)),
        (H::Silent, S::Accepted) => from.at(S::Accepted, Some(Reason::Silent)),
        (H::Silent, _) => from,
        (H::ProvedAbsent, S::Unconfirmed) => Standing {
            attempts: from.attempts_if_absent(),
            ..from.at(S::Scheduled, None)
        },
        // What the account may not do is no fault of the message.
        (H::ProvedAbsentForGood(Reason::Exhausted), S::Unconfirmed)
            if from.reason == Some(Reason::Restricted) =>
        {
            return illegal;
        }
        (H::ProvedAbsentForGood(reason), S::Unconfirmed) => from.at(
            match reason {
                Reason::Expired => S::Skipped,
                Reason::Exhausted => S::Failed,
                _ => S::Cancelled,
            },
            matches!(reason, Reason::Expired | Reason::Exhausted).then_some(reason),
        ),
        (H::Skipped(reason), S::Scheduled) => from.at(S::Skipped, Some(reason)),
        (H::Cancelled, S::Scheduled) => from.at(S::Cancelled, None),
        (H::ConfirmedByOperator, S::Unconfirmed) => from.at(S::Sent, Some(Reason::ByOperator)),
        (H::ConfirmedByOperator, S::Accepted) => from.at(S::Sent, Some(Reason::ByOperator)),
        (H::GivenUpByOperator, S::Unconfirmed) => from.at(S::Failed, Some(Reason::GivenUp)),
        _ => return illegal,
    };
    Ok(to)
}

/// Status is a join: the furthest point that any evidence names.
fn join(from: Standing, ack: Ack) -> Standing {
    match ack {
        Ack::Error => match from.state {
            State::Sending | State::Unconfirmed | State::Accepted => {
                from.at(State::Failed, Some(Reason::RefusedByWhatsapp))
            }
            // A refusal of an earlier attempt of the same message: sending it again would not be the first time.
            State::Scheduled if from.attempts > 0 => {
                from.at(State::Failed, Some(Reason::RefusedByWhatsapp))
            }
            _ => from,
        },
        Ack::Pending => advance(from, State::Accepted),
        Ack::Server => advance(from, State::Sent),
        Ack::Device => advance(from, State::Delivered),
        Ack::Read => advance(from, State::Read),
        Ack::Played => advance(from, State::Played),
    }
}

fn advance(from: Standing, to: State) -> Standing {
    match from.state {
        // WAHA still having it says nothing new about a message that WhatsApp refused.
        State::Failed
            if from.reason == Some(Reason::RefusedByWhatsapp) && to == State::Accepted =>
        {
            from
        }
        State::Failed | State::Skipped | State::Cancelled => Standing {
            corrected: true,
            ..from.at(to, None)
        },
        State::Sent if from.reason == Some(Reason::ByOperator) && to == State::Sent => {
            from.at(to, None)
        }
        reached if reached < to => from.at(to, None),
        _ => from,
    }
}

#[cfg(test)]
mod tests;
