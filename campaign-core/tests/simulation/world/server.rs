//! The server and the phone behind it: what they do with a request, faults and all, and what they know of it afterwards.

use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::{Ack, DeliveryId, Doubt};
use campaign_core::engine::Input;
use campaign_core::failure::{NotHandedOver, Outcome, Signal};
use campaign_core::gateway::{
    Finding, Found, Notice, NumberStatus, Observation, Readiness, Sending,
};
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use jiff::Timestamp;

use super::super::faults::Fault;
use super::{Delivered, Event, World, account, session};

/// The client stops waiting for an answer.
const CLIENT_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(super) struct Request {
    sending: Sending,
    id: String,
    fault: Option<Fault>,
    received: Elapsed,
    received_wall: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) to: PhoneNumber,
    pub(super) ack: Ack,
    pub(super) is_stored: bool,
}

impl World {
    /// The first question about a number may come to nothing.
    pub(super) fn number_status(&mut self, phone: PhoneNumber) -> NumberStatus {
        let is_known = self.checks.iter().any(|(other, ..)| *other == phone);
        let status = if !is_known && self.rng.u8(..) < 12 {
            NumberStatus::Unknown
        } else if self.is_absent(phone) {
            NumberStatus::NotOnWhatsapp
        } else {
            NumberStatus::OnWhatsapp
        };
        self.write_down(|| format!("check of {phone} -> {status:?}"));
        self.checks.push((phone, self.now.elapsed, status));
        status
    }

    pub(crate) fn is_absent(&self, phone: PhoneNumber) -> bool {
        let one_in = self.plan.absent_one_in;
        one_in.is_some_and(|one_in| phone.digits().is_multiple_of(one_in))
    }

    pub(super) fn send(&mut self, sending: Sending) {
        let delivery = sending.delivery;
        if !self.gate_is_open || self.now.elapsed > sending.deadline {
            let outcome = not_handed_over(NotHandedOver::Withheld, None);
            return self.tell(
                Duration::from_millis(1),
                Input::SendEnded { delivery, outcome },
            );
        }
        // A message that the store of the server lost, and whose acks nobody heard, cannot be told from
        // one that was never handed over: histories in which not all is heard leave that fault out.
        let hears_all = self.plan.crashes == 0 && self.plan.restores == 0 && self.plan.hears_events;
        let fault = self
            .plan
            .rates
            .draw(&mut self.rng)
            .filter(|fault| hears_all || *fault != Fault::NeverStored);
        self.write_down(|| format!("send to {} fault {fault:?}", sending.to));
        let id = if self.plan.honours_ids {
            sending.message_id.clone()
        } else {
            format!("SRV{:016X}", self.rng.u64(..))
        };
        let request = Request {
            sending,
            id: id.clone(),
            fault,
            received: self.now.elapsed,
            received_wall: self.now.wall,
        };
        if self.now.elapsed < self.flap_until {
            // WAHA waits for the session, up to 15 s, and then goes on or gives up.
            let wait = self.flap_until.since(self.now.elapsed);
            if wait > Duration::from_secs(15) {
                let outcome = not_handed_over(NotHandedOver::SessionNotReady, None);
                return self.tell(
                    Duration::from_secs(15),
                    Input::SendEnded { delivery, outcome },
                );
            }
            let works = wait + self.millis(20, 60);
            return self.answer(request, works, Ok(()));
        }
        let works = self.millis(20, 300);
        match fault {
            Some(Fault::ErrorBefore) => self.end(works, delivery, maybe(Doubt::ServerError, None)),
            Some(Fault::Restricted) => self.end(
                works,
                delivery,
                maybe(Doubt::ServerError, Some(Signal::Restricted)),
            ),
            Some(Fault::ResetBefore) => self.end(works, delivery, maybe(Doubt::NoAnswer, None)),
            Some(Fault::RateLimited) => {
                let outcome =
                    not_handed_over(NotHandedOver::RateLimited, Some(Duration::from_secs(7)));
                self.end(works, delivery, outcome);
            }
            Some(Fault::Broken) => self.end(
                works,
                delivery,
                not_handed_over(NotHandedOver::Broken, None),
            ),
            Some(Fault::Refused) => {
                let message = "refused".into();
                self.end(works, delivery, Outcome::Refused { message });
            }
            Some(Fault::Flap) => {
                let lasts = self.millis(2_000, 40_000);
                self.flap_until = self.now.elapsed + lasts;
                self.tell(
                    Duration::from_millis(50),
                    Input::Noticed(status(Readiness::NotReady("STARTING".into()))),
                );
                self.tell(lasts, Input::Noticed(status(Readiness::Working)));
                self.end(
                    works,
                    delivery,
                    not_handed_over(NotHandedOver::SessionNotReady, None),
                );
            }
            Some(Fault::Late) => {
                // Sooner and later than the hold horizon and than the client's patience.
                let late = self.millis(1_000, 110_000);
                self.later(late, Event::HandOver(request));
                self.end(CLIENT_WAIT, delivery, maybe(Doubt::NoAnswer, None));
            }
            Some(Fault::AnswerLost) => {
                self.later(works, Event::HandOver(request));
                self.end(CLIENT_WAIT, delivery, maybe(Doubt::NoAnswer, None));
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

    fn end(&mut self, after: Duration, delivery: DeliveryId, outcome: Outcome) {
        self.doubts_made += u64::from(matches!(outcome, Outcome::MaybeSent { .. }));
        self.tell(after, Input::SendEnded { delivery, outcome });
    }

    /// The server carries it out after so long and answers, or fails to.
    fn answer(&mut self, request: Request, works: Duration, answer: Result<(), Doubt>) {
        let delivery = request.sending.delivery;
        let outcome = match answer {
            Ok(()) => Outcome::Accepted {
                message_id: Some(request.id.as_str().into()),
            },
            Err(doubt) => maybe(doubt, None),
        };
        self.later(works, Event::HandOver(request));
        let back = self.millis(1, 10);
        self.end(works + back, delivery, outcome);
    }

    pub(super) fn hand_over(&mut self, request: Request) {
        let delivered = Delivered {
            to: request.sending.to,
            received: request.received,
            received_wall: request.received_wall,
            handed: self.now.elapsed,
            handed_wall: self.now.wall,
        };
        self.write_down(|| format!("handed over to {}", delivered.to));
        self.requests.push(delivered.clone());
        if request.fault != Some(Fault::AckError) {
            self.ledger.push(delivered);
        }
        let id = request.id;
        self.kept.insert(
            id.clone(),
            Kept {
                to: request.sending.to,
                ack: Ack::Pending,
                is_stored: self.store_is_on && request.fault != Some(Fault::NeverStored),
            },
        );
        let echo = Notice::Echo {
            session: session(),
            account: Some(account()),
            message_id: id.as_str().into(),
            to: Some(request.sending.to),
            kind: Some(MessageKind::Text),
            text_hash: request.sending.message.text_hash(),
        };
        let soon = self.millis(1, 100);
        if self.plan.hears_events {
            self.tell(soon, Input::Noticed(echo));
        }
        let acks: &[(u64, Ack, bool)] = match request.fault {
            Some(Fault::AckMissing) => &[(500, Ack::Server, false), (3_000, Ack::Device, false)],
            Some(Fault::AckDisorder) => &[
                (500, Ack::Device, true),
                (900, Ack::Server, true),
                (1_200, Ack::Device, true),
            ],
            Some(Fault::AckErrorThenDevice) => {
                &[(500, Ack::Error, true), (5_000, Ack::Device, true)]
            }
            Some(Fault::AckError) => &[(500, Ack::Error, true)],
            _ => &[(300, Ack::Server, true), (2_500, Ack::Device, true)],
        };
        for (after, ack, is_told) in acks {
            let event = Event::Acknowledged {
                id: id.clone(),
                ack: *ack,
                is_told: *is_told && self.plan.hears_events,
            };
            self.later(Duration::from_millis(*after), event);
        }
    }

    pub(super) fn find(&self, finding: &Finding) -> Found {
        if !self.store_is_on {
            return Found::Unknown {
                why: "the store is off".into(),
            };
        }
        if self.now.elapsed < self.flap_until {
            return Found::Unknown { why: "422".into() };
        }
        let look = |to: PhoneNumber, id: &str| {
            self.kept
                .get(id)
                .filter(|kept| kept.is_stored && kept.to == to)
                .map(|kept| kept.ack)
        };
        match look(finding.to, &finding.message_id) {
            Some(ack) => Found::Found(ack),
            None => Found::Absent {
                complete: finding
                    .control
                    .as_ref()
                    .is_some_and(|control| look(control.to, &control.message_id).is_some()),
            },
        }
    }

    pub(super) fn observe(&self) -> Observation {
        let readiness = if self.now.elapsed < self.flap_until {
            Readiness::NotReady("STARTING".into())
        } else {
            Readiness::Working
        };
        Observation {
            account: Some(account()),
            server_up_since: Some(Elapsed::from_micros(1)),
            server_time: Some(self.now.wall),
            store_on: Some(self.store_is_on),
            platform: Some("simulation".into()),
            ..Observation::only(readiness)
        }
    }
}

fn status(readiness: Readiness) -> Notice {
    Notice::Status {
        session: session(),
        readiness,
        account: Some(account()),
    }
}

fn maybe(doubt: Doubt, signal: Option<Signal>) -> Outcome {
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
