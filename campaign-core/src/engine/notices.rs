//! What events tell: acks, echoes, gaps.

use std::time::Duration;

use super::{Engine, Step};
use crate::clock::{Elapsed, Now};
use crate::delivery::{Ack, DeliveryId, Happening};
use crate::gateway::{Account, Notice, Session};
use crate::store::{ByHand, Change, Happened, HiddenReply, Reply};

/// Notices with foreign ids that wait for their delivery to become known.
const PARKED_MAX: usize = 1_024;
/// A foreign id that nothing claims within this time is somebody else's.
const PARKED_FOR: Duration = Duration::from_secs(60);

/// A notice with a foreign id, of which it is not known yet what it is about.
#[derive(Debug, Clone)]
pub struct Unclaimed {
    /// What came.
    pub notice: Notice,
    /// When it came.
    since: Elapsed,
    /// What its text fitted when it came. An attempt that was opened later is not what it tells of.
    fitted: Option<Option<DeliveryId>>,
}

impl Unclaimed {
    fn new(notice: Notice, now: Now) -> Self {
        Self {
            notice,
            since: now.elapsed,
            fitted: None,
        }
    }
}

impl Engine {
    pub(super) fn noticed(&mut self, notice: Notice, now: Now) {
        if self.is_for_others(&notice) {
            return;
        }
        match &notice {
            Notice::Ack { message_id, .. } | Notice::Echo { message_id, .. } => {
                match self.ids.decode(message_id) {
                    Some(delivery) => self.resolved(notice, delivery, now),
                    None if self.steps.len() < PARKED_MAX => {
                        let unclaimed = Unclaimed::new(notice, now);
                        self.steps.push_back(Step::Resolve(unclaimed));
                    }
                    None => {}
                }
            }
            Notice::Status {
                session,
                readiness,
                account,
            } => {
                // It may tell of more than its status: what WhatsApp allows is told anew in the same way.
                if let Some(view) = self.sessions.get_mut(session) {
                    view.observe_at = now.elapsed;
                }
                self.session_changed(&session.clone(), readiness.clone(), *account, now);
            }
            Notice::Reply {
                account,
                message_id,
                from,
                received_at,
                text,
                ..
            } => {
                self.heard_of_whatsapp(*account, now);
                self.changes.push(Change::Reply(Reply {
                    account: *account,
                    message_id: message_id.clone(),
                    from: *from,
                    received_at: *received_at,
                    text: text.clone(),
                }));
            }
            Notice::HiddenReply {
                session,
                account,
                message_id,
                lid,
                received_at,
                text,
            } => {
                self.heard_of_whatsapp(*account, now);
                self.heard_hidden(*lid, session.clone(), now);
                self.changes.push(Change::HiddenReply(HiddenReply {
                    account: *account,
                    message_id: message_id.clone(),
                    lid: *lid,
                    received_at: *received_at,
                    text: text.clone(),
                }));
            }
            Notice::ByHand {
                account,
                to,
                at,
                message_id,
                ..
            } => {
                self.heard_of_whatsapp(*account, now);
                if self.ids.decode(message_id).is_some() {
                    // Ours, whoever the server thinks has sent it.
                    return;
                }
                self.sent_by_hand(ByHand {
                    account: *account,
                    message_id: message_id.clone(),
                    to: *to,
                    at: *at,
                });
            }
            // What may have been missed is found by looking: silence and doubts have their look-ups.
            Notice::Gap { session } => {
                for (name, view) in self.sessions.iter_mut() {
                    if session.as_ref().is_none_or(|session| session == name) {
                        view.observe_at = now.elapsed;
                        if let Some(lane) = view.lane.and_then(|id| self.lanes.get_mut(id)) {
                            lane.health.missed_events();
                        }
                    }
                }
            }
        }
    }

    /// The store has told whose id that is, or what has its text.
    pub(super) fn looked_for(
        &mut self,
        mut unclaimed: Unclaimed,
        delivery: Option<DeliveryId>,
        is_by_text: bool,
        now: Now,
    ) {
        let delivery = match is_by_text {
            true => {
                let fitted = *unclaimed.fitted.get_or_insert(delivery);
                let is_it = delivery == fitted && self.may_fit_by_text(&unclaimed.notice);
                delivery.filter(|_| is_it)
            }
            false => delivery,
        };
        match delivery {
            Some(delivery) => self.resolved(unclaimed.notice, delivery, now),
            None => self.park(unclaimed, now),
        }
    }

    fn park(&mut self, unclaimed: Unclaimed, now: Now) {
        let may_wait = |it: &Unclaimed| now.elapsed.since(it.since) < PARKED_FOR;
        self.parked.retain(may_wait);
        if may_wait(&unclaimed) && self.parked.len() < PARKED_MAX {
            self.parked.push_back(unclaimed);
        }
    }

    /// Whether a message of ours could have come to have another id than ours: where ids are trusted, another id is another message's.
    fn may_fit_by_text(&self, notice: &Notice) -> bool {
        let Notice::Echo {
            account: Some(account),
            kind: Some(kind),
            ..
        } = notice
        else {
            return false;
        };
        let lane = self.lanes.of_account(*account);
        lane.is_some_and(|lane| !lane.trusts(*kind))
    }

    fn resolved(&mut self, notice: Notice, delivery: DeliveryId, now: Now) {
        let (session, ack, account, message_id, kind) = match notice {
            Notice::Ack {
                session,
                ack,
                account,
                message_id,
            } => (session, ack, account, message_id, None),
            Notice::Echo {
                session,
                account,
                message_id,
                kind,
                ..
            } => (session, Ack::Pending, account, message_id, kind),
            Notice::Reply { .. }
            | Notice::ByHand { .. }
            | Notice::HiddenReply { .. }
            | Notice::Status { .. }
            | Notice::Gap { .. } => return,
        };
        let is_ours = self.ids.decode(&message_id) == Some(delivery);
        let flight = self.flights.get_mut(&delivery);
        let is_in_flight = flight.is_some();
        let lane = match &flight {
            Some(flight) => Some(flight.lane),
            None => self.sessions.get(&session).and_then(|view| view.lane),
        };
        let lane = lane.and_then(|lane| self.lanes.get_mut(lane));
        let is_of_it = lane
            .as_ref()
            .is_some_and(|lane| account.is_none_or(|account| account == lane.account));
        if is_in_flight && !is_of_it {
            return;
        }
        let unjudged = flight.as_ref().filter(|flight| !flight.is_judged);
        let unjudged = unjudged.map(|flight| flight.slot);
        if let Some(flight) = flight {
            flight.is_judged |= ack != Ack::Pending;
            if !is_ours {
                flight.foreign_id = Some(message_id.clone());
            }
        }
        let mut lane = lane.filter(|_| is_of_it);
        if let Some(lane) = &mut lane {
            lane.is_noteworthy |=
                lane.health
                    .acknowledged(delivery, ack, unjudged, &self.settings, now);
        }
        // Of an attempt whose answer is not waited for any more, another id than ours may be another message's.
        if let Some(lane) = lane.filter(|_| is_in_flight || is_ours)
            && kind.is_some_and(|kind| lane.learn_id(kind, is_ours))
        {
            let session = lane.session.clone();
            self.look_again_at(&session);
        }
        self.changes.push(Change::Happened(Happened {
            delivery,
            happening: Happening::Evidence(ack),
            ends_attempt: false,
            next: None,
            foreign_id: (!is_ours).then_some(message_id),
            message: None,
        }));
    }

    /// What people write reaches a session only while WhatsApp reaches it.
    fn heard_of_whatsapp(&mut self, account: Account, now: Now) {
        if let Some(lane) = self.lanes.of_account_mut(account) {
            lane.is_noteworthy |= lane.health.is_alive(now);
        }
    }

    /// Ids have proved to be honoured, or the session is back: doubts that lacked nothing else can be settled now.
    pub(super) fn look_again_at(&mut self, session: &Session) {
        let campaigns = self
            .sessions
            .get(session)
            .map(|view| view.jobs.clone())
            .unwrap_or_default();
        self.changes.extend(
            campaigns
                .into_iter()
                .map(|campaign| Change::LookNow { campaign }),
        );
    }

    /// A foreign id has become known, or whether ids are trusted: notices that wait may be about it.
    pub(super) fn unpark(&mut self) {
        self.steps.extend(self.parked.drain(..).map(Step::Resolve));
    }
}

#[cfg(test)]
mod tests;
