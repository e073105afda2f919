//! People whom an account knows by a LID alone. What they wrote is kept under it; whose phone it is, is asked again and again.
//!
//! While such a person has opted out, the store lets a broadcast of the account go only to somebody whose LID is known to be another:
//! anybody else may be the one who wants to be left alone. So the LID of a recipient is asked for, one at a time, and whoever's nobody can
//! tell waits until the opt-out is resolved, or until the operator says whose it is. That may take long where the session never learns it;
//! the campaign says that it waits for this. What somebody waits for is not held: it goes to people who are known to want it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Engine, Step};
use crate::clock::{Elapsed, Now};
use crate::consent::{Lid, Wish};
use crate::delivery::{CampaignId, DeliveryId};
use crate::gateway::{Readiness, Session};
use crate::phone::PhoneNumber;
use crate::store::{Change, HiddenOptOut, LaneId, Ready};

/// A LID that nobody could tell the phone of is asked after again so much later, then twice as long, up to `ASK_MAX`: a session learns pairs as
/// people write. Our own choice.
const ASK_AFTER: Duration = Duration::from_secs(15);
const ASK_MAX: Duration = Duration::from_secs(3_600);
/// A LID that did not opt out is asked after so often.
const TRIES_MAX: u32 = 8;
/// LIDs remembered at once beside those that opted out.
const LIDS_MAX: usize = 1_024;
/// A recipient whose LID nobody could tell is asked about again after this.
const RECIPIENT_PAUSE: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(super) struct Hidden {
    lids: BTreeMap<Lid, Unknown>,
    /// Whose phone is being asked for.
    asking: Option<Lid>,
    /// Recipients whose LID is being asked for.
    open: BTreeMap<LaneId, Ready>,
    /// Campaigns with people who wait for an opt-out to be resolved.
    waiting: BTreeSet<CampaignId>,
}

#[derive(Debug)]
struct Unknown {
    session: Session,
    has_opted_out: bool,
    tries: u32,
    ask_at: Elapsed,
}

impl Hidden {
    pub(super) fn is_asking(&self, lane: LaneId) -> bool {
        self.open.contains_key(&lane)
    }

    /// Whose LIDs are being asked for.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = DeliveryId> {
        self.open.values().map(|ready| ready.delivery)
    }

    /// People of a campaign wait until it is known who has opted out.
    pub(super) fn keeps_waiting(&self, campaign: CampaignId) -> bool {
        self.waiting.contains(&campaign)
    }

    pub(super) fn next_moment(&self) -> Option<Elapsed> {
        if self.asking.is_some() {
            return None;
        }
        self.lids.values().map(|unknown| unknown.ask_at).min()
    }

    fn note(&mut self, lid: Lid, session: Session, has_opted_out: bool, now: Now) {
        if !has_opted_out && self.lids.len() >= LIDS_MAX && !self.lids.contains_key(&lid) {
            return;
        }
        let unknown = self.lids.entry(lid).or_insert_with(|| Unknown {
            session: session.clone(),
            has_opted_out,
            tries: 0,
            ask_at: now.elapsed,
        });
        // The person has just written: the session may have learnt who it is.
        unknown.session = session;
        unknown.has_opted_out |= has_opted_out;
        unknown.ask_at = now.elapsed;
    }
}

impl Engine {
    pub(super) fn hidden_opt_outs(&mut self, opt_outs: Vec<HiddenOptOut>, now: Now) {
        for opt_out in opt_outs {
            self.hidden.note(opt_out.lid, opt_out.session, true, now);
        }
    }

    /// Somebody wrote whose phone is not known.
    pub(super) fn heard_hidden(&mut self, lid: Lid, session: Session, now: Now) {
        self.hidden.note(lid, session, false, now);
    }

    /// It turned out to be an opt-out.
    pub(super) fn has_opted_out_hidden(&mut self, lid: Lid) {
        if let Some(unknown) = self.hidden.lids.get_mut(&lid) {
            unknown.has_opted_out = true;
        }
    }

    /// Asks for the next phone, one at a time.
    pub(super) fn ask_for_phone(&mut self, now: Now) -> Option<Step> {
        if self.hidden.asking.is_some() {
            return None;
        }
        let due = self.hidden.lids.iter_mut();
        let mut due = due.filter(|(_, unknown)| unknown.ask_at <= now.elapsed);
        let (lid, unknown) = due.next()?;
        let view = self.sessions.get(&unknown.session);
        if view.is_none_or(|view| view.readiness != Some(Readiness::Working)) {
            unknown.ask_at = now.elapsed + ASK_AFTER;
            return None;
        }
        self.hidden.asking = Some(*lid);
        Some(Step::PhoneOf {
            session: unknown.session.clone(),
            lid: *lid,
        })
    }

    pub(super) fn phone_of(&mut self, lid: Lid, phone: Option<PhoneNumber>, now: Now) {
        self.hidden.asking = None;
        if let Some(phone) = phone {
            self.hidden.lids.remove(&lid);
            self.changes.push(Change::Lid { lid, phone });
            return;
        }
        let Some(unknown) = self.hidden.lids.get_mut(&lid) else {
            return;
        };
        unknown.tries += 1;
        if !unknown.has_opted_out && unknown.tries >= TRIES_MAX {
            self.hidden.lids.remove(&lid);
            return;
        }
        let wait = ASK_AFTER * 2u32.pow(unknown.tries.min(8));
        unknown.ask_at = now.elapsed + wait.min(ASK_MAX);
    }

    /// Whose LID it is, or that it is nobody's who matters, is on record: whoever waited for that is looked at anew.
    pub(super) fn lid_learnt(&mut self, lid: Lid) {
        self.hidden.lids.remove(&lid);
        for campaign in std::mem::take(&mut self.hidden.waiting) {
            if let Some(job) = self.jobs.get_mut(&campaign) {
                job.start_over();
            }
        }
    }

    /// A broadcast may go to somebody only when it is known that it is not the one who opted out.
    pub(super) fn ask_for_lid(&mut self, lane_id: LaneId, ready: Ready, now: Now) {
        let campaign = ready.delivery.campaign();
        let window = self.window();
        let (Some(job), Some(lane)) = (self.jobs.get_mut(&campaign), self.lanes.get(lane_id))
        else {
            return;
        };
        if self.hidden.is_asking(lane_id) {
            return job.put_off(ready, now.elapsed + ASK_AFTER, window);
        }
        job.in_flight += 1;
        self.steps.push_back(Step::LidOf {
            lane: lane_id,
            session: lane.session.clone(),
            phone: ready.phone,
        });
        self.hidden.open.insert(lane_id, ready);
    }

    pub(super) fn lid_of(&mut self, lane_id: LaneId, lid: Option<Lid>, now: Now) {
        let Some(ready) = self.hidden.open.remove(&lane_id) else {
            return;
        };
        self.lanes.wake(lane_id);
        let (campaign, phone) = (ready.delivery.campaign(), ready.phone);
        if let Some(lid) = lid {
            // The journal of the same batch sees it.
            self.changes.push(Change::Lid { lid, phone });
        }
        let window = self.window();
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.in_flight = job.in_flight.saturating_sub(1);
        // It was not in memory when the others were swept.
        job.sweep_again();
        if lid.is_some() {
            job.put_back(ready);
        } else {
            job.put_off(ready, now.elapsed + RECIPIENT_PAUSE, window);
            self.hidden.waiting.insert(campaign);
        }
    }

    /// A person's wish is on record. What was journalled before is in flight, and withheld if its body is not written yet.
    pub(super) fn wished(&mut self, phone: PhoneNumber, wish: Wish) {
        if wish != Wish::OptOut {
            return;
        }
        let to_them = self.flights.iter().filter(|(delivery, flight)| {
            let job = self.jobs.get(&delivery.campaign());
            let confirms = job.is_some_and(|job| job.record.definition.confirms_opt_out);
            flight.ready.phone == phone && !confirms
        });
        let withheld = to_them.map(|(delivery, _)| Step::Withhold(*delivery));
        self.steps.extend(withheld);
        self.steps.push_back(Step::Confirm);
    }
}

#[cfg(test)]
mod tests;
