//! What has changed, one event for each change, in order: for pages, webhooks and metrics.
//!
//! [`Narrator`] makes events of batches that are durable, and of nothing else: what an event tells is on record. It is pure; the driver
//! feeds it, and hands what it tells to whoever listens (`driver::Handle::events`). What was told while nobody listened is not told
//! again: the store's pages have it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::campaign::{CampaignState, Share};
use crate::consent::Wish;
use crate::delivery::{CampaignId, DeliveryId, Reason, State};
use crate::engine::WaitsFor;
use crate::failure::Trouble;
use crate::gateway::Account;
use crate::limits::{Limit, Scope};
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, Change, Condition, Effect, LaneHealth, LaneHold, LaneId, LaneNote, LaneRecord, Reply,
    Sweep, TakeOver,
};

/// Something that has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its place in the order of one run of a driver, from 1. Whoever misses a number has missed an event.
    pub number: u64,
    /// When: the moment of its batch.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What has changed. `Debug` and `Display` shorten phone numbers; as data they are whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum What {
    /// This process became the runner.
    RunnerBegan {
        /// Deliveries that an earlier process left half-way: they are in doubt now.
        orphaned: u64,
        /// The database is an older copy of itself.
        is_restored: bool,
    },
    /// The runner has put everything away.
    RunnerEnded,
    /// A delivery stands elsewhere.
    DeliveryMoved {
        /// Which.
        delivery: DeliveryId,
        /// Its campaign, for who reads numbers.
        campaign: CampaignId,
        /// Before.
        from: State,
        /// After.
        to: State,
        /// Why, where the state has reasons.
        reason: Option<Reason>,
        /// It was told as failed, skipped or cancelled before, and has arrived.
        corrected: bool,
    },
    /// Many deliveries of a campaign were moved at once.
    DeliveriesSwept {
        /// Whose.
        campaign: CampaignId,
        /// To where: cancelled, skipped as expired, or scheduled anew.
        to: State,
        /// How many.
        count: u32,
    },
    /// A recipient has a new delivery, in place of one that failed or is in doubt.
    Renewed {
        /// The new one.
        delivery: DeliveryId,
    },
    /// A look-up decided nothing.
    LookedUp {
        /// Which delivery is still in doubt.
        delivery: DeliveryId,
        /// What is missing.
        missing: Box<str>,
    },
    /// A campaign stands elsewhere.
    CampaignMoved {
        /// Which.
        campaign: CampaignId,
        /// Before.
        from: CampaignState,
        /// After.
        to: CampaignState,
    },
    /// A campaign says something else to whoever has not been written to yet.
    MessageEdited {
        /// Which.
        campaign: CampaignId,
    },
    /// A campaign has another share of its accounts.
    ShareSet {
        /// Which.
        campaign: CampaignId,
        /// Which share.
        #[serde(flatten)]
        share: Share,
    },
    /// A campaign waits for something else than before; not told of the pause from one message to the next.
    Waits {
        /// Which.
        campaign: CampaignId,
        /// For what, and until when.
        #[serde(flatten)]
        waits_for: WaitsFor,
    },
    /// An account's lane is held.
    LaneHeld {
        /// Whose, where that is known.
        account: Option<Account>,
        /// Why.
        trouble: Trouble,
        /// Until when, unless it gets better before.
        until: Timestamp,
        /// Only broadcasts, or only people who have not written of late, are held back.
        only_cold: bool,
    },
    /// An account's lane may send again.
    LaneReleased {
        /// Whose, where that is known.
        account: Option<Account>,
        /// What is over.
        trouble: Trouble,
        /// Only people who had not written of late were held back.
        only_cold: bool,
    },
    /// An account has other limits.
    LimitsSet {
        /// Whose.
        account: Account,
    },
    /// Limits above the accounts were set, or taken away.
    SharedLimitsSet {
        /// Whose.
        scope: Scope,
    },
    /// It is known whether a number is on WhatsApp.
    Checked {
        /// Which number.
        phone: PhoneNumber,
        /// Whether it is.
        is_on_whatsapp: bool,
    },
    /// Somebody wrote.
    Replied(Reply),
    /// Somebody opted out or in, and had not before: it holds for all campaigns from now on.
    Wished {
        /// Who.
        phone: PhoneNumber,
        /// What they asked for.
        wish: Wish,
    },
    /// Somebody opted out of whom no phone is known: broadcasts of the account wait for whoever it could be.
    HiddenOptOut {
        /// Whose account was written to.
        account: Account,
    },
    /// A person sent a message from the account, and it counts in its limits.
    SentByHand {
        /// Whose account.
        account: Account,
    },
}

impl What {
    /// A hand-over came to be in doubt.
    pub fn opens_doubt(&self) -> bool {
        matches!(self, What::DeliveryMoved { from, to: State::Unconfirmed, .. } if *from != State::Unconfirmed)
    }

    /// A doubt is settled, by evidence, by proof or by a person.
    pub fn settles_doubt(&self) -> bool {
        matches!(self, What::DeliveryMoved { from: State::Unconfirmed, to, .. } if *to != State::Unconfirmed)
    }

    /// The campaign it is about, when it is about one.
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            What::DeliveryMoved { delivery, .. }
            | What::Renewed { delivery }
            | What::LookedUp { delivery, .. } => Some(delivery.campaign()),
            What::DeliveriesSwept { campaign, .. }
            | What::CampaignMoved { campaign, .. }
            | What::MessageEdited { campaign }
            | What::ShareSet { campaign, .. }
            | What::Waits { campaign, .. } => Some(*campaign),
            What::RunnerBegan { .. }
            | What::RunnerEnded
            | What::LaneHeld { .. }
            | What::LaneReleased { .. }
            | What::LimitsSet { .. }
            | What::SharedLimitsSet { .. }
            | What::Checked { .. }
            | What::Replied(_)
            | What::Wished { .. }
            | What::HiddenOptOut { .. }
            | What::SentByHand { .. } => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |account: &Option<Account>| match account {
            Some(account) => account.0.masked().to_string(),
            None => "an account".to_owned(),
        };
        let slot = |only_cold: bool| if only_cold { " (new chats)" } else { "" };
        match self {
            What::RunnerBegan { orphaned, .. } => {
                write!(f, "the runner began, {orphaned} left in doubt")
            }
            What::RunnerEnded => f.write_str("the runner ended"),
            What::DeliveryMoved {
                delivery,
                from,
                to,
                reason,
                corrected,
                ..
            } => {
                write!(f, "{}: {from} -> {to}", place(*delivery))?;
                if let Some(reason) = reason {
                    write!(f, " ({reason})")?;
                }
                f.write_str(if *corrected { ", corrected" } else { "" })
            }
            What::DeliveriesSwept {
                campaign,
                to,
                count,
            } => write!(f, "campaign {}: {count} {to}", campaign.number()),
            What::Renewed { delivery } => write!(f, "{}: once more", place(*delivery)),
            What::LookedUp { delivery, missing } => {
                write!(f, "{}: looked up, {missing}", place(*delivery))
            }
            What::CampaignMoved { campaign, from, to } => {
                write!(f, "campaign {}: {from} -> {to}", campaign.number())
            }
            What::MessageEdited { campaign } => {
                write!(f, "campaign {}: another message", campaign.number())
            }
            What::ShareSet { campaign, share } => write!(
                f,
                "campaign {}: priority {}, weight {}",
                campaign.number(),
                share.priority,
                share.weight
            ),
            What::Waits {
                campaign,
                waits_for,
            } => write!(f, "campaign {} waits for {waits_for:?}", campaign.number()),
            What::LaneHeld {
                account,
                trouble,
                until,
                only_cold,
            } => write!(
                f,
                "{} held until {until}: {trouble:?}{}",
                of(account),
                slot(*only_cold)
            ),
            What::LaneReleased {
                account,
                trouble,
                only_cold,
            } => write!(
                f,
                "{} released: {trouble:?} is over{}",
                of(account),
                slot(*only_cold)
            ),
            What::LimitsSet { account } => write!(f, "{} has other limits", account.0.masked()),
            What::SharedLimitsSet { scope } => write!(f, "{scope} has other limits"),
            What::Checked {
                phone,
                is_on_whatsapp: true,
            } => write!(f, "{} is on WhatsApp", phone.masked()),
            What::Checked { phone, .. } => write!(f, "{} is not on WhatsApp", phone.masked()),
            What::Replied(reply) => write!(f, "{} wrote", reply.from.masked()),
            What::Wished { phone, wish } => match wish {
                Wish::OptOut => write!(f, "{} opted out", phone.masked()),
                Wish::OptIn => write!(f, "{} opted in", phone.masked()),
            },
            What::HiddenOptOut { account } => {
                write!(f, "{}: somebody unknown opted out", account.0.masked())
            }
            What::SentByHand { account } => write!(f, "{}: sent by hand", account.0.masked()),
        }
    }
}

fn place(delivery: DeliveryId) -> String {
    format!(
        "campaign {}, recipient {}",
        delivery.campaign().number(),
        delivery.ordinal()
    )
}

/// Tells what has changed.
#[derive(Debug, Default)]
pub struct Narrator {
    told: u64,
    lanes: BTreeMap<LaneId, Known>,
    waits: BTreeMap<CampaignId, Wait>,
}

/// Why something is held, and until when.
type Held = Option<(Trouble, Timestamp)>;

/// What was told of a lane last.
#[derive(Debug, Default)]
struct Known {
    account: Option<Account>,
    hold: Held,
    cold_hold: Held,
}

/// What a campaign waits for, whatever the moment until which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Hours,
    Limit(Limit),
    SharedLimit(Limit),
    Lane(Trouble),
    Session,
    HiddenOptOut,
    Operator,
}

impl Narrator {
    /// The runner has taken over.
    pub fn began(&mut self, taken: &TakeOver) -> Event {
        let what = What::RunnerBegan {
            orphaned: taken.orphaned,
            is_restored: taken.is_restored,
        };
        self.event(taken.at.wall, what)
    }

    /// The runner ends.
    pub fn ended(&mut self, at: Timestamp) -> Event {
        self.event(at, What::RunnerEnded)
    }

    /// A lane was opened: from here on it is told what changes of it.
    pub fn opened(&mut self, lane: &LaneRecord) {
        let (hold, cold_hold) = holds([lane.hold, lane.cold_hold], &lane.health);
        let known = Known {
            account: Some(lane.account),
            hold,
            cold_hold,
        };
        self.lanes.insert(lane.id, known);
    }

    /// A batch is durable, with these effects.
    pub fn committed(&mut self, batch: &Batch, effects: &[Effect]) -> Vec<Event> {
        let mut events = Vec::new();
        for (change, effect) in batch.changes.iter().zip(effects) {
            if let Change::Lane(note) = change {
                if *effect == Effect::Done {
                    self.noted(note, batch.at.wall, &mut events);
                }
            } else if let Some(what) = changed(change, effect) {
                events.push(self.event(batch.at.wall, what));
            }
            if let Effect::Wished(phone, wish) = effect {
                let what = What::Wished {
                    phone: *phone,
                    wish: *wish,
                };
                events.push(self.event(batch.at.wall, what));
            }
        }
        events
    }

    /// A campaign waits for this now.
    pub fn waits(
        &mut self,
        campaign: CampaignId,
        waits_for: &WaitsFor,
        at: Timestamp,
    ) -> Option<Event> {
        let known = self.waits.get(&campaign).copied();
        let wait = wait_of(waits_for);
        if known == wait {
            return None;
        }
        match wait {
            Some(wait) => self.waits.insert(campaign, wait),
            None => self.waits.remove(&campaign),
        };
        let waits_for = waits_for.clone();
        Some(self.event(
            at,
            What::Waits {
                campaign,
                waits_for,
            },
        ))
    }

    /// Nothing more is told of what this campaign waits for.
    pub fn forget(&mut self, mut is_known: impl FnMut(CampaignId) -> bool) {
        self.waits.retain(|campaign, _| is_known(*campaign));
    }

    fn event(&mut self, at: Timestamp, what: What) -> Event {
        self.told += 1;
        Event {
            number: self.told,
            at,
            what,
        }
    }

    fn noted(&mut self, note: &LaneNote, at: Timestamp, events: &mut Vec<Event>) {
        let known = self.lanes.entry(note.lane).or_default();
        let account = known.account;
        let (hold, cold_hold) = holds([note.hold, note.cold_hold], &note.health);
        let before = std::mem::replace(&mut known.hold, hold);
        let cold_before = std::mem::replace(&mut known.cold_hold, cold_hold);
        let both = [(before, hold, false), (cold_before, cold_hold, true)];
        for (before, now, only_cold) in both {
            let what = match (before, now) {
                (before, Some((trouble, until)))
                    if before.is_none_or(|(earlier, _)| earlier != trouble) =>
                {
                    What::LaneHeld {
                        account,
                        trouble,
                        until,
                        only_cold,
                    }
                }
                (Some((trouble, _)), None) => What::LaneReleased {
                    account,
                    trouble,
                    only_cold,
                },
                _ => continue,
            };
            events.push(self.event(at, what));
        }
    }
}

/// Why a lane is held, and why its cold slot is: what was done to it, or how its messages go.
fn holds(noted: [Option<LaneHold>; 2], health: &LaneHealth) -> (Held, Held) {
    let [hold, cold_hold] = noted.map(|hold| hold.map(|it| (it.trouble, it.until)));
    let unwell = |condition: &Condition| condition.unwell.map(|it| (it.trouble, it.until));
    (
        hold.or(unwell(&health.session)),
        cold_hold.or(unwell(&health.cold)),
    )
}

/// What one change tells; nothing when it changed nothing.
fn changed(change: &Change, effect: &Effect) -> Option<What> {
    let moved = |delivery: DeliveryId, from, to, reason, corrected| What::DeliveryMoved {
        delivery,
        campaign: delivery.campaign(),
        from,
        to,
        reason,
        corrected,
    };
    Some(match (change, effect) {
        (Change::Journal(_), Effect::Lost(_)) => return None,
        (Change::Journal(journal), _) => moved(
            journal.delivery,
            State::Scheduled,
            State::Sending,
            None,
            false,
        ),
        (Change::Happened(happened), Effect::Moved { from, to }) => {
            if (from.state, from.reason) == (to.state, to.reason) {
                return None;
            }
            let corrected = to.corrected && !from.corrected;
            moved(
                happened.delivery,
                from.state,
                to.state,
                to.reason,
                corrected,
            )
        }
        (
            Change::Looked {
                delivery, missing, ..
            },
            Effect::Done,
        ) => What::LookedUp {
            delivery: *delivery,
            missing: missing.clone(),
        },
        (Change::Campaign { campaign, from, to }, Effect::Done) => What::CampaignMoved {
            campaign: *campaign,
            from: *from,
            to: *to,
        },
        (Change::Sweep { campaign, what, .. }, Effect::Swept(count)) if *count > 0 => {
            What::DeliveriesSwept {
                campaign: *campaign,
                to: match what {
                    Sweep::Cancel => State::Cancelled,
                    Sweep::Expire => State::Skipped,
                    Sweep::Retry(_) => State::Scheduled,
                },
                count: *count,
            }
        }
        (Change::NewGeneration { .. }, Effect::Created(delivery)) => What::Renewed {
            delivery: *delivery,
        },
        (Change::Message { campaign, .. }, Effect::Done) => What::MessageEdited {
            campaign: *campaign,
        },
        (Change::Share { campaign, share }, Effect::Done) => What::ShareSet {
            campaign: *campaign,
            share: *share,
        },
        (Change::Limits { account, .. }, Effect::Done) => What::LimitsSet { account: *account },
        (Change::SharedLimits { scope, .. }, Effect::Done) => What::SharedLimitsSet {
            scope: scope.clone(),
        },
        (
            Change::Presence {
                phone,
                is_on_whatsapp,
            },
            Effect::Done,
        ) => What::Checked {
            phone: *phone,
            is_on_whatsapp: *is_on_whatsapp,
        },
        (Change::Reply(reply), Effect::Done | Effect::Wished(..)) => What::Replied(reply.clone()),
        (Change::HiddenReply(reply), Effect::HiddenOptOut) => What::HiddenOptOut {
            account: reply.account,
        },
        (Change::ByHand(sent), Effect::Counted(_)) => What::SentByHand {
            account: sent.account,
        },
        _ => return None,
    })
}

fn wait_of(waits_for: &WaitsFor) -> Option<Wait> {
    Some(match waits_for {
        WaitsFor::Nothing
        | WaitsFor::Limit {
            limit: Limit::Gap | Limit::InFlight,
            ..
        } => return None,
        WaitsFor::Hours { .. } => Wait::Hours,
        WaitsFor::Limit { limit, .. } => Wait::Limit(*limit),
        WaitsFor::SharedLimit { limit, .. } => Wait::SharedLimit(*limit),
        WaitsFor::Lane { trouble, .. } => Wait::Lane(*trouble),
        WaitsFor::Session { .. } => Wait::Session,
        WaitsFor::HiddenOptOut => Wait::HiddenOptOut,
        WaitsFor::Operator => Wait::Operator,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootId, Elapsed, Stamp};
    use crate::delivery::{Ack, Happening, Standing};
    use crate::store::{Epoch, Happened, LaneHealth, Lost, Trusted};

    fn at() -> Stamp {
        Stamp {
            elapsed: Elapsed::default(),
            wall: moment(0),
            boot: BootId(0),
        }
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn campaign() -> CampaignId {
        CampaignId::new(7).unwrap()
    }

    fn delivery() -> DeliveryId {
        DeliveryId::new(campaign(), 3).unwrap()
    }

    fn standing(state: State) -> Standing {
        Standing {
            state,
            ..Standing::NEW
        }
    }

    fn happened() -> Change {
        Change::Happened(Happened {
            delivery: delivery(),
            happening: Happening::Evidence(Ack::Server),
            ends_attempt: false,
            next: None,
            foreign_id: None,
            message: None,
        })
    }

    fn moved(from: State, to: State) -> Effect {
        Effect::Moved {
            from: standing(from),
            to: standing(to),
        }
    }

    fn told(narrator: &mut Narrator, changes: Vec<Change>, effects: &[Effect]) -> Vec<String> {
        let batch = Batch { at: at(), changes };
        let events = narrator.committed(&batch, effects);
        events.iter().map(|event| event.what.to_string()).collect()
    }

    #[test]
    fn each_change_that_took_place_is_told_and_no_other() {
        use crate::campaign::CampaignState as C;
        let move_campaign = || Change::Campaign {
            campaign: campaign(),
            from: C::Running,
            to: C::Paused,
        };
        let sweep = |what| Change::Sweep {
            campaign: campaign(),
            what,
            deliveries_max: 10,
        };
        let phone = PhoneNumber::FICTITIOUS;
        let rows = [
            (
                happened(),
                moved(State::Accepted, State::Sent),
                Some("campaign 7, recipient 3: accepted -> sent"),
            ),
            (happened(), moved(State::Sent, State::Sent), None),
            (happened(), Effect::Lost(Lost::NotFound), None),
            (
                happened(),
                Effect::Moved {
                    from: standing(State::Failed),
                    to: Standing {
                        corrected: true,
                        ..standing(State::Delivered)
                    },
                },
                Some("campaign 7, recipient 3: failed -> delivered, corrected"),
            ),
            (
                move_campaign(),
                Effect::Done,
                Some("campaign 7: running -> paused"),
            ),
            (
                move_campaign(),
                Effect::Lost(Lost::Campaign(C::Cancelled)),
                None,
            ),
            (
                sweep(Sweep::Cancel),
                Effect::Swept(4),
                Some("campaign 7: 4 cancelled"),
            ),
            (sweep(Sweep::Expire), Effect::Swept(0), None),
            (
                Change::LookNow {
                    campaign: campaign(),
                },
                Effect::Done,
                None,
            ),
            (
                Change::NewGeneration {
                    delivery: delivery(),
                },
                Effect::Lost(Lost::NoGeneration),
                None,
            ),
        ];
        for (change, effect, wanted) in rows {
            let found = told(&mut Narrator::default(), vec![change], &[effect]);
            let wanted: Vec<&str> = wanted.into_iter().collect();
            assert_eq!(found, wanted);
        }
        let check = Change::Presence {
            phone,
            is_on_whatsapp: true,
        };
        let found = told(&mut Narrator::default(), vec![check], &[Effect::Done]);
        assert_eq!(found, [format!("{} is on WhatsApp", phone.masked())]);
    }

    #[test]
    fn doubts_are_opened_and_settled() {
        use State as S;
        // From, to, and whether that opens or settles a doubt.
        let rows = [
            (S::Sending, S::Unconfirmed, true, false),
            (S::Unconfirmed, S::Sent, false, true),
            (S::Unconfirmed, S::Scheduled, false, true),
            (S::Sending, S::Accepted, false, false),
        ];
        for (from, to, opens, settles) in rows {
            let changes = vec![happened()];
            let batch = Batch { at: at(), changes };
            let events = Narrator::default().committed(&batch, &[moved(from, to)]);
            let found = (events[0].what.opens_doubt(), events[0].what.settles_doubt());
            assert_eq!(found, (opens, settles), "{from} {to}");
        }
    }

    #[test]
    fn a_hold_is_told_when_it_begins_when_its_reason_changes_and_when_it_ends() {
        let held = |trouble| LaneHold {
            trouble,
            until: moment(60),
            told: at(),
        };
        let note = |hold: Option<Trouble>, cold: Option<Trouble>| {
            Change::Lane(Box::new(LaneNote {
                lane: LaneId(1),
                epoch: Epoch(1),
                day: None,
                warmth: Default::default(),
                hold: hold.map(held),
                cold_hold: cold.map(held),
                trusted: Trusted::default(),
                store_on: None,
                health: LaneHealth::default(),
            }))
        };
        let (away, restricted) = (Trouble::Unreachable, Trouble::Restricted);
        let until = moment(60);
        let rows = [
            (note(None, None), vec![]),
            (
                note(Some(away), None),
                vec![format!("an account held until {until}: Unreachable")],
            ),
            (note(Some(away), None), vec![]),
            (
                note(None, Some(restricted)),
                vec![
                    "an account released: Unreachable is over".to_owned(),
                    format!("an account held until {until}: Restricted (new chats)"),
                ],
            ),
            (
                note(None, None),
                vec!["an account released: Restricted is over (new chats)".to_owned()],
            ),
        ];
        let mut narrator = Narrator::default();
        for (change, wanted) in rows {
            assert_eq!(told(&mut narrator, vec![change], &[Effect::Done]), wanted);
        }
        // A note that was lost was another owner's word.
        let lost = told(
            &mut narrator,
            vec![note(Some(away), None)],
            &[Effect::Lost(Lost::NotOwner)],
        );
        assert!(lost.is_empty());
    }

    #[test]
    fn a_wait_is_told_once_whatever_becomes_of_its_end() {
        let cap = |until| WaitsFor::Limit {
            limit: Limit::DailyCap,
            until: moment(until),
        };
        let gap = WaitsFor::Limit {
            limit: Limit::Gap,
            until: moment(3),
        };
        let rows = [
            (WaitsFor::Nothing, false),
            (gap.clone(), false),
            (cap(100), true),
            (cap(101), false),
            (WaitsFor::Operator, true),
            (gap, true),
            (WaitsFor::Nothing, false),
        ];
        let mut narrator = Narrator::default();
        for (waits, wanted) in rows {
            let event = narrator.waits(campaign(), &waits, moment(0));
            assert_eq!(event.is_some(), wanted, "{waits:?}");
        }
    }

    #[test]
    fn numbers_are_short_in_words_and_whole_in_data() {
        let phone: PhoneNumber = "+6281234567890".parse().unwrap();
        let what = [
            What::Checked {
                phone,
                is_on_whatsapp: false,
            },
            What::LaneReleased {
                account: Some(Account(phone)),
                trouble: Trouble::Restricted,
                only_cold: true,
            },
            What::LimitsSet {
                account: Account(phone),
            },
        ];
        for what in what {
            assert!(!format!("{what} {what:?}").contains("6281234567890"));
            let json = serde_json::to_string(&what).unwrap();
            assert!(json.contains("6281234567890"), "{json}");
        }
    }
}
