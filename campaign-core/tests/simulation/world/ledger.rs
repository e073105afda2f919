//! What really happened, as the world wrote it down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::DeliveryId;
use campaign_core::failure::{NotHandedOver, Signal};
use campaign_core::gateway::{Account, NumberStatus};
use campaign_core::limits::{LaneLimits, Slot};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::CommandId;
use jiff::Timestamp;

use super::super::faults::Fault;
use super::people::Wished;

/// How an attempt ended, as its server saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    NotHandedOver(NotHandedOver),
    Refused,
    Doubt(Option<Signal>),
}

impl Fate {
    /// The account or its server was in trouble, and the message had no part in it.
    pub(crate) fn is_trouble(self) -> bool {
        matches!(self, Fate::NotHandedOver(why) if why != NotHandedOver::Broken)
    }

    /// WhatsApp has forbidden the account to write to strangers.
    pub(crate) fn is_restriction(self) -> bool {
        matches!(self, Fate::Doubt(Some(_)))
    }
}

/// A request whose body a server received.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) delivery: DeliveryId,
    pub(crate) mailing: usize,
    pub(crate) lane: usize,
    /// Whose session it was at that moment.
    pub(crate) account: Account,
    pub(crate) slot: Slot,
    /// Which process sent it.
    pub(crate) life: u32,
    pub(crate) to: PhoneNumber,
    pub(crate) text: Box<str>,
    /// The moment of its journal, and the one at which that was durable.
    pub(crate) journalled: Elapsed,
    pub(crate) recorded: Elapsed,
    /// The wall clock of its journal, as it showed then.
    pub(crate) stamped: Timestamp,
    pub(crate) received: Elapsed,
    pub(crate) received_wall: Timestamp,
    pub(crate) fate: Fate,
    pub(crate) fault: Option<Fault>,
    /// When the engine heard how it ended.
    pub(crate) told: Option<Elapsed>,
    /// When the server carried it out.
    pub(crate) handed: Option<(Elapsed, Timestamp)>,
    /// WhatsApp took it.
    pub(crate) has_arrived: bool,
    /// The session was held up with others in it: what the server let go later went together.
    pub(crate) was_held: bool,
    /// The store lost its journal, and nobody was told.
    pub(crate) is_forgotten: bool,
    /// When WhatsApp refused it, and when it was told that it had it all the same.
    pub(crate) refused: Option<Elapsed>,
    pub(crate) corrected: Option<Elapsed>,
}

impl Attempt {
    /// It stays charged to the limits of its lane.
    pub(crate) fn is_charged(&self) -> bool {
        !matches!(self.fate, Fate::NotHandedOver(_))
    }

    /// When it no longer occupies its slot: answered, or given up waiting for.
    pub(crate) fn ends(&self, hold_horizon: Duration) -> Elapsed {
        let released = self.journalled + hold_horizon;
        self.told.map_or(released, |told| told.min(released))
    }
}

/// A body that was never written, of the attempt that was on record from this moment on, and which process kept it back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Withheld {
    pub(crate) delivery: DeliveryId,
    pub(crate) recorded: Elapsed,
    pub(crate) life: u32,
}

/// An attempt is on record, and not what became of it: nothing else goes to that person from its account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenChat {
    pub(crate) delivery: DeliveryId,
    pub(crate) to: PhoneNumber,
    pub(crate) from: Elapsed,
    pub(crate) until: Option<Elapsed>,
}

/// WhatsApp forbade an account to write to strangers, and the engine was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Restriction {
    pub(crate) account: Account,
    /// The process that was told.
    pub(crate) life: u32,
    pub(crate) told: Elapsed,
    /// The process that knew of it died before that was durable.
    pub(crate) forgotten: Option<Elapsed>,
    pub(crate) is_durable: bool,
}

/// A session that says that it works, and reaches nobody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    pub(crate) lane: usize,
    pub(crate) account: Account,
    pub(crate) from: Elapsed,
    pub(crate) until: Elapsed,
    /// The process that saw it begin had heard acks of it.
    pub(crate) life: u32,
    /// Something else was heard of it meanwhile, or somebody said that it is well.
    pub(crate) is_doubtful: bool,
}

/// Somebody else sent a text of ours.
#[derive(Debug, Clone)]
pub(crate) struct Forward {
    pub(crate) lane: usize,
    pub(crate) to: PhoneNumber,
    pub(crate) text: Box<str>,
    pub(crate) at: Elapsed,
}

/// A look-up that did not find a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Miss {
    pub(crate) delivery: DeliveryId,
    pub(crate) at: Elapsed,
    pub(crate) is_complete: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) misses: Vec<Miss>,
    /// The last journal of each, its moment and the one at which it was durable, and how many there were.
    pub(crate) journals: BTreeMap<DeliveryId, (Elapsed, Elapsed, u32)>,
    /// Who kept others to the same person waiting, and how long.
    pub(crate) open_chats: Vec<OpenChat>,
    /// What the wall clock showed at the last journal of each.
    pub(super) stamps: BTreeMap<DeliveryId, Timestamp>,
    /// Bodies that were never written.
    pub(crate) withheld: Vec<Withheld>,
    /// What a server was asked about, and whether it is on WhatsApp, if it said so.
    pub(crate) checks: Vec<(PhoneNumber, Elapsed, NumberStatus)>,
    pub(crate) suppressed: Vec<(PhoneNumber, Elapsed)>,
    pub(crate) restrictions: Vec<Restriction>,
    /// Who wrote to whom, when that was durable, and when they did.
    pub(crate) letters: Vec<(Account, PhoneNumber, Elapsed, Timestamp)>,
    /// The same of letters of which the record knows a LID and no phone.
    pub(super) hidden_letters: Vec<(Account, PhoneNumber, Timestamp)>,
    /// When the operator bore out a clock that was wrong, and to which runner.
    pub(crate) misled: Vec<(u32, Elapsed)>,
    /// Campaigns that were to go on: which runner was told so, and when.
    pub(super) resumes: Vec<(CommandId, u32, Elapsed)>,
    pub(crate) wishes: Vec<Wished>,
    /// From when on it is on record whose phone belongs to a LID.
    pub(crate) known: BTreeMap<PhoneNumber, Elapsed>,
    /// How often the operator has asked for a recipient's message once more.
    pub(crate) asked_again: BTreeMap<DeliveryId, u32>,
    /// The operator has said what became of it.
    pub(crate) decided: Vec<DeliveryId>,
    /// Limits that were set, and when that was durable.
    pub(crate) limits: Vec<(Account, Elapsed, Timestamp, LaneLimits)>,
    /// Something was wrong with a lane, or with all of them, from when until when: what somebody waits for may take longer.
    pub(crate) disturbed: Vec<(Option<usize>, Elapsed, Elapsed)>,
    /// When each process began, and whether its clock was wrong then.
    pub(crate) lives: BTreeMap<u32, (Elapsed, bool)>,
    /// When it ended.
    pub(crate) ends: BTreeMap<u32, Elapsed>,
    /// What was put on record by a clock that was wrong: when that was durable, and what the clock showed.
    pub(crate) misstamped: Vec<(Elapsed, Timestamp)>,
    /// When the machine came up anew.
    pub(crate) boots: Vec<Elapsed>,
    /// What people sent from the phone: from which account, when, and when that was durable.
    pub(crate) by_hand: Vec<(Account, Elapsed, Elapsed)>,
    /// Sessions that were dead while they said that they work.
    pub(crate) deaths: Vec<Death>,
    /// When the engine had a session restarted.
    pub(crate) restarts: Vec<(Account, Elapsed)>,
    /// Texts of ours that somebody else sent, through which lane, to whom.
    pub(crate) forwards: Vec<Forward>,
    /// What the engine was told that is in doubt, and what its predecessors left open.
    pub(crate) doubts_made: u64,
    /// The store went back to what it was at the first moment, at the second.
    pub(crate) went_back: Vec<(Elapsed, Elapsed)>,
    /// A copy that was restored knows no attempt of these, whatever it learns of them: a look-up of others cannot be measured by them.
    pub(super) unknown_attempts: BTreeSet<DeliveryId>,
    /// The machine was started anew after its clock had been wrong: moments on record may lie elsewhere for the next boot.
    pub(crate) has_misplaced: bool,
    pub(crate) in_memory_max: usize,
    /// Doubts were still going to be looked up when all evidence had long been had.
    pub(crate) still_looks: bool,
}

impl Ledger {
    /// What the engine was told and had not put on record is forgotten with it.
    pub(super) fn forget_untold(&mut self, life: u32, at: Elapsed) {
        let its = |it: &&mut Restriction| !it.is_durable && it.life == life;
        for restriction in self.restrictions.iter_mut().filter(its) {
            restriction.forgotten.get_or_insert(at);
        }
    }

    /// The same of a worker that may have been frozen: others have gone on without it for some time.
    pub(super) fn forget_untold_since(&mut self, life: u32) {
        let its = |it: &&mut Restriction| !it.is_durable && it.life == life;
        for restriction in self.restrictions.iter_mut().filter(its) {
            restriction.forgotten.get_or_insert(restriction.told);
        }
    }

    /// When the store went back to what it was, the first time.
    pub(crate) fn first_restored(&self) -> Option<Elapsed> {
        self.went_back.first().map(|(_, at)| *at)
    }

    /// The same, the last time.
    pub(crate) fn restored(&self) -> Option<Elapsed> {
        self.went_back.last().map(|(_, at)| *at)
    }

    pub(super) fn attempts_are_unknown(&mut self, since: Elapsed) {
        let journals = self.journals.iter();
        let later = journals.filter(|(_, (_, recorded, _))| *recorded > since);
        self.unknown_attempts
            .extend(later.map(|(delivery, _)| *delivery));
    }

    /// What was journalled later than this never was, as far as anybody can tell.
    pub(super) fn forget_journals(&mut self, since: Elapsed) {
        for attempt in self.attempts.iter_mut().filter(|it| it.recorded > since) {
            attempt.is_forgotten = true;
        }
    }

    /// What became of it is on record, or somebody sends again without knowing: it keeps nobody else waiting any more.
    pub(super) fn chat_is_free(&mut self, delivery: DeliveryId, at: Elapsed) {
        let mut open = self.open_chats.iter_mut();
        if let Some(chat) = open.rfind(|it| it.delivery == delivery) {
            chat.until.get_or_insert(at);
        }
    }

    /// Requests that a server carried out.
    pub(crate) fn handed(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|it| it.handed.is_some())
    }

    /// Requests that WhatsApp took.
    pub(crate) fn arrived(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|it| it.has_arrived)
    }
}

/// The same recipient, whatever the generation.
pub(crate) fn recipient(delivery: DeliveryId) -> DeliveryId {
    DeliveryId::new(delivery.campaign(), delivery.ordinal()).expect("it has an ordinal already")
}
