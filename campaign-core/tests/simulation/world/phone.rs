//! What a server tells when it is asked, and what its phones do by themselves.

use std::time::Duration;

use campaign_core::delivery::{Ack, CampaignId, DeliveryId, State};
use campaign_core::gateway::{
    Finding, Found, Notice, NumberStatus, Observation, Readiness, Session,
};
use campaign_core::message::{MessageKind, text_hash};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::ReportRow;

use super::super::coverage::Strike;
use super::audience::phone;
use super::ledger::Forward;
use super::shared::SERVER;
use super::{Event, World};

impl World {
    /// The first question about a number may come to nothing.
    pub(super) fn number_status(&mut self, phone: PhoneNumber) -> NumberStatus {
        let is_known = self.ledger.checks.iter().any(|(other, ..)| *other == phone);
        let status = if !is_known && self.rng.u8(..) < 12 {
            NumberStatus::Unknown
        } else if self.is_absent(phone) {
            NumberStatus::NotOnWhatsapp
        } else {
            NumberStatus::OnWhatsapp
        };
        self.write_down(|| format!("check of {phone} -> {status:?}"));
        self.ledger.checks.push((phone, self.now.elapsed, status));
        status
    }

    pub(crate) fn is_absent(&self, phone: PhoneNumber) -> bool {
        let one_in = self.plan.campaigns[0].absent_one_in;
        one_in.is_some_and(|one_in| phone.digits().is_multiple_of(one_in))
    }

    pub(super) fn find(&self, finding: &Finding) -> Found {
        let now = self.now.elapsed;
        let handset = &self.handsets[self.lane_of(&finding.session)];
        if !handset.store_is_on {
            return Found::Unknown {
                why: "the store is off".into(),
            };
        }
        if now < handset.gone_until {
            return Found::Unknown {
                why: "nobody answers".into(),
            };
        }
        if now < handset.refuses_until {
            return Found::Unknown { why: "401".into() };
        }
        if handset.is_away(now) {
            return Found::Unknown { why: "422".into() };
        }
        // In the chat with the phone, and in the one with the LID where the session knows it, as the gateway does it.
        let is_seen = |to: PhoneNumber| !handset.is_keyed_by_lid || handset.knows(to);
        let look = |to: PhoneNumber, id: &str| {
            if handset.others.get(id) == Some(&to) && is_seen(to) {
                return Some(Ack::Device);
            }
            let kept = handset.kept.get(id).filter(|_| is_seen(to))?;
            let is_there = kept.found_from.is_some_and(|from| from <= now) && kept.to == to;
            is_there.then_some(kept.ack)
        };
        match look(finding.to, &finding.message_id) {
            Some(ack) => Found::Found(ack),
            None => Found::Absent {
                complete: is_seen(finding.to)
                    && finding
                        .control
                        .as_ref()
                        .is_some_and(|control| look(control.to, &control.message_id).is_some()),
            },
        }
    }

    pub(super) fn observe(&self, session: &Session) -> Observation {
        let handset = &self.handsets[self.lane_of(session)];
        let now = self.now.elapsed;
        if now < handset.gone_until {
            return Observation::only(Readiness::Unreachable);
        }
        if now < handset.refuses_until {
            return Observation {
                server_time: Some(self.now.wall),
                ..Observation::only(Readiness::Unauthorized)
            };
        }
        let readiness = if handset.has_failed {
            Readiness::NotReady("FAILED".into())
        } else if handset.is_away(now) {
            Readiness::NotReady("STARTING".into())
        } else {
            Readiness::Working
        };
        Observation {
            account: Some(handset.account),
            server_up_since: Some(self.clocks.on_machine(handset.server_up_since)),
            server_time: Some(self.now.wall),
            store_on: Some(handset.store_is_on),
            platform: Some("simulation".into()),
            server: Some(SERVER.into()),
            ..Observation::only(readiness)
        }
    }

    pub(super) fn acknowledged(&mut self, lane: usize, id: String, ack: Ack, is_told: bool) {
        let handset = &mut self.handsets[lane];
        let Some(kept) = handset.kept.get_mut(&id) else {
            // Its account is gone from here, and its acks with it.
            return;
        };
        kept.ack = match (kept.ack, ack) {
            (Ack::Pending, Ack::Error) => Ack::Error,
            (known, new) => known.max(new),
        };
        let kept_at = kept.attempt;
        let attempt = &mut self.ledger.attempts[kept_at];
        if ack == Ack::Error {
            attempt.refused.get_or_insert(self.now.elapsed);
        }
        if !is_told || self.engine.is_none() {
            return;
        }
        self.handsets[lane].heard_by = Some(self.life);
        self.is_alive(lane);
        let attempt = &mut self.ledger.attempts[kept_at];
        if ack != Ack::Error && attempt.refused.is_some() {
            attempt.corrected.get_or_insert(self.now.elapsed);
        }
        let handset = &self.handsets[lane];
        let notice = Notice::Ack {
            session: handset.session.clone(),
            account: Some(handset.account),
            message_id: id.as_str().into(),
            ack,
        };
        let ids = campaign_core::message_id::MessageIds::new(*b"memory-store-key");
        if let Some(delivery) = ids.decode(&id) {
            let strike = match ack {
                Ack::Error => Strike::AckError,
                _ => Strike::Ack,
            };
            self.strike(strike, delivery);
            if self.happens(self.plan.races) {
                self.race(delivery);
            }
        }
        self.all_hear(Duration::ZERO, &notice);
    }

    /// Somebody else sends a text of ours to one of ours through the same session, or forwards it from the phone.
    pub(super) fn forward(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let to = phone(self.rng.u32(audience));
        let mailing = &self.mailings[mailing];
        let (lane, text) = (mailing.lane, mailing.text(to));
        let handset = &self.handsets[lane];
        let id = format!("3A{:018X}", self.rng.u64(..));
        let echo = Notice::Echo {
            session: handset.session.clone(),
            account: Some(handset.account),
            message_id: id.as_str().into(),
            to: Some(to),
            kind: Some(MessageKind::Text),
            text_hash: text_hash(&text),
        };
        let ack = Notice::Ack {
            session: handset.session.clone(),
            account: Some(handset.account),
            message_id: id.as_str().into(),
            ack: Ack::Device,
        };
        self.write_down(|| format!("{text:?} forwarded to {to} on lane {lane}"));
        for delivery in self.deliveries_to(to) {
            self.strike(Strike::Forwarded, delivery);
        }
        let handset = &mut self.handsets[lane];
        if handset.store_is_on {
            handset.others.insert(id, to);
        }
        self.ledger.forwards.push(Forward {
            lane,
            to,
            text: text.into(),
            at: self.now.elapsed,
        });
        self.notice(echo);
        self.all_hear(Duration::from_millis(400), &ack);
    }

    /// Somebody in an audience writes to the account that writes to them.
    pub(super) fn letter(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let from = phone(self.rng.u32(audience));
        let mailing = &self.mailings[mailing];
        let lane = match mailing.also {
            Some(other) if self.rng.bool() => other,
            _ => mailing.lane,
        };
        self.write_to(lane, from, "Ya");
    }

    /// An ack of a message that we know nothing of, or a refusal of one that was never sent: nothing follows from either.
    pub(super) fn stray_ack(&mut self) {
        let lane = self.rng.usize(..self.handsets.len());
        let unsent = self.rng.bool().then(|| self.unsent(lane)).flatten();
        let handset = &self.handsets[lane];
        let (message_id, ack) = match unsent {
            Some(id) => (id, Ack::Error),
            None => (format!("3A{:018X}", self.rng.u64(..)), Ack::Read),
        };
        let notice = Notice::Ack {
            session: handset.session.clone(),
            account: Some(handset.account),
            message_id: message_id.into(),
            ack,
        };
        self.is_alive(lane);
        self.notice(notice);
    }

    /// The id of one that was skipped or cancelled before it was tried, or of somebody who was never in the audience.
    fn unsent(&mut self, lane: usize) -> Option<String> {
        let here = self.mailings.iter().filter(|it| it.is_from(lane));
        let campaigns: Vec<CampaignId> = here.map(|it| it.id).collect();
        let campaign = *campaigns.get(self.rng.usize(..campaigns.len().max(1)))?;
        let ids = campaign_core::message_id::MessageIds::new(*b"memory-store-key");
        let rows = self.report(campaign).into_iter();
        let untried = rows.filter(|row| {
            matches!(row.standing.state, State::Skipped | State::Cancelled)
                && !self.ledger.journals.contains_key(&row.delivery)
        });
        let untried: Vec<ReportRow> = untried.collect();
        if untried.is_empty() {
            return DeliveryId::new(campaign, 60_000).map(|nobody| ids.encode(nobody));
        }
        let row = &untried[self.rng.usize(..untried.len())];
        self.coverage.note(Strike::AckOfUnsent, row.standing.state);
        Some(ids.encode(row.delivery))
    }

    /// Another number is paired with a session: it is away meanwhile for longer than the server waits.
    pub(super) fn pair_anew(&mut self) {
        let lane = self.rng.usize(..self.handsets.len());
        let lasts = self.millis(16_000, 60_000);
        self.write_down(|| format!("lane {lane} is being paired anew"));
        self.strike_all(Strike::PairedAnew);
        self.disturb(Some(lane), Duration::from_secs(86_400));
        let until = self.now.elapsed + lasts;
        self.handsets[lane].flap_until = until;
        self.handsets[lane].pairs_until = until;
        let away = self.status(lane, Readiness::NotReady("SCAN_QR_CODE".into()));
        self.notice(away);
        self.later(lasts, Event::Paired(lane));
    }

    pub(super) fn paired(&mut self, lane: usize) {
        self.handsets[lane].pair_anew(lane);
        self.write_down(|| format!("lane {lane} has another account"));
        let back = self.status(lane, Readiness::Working);
        self.notice(back);
    }

    pub(super) fn turn_store_on(&mut self) {
        self.write_down(|| "message store turned on".into());
        // The session restarts with it, faster than anybody may notice.
        let lasts = self.millis(50, 8_000);
        for handset in &mut self.handsets {
            handset.store_is_on = true;
            handset.flap_until = self.now.elapsed + lasts;
        }
    }
}
