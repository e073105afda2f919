//! A server and what it does with a request, faults and all.

use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::{Ack, Doubt};
use campaign_core::engine::Input;
use campaign_core::failure::{NotHandedOver, Outcome, Signal};
use campaign_core::gateway::{Account, Notice, Readiness, Sending, Session};
use campaign_core::limits::Slot;
use campaign_core::message::MessageKind;

use super::super::coverage::Strike;
use super::super::faults::Fault;
use super::handset::Kept;
use super::ledger::Withheld;
use super::{Attempt, Event, Fate, Restriction, World};

/// The client stops waiting for an answer.
const CLIENT_WAIT: Duration = Duration::from_secs(30);
/// The longest that a lane is held after its server or session is back, and a little.
pub(super) const HELD_FOR_LONG: Duration = Duration::from_secs(75);
/// The same after a restriction.
const RESTRICTED_FOR_LONG: Duration = Duration::from_secs(300);
/// WAHA waits for a session that is not WORKING, up to so long, and then goes on or gives up.
const SESSION_WAIT: Duration = Duration::from_secs(15);

#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its place in the ledger.
    pub(super) attempt: usize,
    id: String,
    text_hash: u64,
    fault: Option<Fault>,
}

impl World {
    /// The connection is there at once, or the request waits for one.
    pub(super) fn send(&mut self, sending: Sending) {
        self.withheld.remove(&sending.delivery);
        if self.happens(self.plan.meddling) {
            self.meddle(&sending);
        }
        if self.happens(self.plan.slow_writes) {
            // Longer, too, than its deadline.
            let wait = self.millis(1, 7_000);
            return self.later(wait, Event::Write(self.life, Box::new(sending)));
        }
        self.write(sending);
    }

    pub(super) fn write(&mut self, sending: Sending) {
        let delivery = sending.delivery;
        let mailing = self.mailing_of(delivery.campaign());
        let is_withheld = self.withheld.remove(&delivery)
            || !self.mailings[mailing].gate_is_open
            || self.now.elapsed > self.clocks.in_world(sending.deadline);
        if is_withheld {
            self.ledger.withheld.push(Withheld {
                delivery,
                recorded: self.ledger.journals[&delivery].1,
                life: self.life,
            });
            self.strike(Strike::Withheld, delivery);
            self.write_down(|| format!("withheld {delivery:?} to {}", sending.to));
            let outcome = not_handed_over(NotHandedOver::Withheld, None);
            return self.tell(
                Duration::from_millis(1),
                Input::SendEnded { delivery, outcome },
            );
        }
        let lane = self.lane_of(&sending.session);
        let slot = self.mailings[mailing].slot;
        let rates = self.plan.rates;
        // A message that the store of the server lost, and whose acks nobody heard, cannot be told from
        // one that was never handed over: histories in which not all is heard leave that fault out.
        let hears_all = self.hears_all;
        let fault = rates
            .draw(slot == Slot::Reply, &mut self.rng)
            .filter(|fault| hears_all || *fault != Fault::NeverStored);
        let (journalled, recorded, _) = self.ledger.journals[&delivery];
        self.write_down(|| {
            format!(
                "send {delivery:?} to {} from lane {lane}, fault {fault:?}",
                sending.to
            )
        });
        let attempt = self.ledger.attempts.len();
        let text_hash = sending.message.text_hash();
        let id = if self.handsets[lane].honours_ids {
            sending.message_id
        } else {
            format!("SRV{:016X}", self.rng.u64(..))
        };
        self.ledger.attempts.push(Attempt {
            delivery,
            mailing,
            lane,
            account: self.handsets[lane].account,
            slot,
            life: self.life,
            to: sending.to,
            text: sending.message.text.into(),
            journalled,
            recorded,
            stamped: self.ledger.stamps[&delivery],
            received: self.now.elapsed,
            received_wall: self.now.wall,
            fate: Fate::Accepted,
            fault,
            told: None,
            handed: None,
            has_arrived: false,
            was_held: false,
            is_forgotten: false,
            refused: None,
            corrected: None,
        });
        let request = Request {
            attempt,
            id,
            text_hash,
            fault,
        };
        self.receive(request, lane);
    }

    fn receive(&mut self, request: Request, lane: usize) {
        let (attempt, fault) = (request.attempt, request.fault);
        let now = self.now.elapsed;
        let handset = &self.handsets[lane];
        if now < handset.gone_until {
            let works = self.millis(2, 3_000);
            let outcome = not_handed_over(NotHandedOver::Unreachable, None);
            return self.end(works, attempt, outcome);
        }
        if now < handset.refuses_until {
            let works = self.millis(2, 20);
            let outcome = not_handed_over(NotHandedOver::Unauthorized, None);
            return self.end(works, attempt, outcome);
        }
        if now < handset.flap_until {
            let wait = handset.flap_until.since(now);
            if wait > SESSION_WAIT {
                let outcome = not_handed_over(NotHandedOver::SessionNotReady, None);
                return self.end(SESSION_WAIT, attempt, outcome);
            }
            let works = wait + self.millis(20, 60);
            return self.answer(request, works, Ok(()));
        }
        if now < handset.holds_until {
            return self.hold(request, lane);
        }
        let to = self.ledger.attempts[attempt].to;
        if now < handset.restricted_until && !handset.has_heard(to, self.now.wall) {
            return self.restricted(attempt);
        }
        let works = self.millis(20, 300);
        match fault {
            Some(Fault::ErrorBefore) => self.end(works, attempt, maybe(Doubt::ServerError, None)),
            Some(Fault::Restricted) => {
                if self.handsets[lane].has_heard(to, self.now.wall) {
                    return self.answer(request, works, Ok(()));
                }
                let lasts = self.millis(1_000, 400_000);
                self.handsets[lane].restricted_until = now + lasts;
                self.disturb(Some(lane), lasts + RESTRICTED_FOR_LONG);
                self.restricted(attempt);
            }
            Some(Fault::ResetBefore) => self.end(works, attempt, maybe(Doubt::NoAnswer, None)),
            Some(Fault::RateLimited) => {
                let wait = Some(Duration::from_secs(7));
                self.disturb(Some(lane), HELD_FOR_LONG);
                self.end(
                    works,
                    attempt,
                    not_handed_over(NotHandedOver::RateLimited, wait),
                );
            }
            Some(Fault::Broken) => {
                self.end(works, attempt, not_handed_over(NotHandedOver::Broken, None));
            }
            Some(Fault::Refused) => {
                let message = "refused".into();
                self.end(works, attempt, Outcome::Refused { message });
            }
            Some(Fault::Flap) => {
                let lasts = self.millis(2_000, 40_000);
                self.flap(lane, lasts);
                let outcome = not_handed_over(NotHandedOver::SessionNotReady, None);
                self.end(works, attempt, outcome);
            }
            Some(Fault::Unauthorized) => {
                let lasts = self.millis(2_000, 40_000);
                self.handsets[lane].refuses_until = now + lasts;
                self.disturb(Some(lane), lasts + HELD_FOR_LONG);
                let outcome = not_handed_over(NotHandedOver::Unauthorized, None);
                self.end(works, attempt, outcome);
            }
            Some(Fault::Held) => {
                // Sooner and later than the hold horizon and than the client's patience.
                let lasts = self.millis(1_000, 100_000);
                self.handsets[lane].holds_until = now + lasts;
                self.disturb(Some(lane), lasts + HELD_FOR_LONG);
                self.hold(request, lane);
            }
            Some(Fault::Late) => {
                let late = self.millis(1_000, 110_000);
                self.later(late, Event::HandOver(request));
                self.end(CLIENT_WAIT, attempt, maybe(Doubt::NoAnswer, None));
            }
            Some(Fault::AnswerLost) => {
                self.later(works, Event::HandOver(request));
                self.end(CLIENT_WAIT, attempt, maybe(Doubt::NoAnswer, None));
            }
            Some(Fault::ErrorAfter) => self.answer(request, works, Err(Doubt::ServerError)),
            Some(Fault::ResetAfter) => self.answer(request, works, Err(Doubt::NoAnswer)),
            Some(Fault::Slow) => {
                let works = self.millis(5_000, 29_000);
                self.answer(request, works, Ok(()));
            }
            _ => self.answer(request, works, Ok(())),
        }
    }

    fn restricted(&mut self, attempt: usize) {
        let works = self.millis(20, 300);
        let outcome = maybe(Doubt::ServerError, Some(Signal::Restricted));
        self.end(works, attempt, outcome);
    }

    /// The server sits on it, and lets everything that it sits on go at the same moment.
    fn hold(&mut self, request: Request, lane: usize) {
        let attempt = request.attempt;
        self.ledger.attempts[attempt].was_held = true;
        let lasts = self.handsets[lane].holds_until.since(self.now.elapsed);
        if lasts < CLIENT_WAIT {
            return self.answer(request, lasts, Ok(()));
        }
        self.later(lasts, Event::HandOver(request));
        self.end(CLIENT_WAIT, attempt, maybe(Doubt::NoAnswer, None));
    }

    /// The session is not WORKING for so long.
    pub(super) fn flap(&mut self, lane: usize, lasts: Duration) {
        self.disturb(Some(lane), lasts + HELD_FOR_LONG);
        let handset = &mut self.handsets[lane];
        handset.flap_until = (self.now.elapsed + lasts).max(handset.pairs_until);
        let away = self.status(lane, Readiness::NotReady("STARTING".into()));
        self.all_hear(Duration::from_millis(50), &away);
        self.tell_when_back(lasts, lane);
    }

    pub(super) fn status(&self, lane: usize, readiness: Readiness) -> Notice {
        Notice::Status {
            session: self.handsets[lane].session.clone(),
            readiness,
            account: Some(self.handsets[lane].account),
        }
    }

    fn end(&mut self, after: Duration, attempt: usize, outcome: Outcome) {
        self.ledger.attempts[attempt].fate = match &outcome {
            Outcome::Accepted { .. } => Fate::Accepted,
            Outcome::NotHandedOver { why, .. } => Fate::NotHandedOver(*why),
            Outcome::Refused { .. } => Fate::Refused,
            Outcome::MaybeSent { signal, .. } => Fate::Doubt(*signal),
        };
        self.later(after, Event::Ended(self.life, attempt, outcome));
    }

    /// The engine hears how an attempt ended.
    pub(super) fn ended(&mut self, attempt: usize, outcome: Outcome) {
        let now = self.now.elapsed;
        let sent = &mut self.ledger.attempts[attempt];
        sent.told = Some(now);
        let (delivery, account) = (sent.delivery, sent.account);
        if matches!(outcome, Outcome::MaybeSent { .. }) {
            self.ledger.doubts_made += 1;
        }
        if let Outcome::MaybeSent {
            signal: Some(Signal::Restricted),
            ..
        } = outcome
        {
            self.ledger.restrictions.push(Restriction {
                account,
                life: self.life,
                told: now,
                forgotten: None,
                is_durable: false,
            });
        }
        let strike = match &outcome {
            Outcome::Accepted { .. } => Strike::Accepted,
            Outcome::NotHandedOver { why, .. } => match why {
                NotHandedOver::SessionNotReady => Strike::NotReady,
                NotHandedOver::Unauthorized => Strike::Unauthorized,
                NotHandedOver::RateLimited => Strike::RateLimited,
                NotHandedOver::Unreachable => Strike::Outage,
                _ => Strike::Broken,
            },
            Outcome::Refused { .. } => Strike::Refused,
            Outcome::MaybeSent {
                signal: Some(_), ..
            } => Strike::Restricted,
            Outcome::MaybeSent { doubt, .. } => match doubt {
                Doubt::NoAnswer => Strike::NoAnswer,
                Doubt::ServerError => Strike::ServerError,
                Doubt::Restricted => Strike::Restricted,
            },
        };
        self.write_down(|| format!("{delivery:?} ends: {outcome:?}"));
        self.strike(strike, delivery);
        self.handle(Input::SendEnded { delivery, outcome });
    }

    /// The server carries it out after so long and answers, or fails to.
    fn answer(&mut self, request: Request, works: Duration, answer: Result<(), Doubt>) {
        let attempt = request.attempt;
        let outcome = match answer {
            Ok(()) => Outcome::Accepted {
                message_id: Some(request.id.as_str().into()),
            },
            Err(doubt) => maybe(doubt, None),
        };
        self.later(works, Event::HandOver(request));
        let back = self.millis(1, 10);
        self.end(works + back, attempt, outcome);
    }

    pub(super) fn hand_over(&mut self, request: Request) {
        let now = self.now;
        let sent = &mut self.ledger.attempts[request.attempt];
        sent.handed = Some((now.elapsed, now.wall));
        sent.has_arrived = !matches!(request.fault, Some(Fault::AckError | Fault::Vanished));
        let (delivery, lane, to, account) = (sent.delivery, sent.lane, sent.to, sent.account);
        let strike = match (sent.told.is_some(), sent.was_held) {
            (_, true) => Strike::HeldLetGo,
            (true, false) => Strike::HandedOverLate,
            (false, false) => Strike::HandedOver,
        };
        self.write_down(|| format!("handed over {delivery:?} to {to}"));
        self.strike(strike, delivery);
        if self.has_lost_its_lease(request.attempt) {
            self.strike(Strike::HandedOverAfterLease, delivery);
        }
        let found_from = match request.fault {
            Some(Fault::NeverStored) => None,
            // Sooner than a server may hold a request: then it would have to be held that long, too.
            // Held requests are carried out a minute late as it is: more than the absence horizon in all is beyond every proof.
            Some(Fault::StoredLate) => Some(now.elapsed + self.millis(1_000, 45_000)),
            _ => Some(now.elapsed),
        };
        let handset = &mut self.handsets[lane];
        if handset.account != account {
            // What another account had in flight went out from its own phone, or nowhere: nothing of it is seen here.
            return;
        }
        let is_dead = now.elapsed < handset.dead_until;
        let kept = Kept {
            attempt: request.attempt,
            to,
            ack: Ack::Pending,
            found_from: found_from.filter(|_| handset.store_is_on),
        };
        handset.kept.insert(request.id.clone(), kept);
        if is_dead {
            self.ledger.attempts[request.attempt].has_arrived = false;
        }
        self.echo_and_acks(&request, lane, to, is_dead);
        if self.happens(self.plan.races) {
            self.race(delivery);
        }
    }

    fn echo_and_acks(
        &mut self,
        request: &Request,
        lane: usize,
        to: campaign_core::phone::PhoneNumber,
        is_dead: bool,
    ) {
        let (session, account) = self.names_of(lane);
        let handset = &self.handsets[lane];
        let is_told = !handset.hides_people || handset.knows(to);
        let echo = Notice::Echo {
            session,
            account: Some(account),
            message_id: request.id.as_str().into(),
            to: is_told.then_some(to),
            kind: Some(MessageKind::Text),
            text_hash: request.text_hash,
        };
        let soon = self.millis(1, 100);
        if self.plan.hears_events {
            self.all_hear(soon, &echo);
        }
        let acks: &[(u64, Ack, bool)] = match request.fault {
            _ if is_dead => &[],
            Some(Fault::AckMissing) => &[(500, Ack::Server, false), (3_000, Ack::Device, false)],
            Some(Fault::AckLate) => &[(3_600_500, Ack::Server, true), (3_603_000, Ack::Read, true)],
            Some(Fault::AckDisorder) => &[
                (500, Ack::Device, true),
                (900, Ack::Server, true),
                (1_200, Ack::Device, true),
            ],
            Some(Fault::AckBackwards) => &[(500, Ack::Device, true), (900, Ack::Server, true)],
            Some(Fault::AckErrorThenDevice) => {
                &[(500, Ack::Error, true), (5_000, Ack::Device, true)]
            }
            Some(Fault::AckError) => &[(500, Ack::Error, true)],
            Some(Fault::Vanished) => &[],
            _ => &[(300, Ack::Server, true), (2_500, Ack::Device, true)],
        };
        for (after, ack, is_told) in acks {
            let event = Event::Acknowledged {
                lane,
                id: request.id.clone(),
                ack: *ack,
                is_told: *is_told && self.plan.hears_events,
            };
            self.later(Duration::from_millis(*after), event);
        }
    }

    fn names_of(&self, lane: usize) -> (Session, Account) {
        let handset = &self.handsets[lane];
        (handset.session.clone(), handset.account)
    }

    pub(super) fn lane_of(&self, session: &Session) -> usize {
        let lane = self.handsets.iter().position(|it| it.session == *session);
        lane.expect("a session of this world")
    }
}

impl super::Handset {
    /// Whether somebody has written within a day.
    pub(super) fn has_heard(
        &self,
        from: campaign_core::phone::PhoneNumber,
        now: jiff::Timestamp,
    ) -> bool {
        self.heard
            .get(&from)
            .is_some_and(|at| now.duration_since(*at) <= jiff::SignedDuration::from_hours(24))
    }

    pub(super) fn is_away(&self, now: Elapsed) -> bool {
        now < self.flap_until
    }
}

pub(super) fn maybe(doubt: Doubt, signal: Option<Signal>) -> Outcome {
    Outcome::MaybeSent {
        doubt,
        signal,
        message: "in doubt".into(),
    }
}

fn not_handed_over(why: NotHandedOver, retry_after: Option<Duration>) -> Outcome {
    Outcome::NotHandedOver {
        why,
        retry_after,
        message: "not handed over".into(),
    }
}
