//! One campaign at work: the bounded window of its deliveries, and what it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::lane::wait_between;
use crate::campaign::CampaignState;
use crate::clock::{Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, State};
use crate::gateway::Session;
use crate::limits::Slot;
use crate::message::{BoundMessage, MessageTemplate};
use crate::store::{CampaignRecord, CommandId, Ready, ReadyPage, ReadyQuery, Sweep};

/// A campaign that the engine works on.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: CampaignRecord,
    pub(super) state: CampaignState,
    /// `None` when its message does not fit its columns, which the import rules out: then it sends nothing.
    pub(super) message: Option<BoundMessage>,
    pub(super) in_flight: u32,
    /// Pauses and cancels that are answered when nothing is in flight, or when this time is over.
    pub(super) awaiting_quiet: Vec<(CommandId, Elapsed)>,
    /// What the last sweep could not finish.
    pub(super) sweep: Option<Sweep>,
    pub(super) is_rereading: bool,
    pub(super) is_moving: bool,
    /// Another message is on its way to the store: what is journalled before it is there would say the old one.
    pub(super) is_edited: bool,
    /// There was something to send again while it was moving.
    pub(super) is_woken: bool,
    pub(super) completed_at: Option<Elapsed>,
    /// Its counters are not read more often than this.
    pub(super) reread_at: Elapsed,
    pub(super) has_expiry_swept: bool,
    window: VecDeque<Ready>,
    later: BTreeMap<(Elapsed, DeliveryId), Ready>,
    after: Option<DeliveryId>,
    is_loading: bool,
    /// The page that is being read is from before everything was forgotten: what stands on it may have been swept meanwhile.
    is_page_stale: bool,
    /// The last page ended the campaign's deliveries that are due; they are read again from the start then.
    reload_at: Option<Elapsed>,
    is_read_through: bool,
}

impl Job {
    pub(super) fn new(record: CampaignRecord) -> Self {
        Self {
            state: record.state,
            message: record.definition.message.bind(&record.columns).ok(),
            record,
            in_flight: 0,
            awaiting_quiet: Vec::new(),
            sweep: None,
            is_rereading: false,
            is_moving: false,
            is_edited: false,
            is_woken: false,
            completed_at: None,
            reread_at: Elapsed::default(),
            has_expiry_swept: false,
            window: VecDeque::new(),
            later: BTreeMap::new(),
            after: None,
            is_loading: false,
            is_page_stale: false,
            reload_at: None,
            is_read_through: false,
        }
    }

    /// Says something else from now on.
    pub(super) fn say(&mut self, message: MessageTemplate) {
        self.message = message.bind(&self.record.columns).ok();
        Arc::make_mut(&mut self.record.definition).message = message;
    }

    pub(super) fn id(&self) -> CampaignId {
        self.record.id
    }

    /// The slot of its lane that it goes through.
    pub(super) fn slot(&self) -> Slot {
        self.record.definition.slot()
    }

    pub(super) fn session(&self) -> &Session {
        &self.record.definition.session
    }

    /// Expired with deliveries that were not swept yet.
    pub(super) fn must_expire(&mut self, now: Now) -> bool {
        let must =
            self.has_expired(now) && !self.has_expiry_swept && self.state == CampaignState::Running;
        self.has_expiry_swept |= must;
        must
    }

    /// A delivery came back that was on its way when the others were swept.
    pub(super) fn sweep_again(&mut self) {
        self.has_expiry_swept = false;
        if self.state == CampaignState::Cancelled {
            self.sweep.get_or_insert(Sweep::Cancel);
        }
    }

    pub(super) fn has_expired(&self, now: Now) -> bool {
        self.record
            .definition
            .expires_at
            .is_some_and(|expiry| expiry <= now.wall)
    }

    /// When it may send: the moment after which it may not any more, or the moment from which it may.
    pub(super) fn open(&self, now: Now) -> Result<Option<Timestamp>, Option<Elapsed>> {
        let definition = &self.record.definition;
        if let Some(start) = definition.starts_at.filter(|start| *start > now.wall) {
            return Err(Some(now.elapsed + wait_between(now, start)));
        }
        let closes = match &definition.hours {
            None => None,
            Some(hours) => match hours.closes_after(now.wall) {
                Some(closes) => Some(closes),
                None => {
                    let opens = hours.next_open(now.wall);
                    return Err(opens.map(|opens| now.elapsed + wait_between(now, opens)));
                }
            },
        };
        Ok([closes, definition.expires_at].into_iter().flatten().min())
    }

    /// The next delivery that is due, if one is in memory.
    pub(super) fn take(&mut self, now: Now) -> Option<Ready> {
        if let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now.elapsed
        {
            return Some(entry.remove());
        }
        self.window.pop_front()
    }

    /// Puts back what was not sent after all.
    pub(super) fn put_back(&mut self, ready: Ready) {
        self.window.push_front(ready);
    }

    /// Keeps a delivery until it is due again. What does not fit stays in the store and is read again.
    pub(super) fn put_off(&mut self, ready: Ready, until: Elapsed, window: u32) {
        if self.later.len() < window as usize {
            self.later.insert((until, ready.delivery), ready);
        } else {
            self.reload_at = Some(self.reload_at.map_or(until, |other| other.min(until)));
        }
    }

    /// Forgets what is in memory and reads from the start again: the store has it all, and there may be new ones among those passed.
    pub(super) fn start_over(&mut self) {
        self.window.clear();
        self.later.clear();
        self.after = None;
        self.is_read_through = false;
        self.is_page_stale = self.is_loading;
        self.reload_at = None;
        self.completed_at = None;
        self.reread_at = Elapsed::default();
    }

    pub(super) fn loaded(
        &mut self,
        page: ReadyPage,
        is_known: impl Fn(DeliveryId) -> bool,
        now: Now,
    ) {
        self.is_loading = false;
        if std::mem::take(&mut self.is_page_stale) {
            return;
        }
        if let Some(last) = page.ready.last() {
            self.after = Some(last.delivery);
        }
        // What was put back while the page was being read may be on it.
        let window = self.window.iter().map(|ready| ready.delivery);
        let later = self.later.keys().map(|(_, delivery)| *delivery);
        let held: BTreeSet<DeliveryId> = window.chain(later).collect();
        self.window.extend(
            page.ready
                .into_iter()
                .filter(|ready| !is_known(ready.delivery) && !held.contains(&ready.delivery)),
        );
        if !page.has_more {
            self.after = None;
            self.is_read_through = true;
        }
        if let Some(due) = page.next_due {
            let due = now.elapsed + wait_between(now, due);
            self.reload_at = Some(self.reload_at.map_or(due, |other| other.min(due)));
        }
    }

    pub(super) fn load_failed(&mut self) {
        self.is_loading = false;
        self.is_page_stale = false;
    }

    /// What to read next, when memory runs low.
    pub(super) fn wants(&mut self, window: u32, now: Now) -> Option<ReadyQuery> {
        if self.state != CampaignState::Running
            || self.is_loading
            || self.window.len() > window as usize / 2
        {
            return None;
        }
        if self.is_read_through {
            self.reload_at
                .filter(|moment| *moment <= now.elapsed && self.window.is_empty())?;
            self.reload_at = None;
            self.is_read_through = false;
            self.after = None;
        }
        self.is_loading = true;
        Some(ReadyQuery {
            campaign: self.id(),
            after: self.after,
            due: now.wall,
            limit: window / 2,
        })
    }

    /// Nothing of it is in memory, and the store has nothing more that is due or will be.
    pub(super) fn is_used_up(&self) -> bool {
        self.is_read_through
            && !self.is_loading
            && self.window.is_empty()
            && self.later.is_empty()
            && self.reload_at.is_none()
            && self.in_flight == 0
    }

    /// The next moment at which it has something to do by itself.
    pub(super) fn next_moment(&self, now: Now) -> Option<Elapsed> {
        let quiet = self.awaiting_quiet.iter().map(|(_, until)| *until).min();
        let expiry = self
            .record
            .definition
            .expires_at
            .filter(|_| {
                !matches!(
                    self.state,
                    CampaignState::Settled | CampaignState::Cancelled | CampaignState::Completed
                )
            })
            .map(|expiry| now.elapsed + wait_between(now, expiry))
            .filter(|moment| *moment > now.elapsed);
        let start = (self.state == CampaignState::Scheduled)
            .then(|| self.open(now).err().flatten())
            .flatten();
        let work = (self.state == CampaignState::Running)
            .then(|| {
                let later = self.later.keys().next().map(|(moment, _)| *moment);
                [later, self.reload_at.filter(|_| self.window.is_empty())]
                    .into_iter()
                    .flatten()
                    .min()
            })
            .flatten();
        [quiet, expiry, start, work].into_iter().flatten().min()
    }

    pub(super) fn has_work(&self, now: Now) -> bool {
        self.message.is_some()
            && (!self.window.is_empty()
                || self
                    .later
                    .keys()
                    .next()
                    .is_some_and(|(moment, _)| *moment <= now.elapsed))
    }

    /// Nothing is scheduled or sending, by the store's own counters.
    pub(super) fn is_complete(&self) -> bool {
        self.record.counts.of(State::Scheduled) == 0 && self.record.counts.of(State::Sending) == 0
    }

    pub(super) fn is_settled(&self) -> bool {
        self.is_complete() && self.record.counts.of(State::Unconfirmed) == 0
    }
}
