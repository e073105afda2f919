//! The operator, and what befalls his machine: pauses, suppressions, cancels, copies, a runner that dies at the wrong moment.

use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::engine::Input;
use campaign_core::store::{Batch, Change, Command, Store, Suppression, Sweep};

use super::{BOOT, Event, World, people, phone, run};

impl World {
    /// What the operator, the clock and the disk will do, drawn beforehand.
    pub(super) fn arrange(&mut self) {
        let usual = 40 + u64::from(self.plan.recipients) * 4;
        let spread = self.plan.spread.map_or(usual, |spread| spread.as_secs());
        for _ in 0..self.plan.pauses {
            let at = self.rng.u64(1..spread);
            self.later(Duration::from_secs(at), Event::Pause);
        }
        for zone in self.plan.zone_changes.clone() {
            let at = self.rng.u64(1..spread);
            self.later(Duration::from_secs(at), Event::ChangeZone(zone));
        }
        if let Some(after) = self.plan.cancelled_after {
            self.later(after, Event::Cancel);
        }
        for _ in 0..self.plan.suppressions {
            let at = self.rng.u64(1..spread);
            self.later(Duration::from_secs(at), Event::Suppress);
        }
        for _ in 0..self.plan.additions {
            let at = self.rng.u64(1..spread * 2);
            self.later(Duration::from_secs(at), Event::AddPeople);
        }
        for _ in 0..self.plan.clock_jumps {
            let at = self.rng.u64(1..spread);
            self.later(Duration::from_secs(at), Event::JumpClock);
        }
        if self.plan.store_turned_on {
            let at = self.rng.u64(1..spread / 4);
            self.later(Duration::from_secs(at), Event::TurnStoreOn);
            self.later(Duration::from_secs(at + 900), Event::Refresh);
        }
        for _ in 0..self.plan.restores {
            let at = self.rng.u64(1..40);
            self.later(Duration::from_millis(at * 50), Event::TakeCopy);
            let after = self.rng.u64(200..4_000);
            self.later(Duration::from_millis(at * 50 + after), Event::RestoreCopy);
        }
    }

    pub(super) fn command(&mut self, command: Command) {
        let id = run(self.store.submit(&command)).unwrap();
        self.handle(Input::Asked(id, command));
    }

    pub(super) fn pause(&mut self) {
        let state = self.record().state;
        if self.engine.is_none() || state != CampaignState::Running || self.paused_since.is_some() {
            return;
        }
        let id = run(self.store.submit(&Command::Pause {
            campaign: self.campaign,
        }))
        .unwrap();
        self.handle(Input::Asked(
            id,
            Command::Pause {
                campaign: self.campaign,
            },
        ));
        // What counts is the time after the answer, and the answer comes when nothing is in flight: within the quiet wait.
        let since = self.now.elapsed + Duration::from_secs(45);
        self.paused_since = Some(since);
        let pause = self.rng.u64(60..400);
        self.later(Duration::from_secs(pause), Event::Resume(since));
    }

    pub(super) fn suppress(&mut self) {
        let phone = phone(self.rng.u32(0..self.plan.recipients));
        let entry = Suppression {
            phone,
            source: "simulation".into(),
            since: self.now.wall,
        };
        run(self.store.suppress(&[entry])).unwrap();
        self.suppressed.push((phone, self.now.elapsed));
    }

    /// Some who are there already, and some who are not; nobody once it was cancelled.
    pub(super) fn add_people(&mut self) {
        let before = self.people.saturating_sub(3);
        let now = self.seen_now();
        let more = people(before..self.people + 5);
        if run(self.store.add(self.campaign, more, 0, now)).is_err() {
            return;
        }
        self.write_down(|| "five people added".into());
        self.people += 5;
        // It may have come to its end: a runner that was told so would not look again by itself.
        let campaign = self.campaign;
        let start = Command::Start { campaign };
        if self.engine.is_some() {
            self.command(start);
        } else {
            run(self.store.submit(&start)).unwrap();
        }
    }

    /// The runner dies when a retry is durable and before it learns of it.
    pub(crate) fn die_over_a_retry(&mut self) {
        let retry = Batch {
            at: self.seen_now().stamp(BOOT),
            changes: vec![Change::Sweep {
                campaign: self.campaign,
                what: Sweep::Retry(None),
                deliveries_max: u32::MAX,
            }],
        };
        run(self.store.commit(Arc::new(retry))).unwrap();
        self.crash();
    }
}
