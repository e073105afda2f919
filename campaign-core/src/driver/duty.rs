//! A worker's lease: renewed in time, obeyed in between, and nothing written when it is nearly over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Driver, DriverError, Told};
use crate::clock::{Clock, Elapsed, SharedClock};
use crate::engine::Input;
use crate::gateway::Session;
use crate::store::{CampaignQuery, HeldAccount, News, Roster, StoreError, Workers};

/// A lease that could not be renewed is asked for again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a worker has to do beside sending.
pub(super) struct Duty {
    workers: Arc<dyn Workers>,
    pub(super) clock: Arc<SharedClock>,
    /// No request may be written after this.
    pub(super) fence: Elapsed,
    renew_at: Elapsed,
    is_renewing: bool,
    /// What others are waiting for.
    is_wanted: bool,
    is_listening: bool,
    /// It is about to leave, and the others are not told of it yet.
    is_to_retire: bool,
    sessions: BTreeSet<Session>,
    /// Nothing of these is under way any more.
    to_let_go: BTreeSet<Session>,
}

/// What came of renewing a lease.
pub(super) struct Renewal {
    /// When that began: the lease lasts from a later moment on.
    asked: Elapsed,
    roster: Result<Roster, StoreError>,
    /// What could not be let go of.
    left: Vec<Session>,
    /// The others could not be told that it is about to leave.
    is_to_retire: bool,
}

impl Renewal {
    async fn renew(
        &mut self,
        workers: &dyn Workers,
        held: &[HeldAccount],
    ) -> Result<Roster, StoreError> {
        if self.is_to_retire {
            workers.retire().await?;
            self.is_to_retire = false;
        }
        if !self.left.is_empty() {
            workers.let_go(&self.left).await?;
            self.left.clear();
        }
        workers.renew(held).await
    }
}

impl Duty {
    pub(super) fn new(workers: Arc<dyn Workers>, clock: Arc<SharedClock>) -> Self {
        Self {
            workers,
            fence: clock.now().elapsed,
            renew_at: clock.now().elapsed,
            clock,
            is_renewing: false,
            is_wanted: false,
            is_listening: false,
            is_to_retire: false,
            sessions: BTreeSet::new(),
            to_let_go: BTreeSet::new(),
        }
    }
}

impl Driver {
    /// Renews the lease when it is time, and listens to the other workers.
    pub(super) fn attend(&mut self, now: Elapsed) {
        let Some(duty) = &mut self.duty else {
            return;
        };
        if !std::mem::replace(&mut duty.is_listening, true) {
            let workers = Arc::clone(&duty.workers);
            self.tasks
                .spawn(async move { Told::Heard(workers.news().await.unwrap_or_default()) });
        }
        if duty.renew_at <= now {
            self.renew();
        }
    }

    /// Renews the lease, and lets go of what others are to attend.
    pub(super) fn renew(&mut self) {
        let now = self.parts.clock.now();
        let held = self.engine.held_accounts(now);
        let Some(duty) = &mut self.duty else {
            return;
        };
        if std::mem::replace(&mut duty.is_renewing, true) {
            duty.is_wanted = true;
            return;
        }
        duty.is_wanted = false;
        let workers = Arc::clone(&duty.workers);
        let let_go: Vec<Session> = std::mem::take(&mut duty.to_let_go).into_iter().collect();
        let retires = std::mem::take(&mut duty.is_to_retire);
        self.tasks.spawn(async move {
            let mut renewal = Renewal {
                asked: now.elapsed,
                roster: Err(StoreError::Dismissed),
                left: let_go,
                is_to_retire: retires,
            };
            renewal.roster = renewal.renew(&*workers, &held).await;
            Told::Renewed(renewal)
        });
    }

    /// The process is to end: the others take up each session as soon as nothing is under way through it here.
    pub(super) fn retire(&mut self) {
        if let Some(duty) = &mut self.duty {
            duty.is_to_retire = true;
            self.renew();
        }
    }

    pub(super) fn renewed(&mut self, renewal: Renewal) -> Result<(), DriverError> {
        let Some(duty) = &mut self.duty else {
            return Ok(());
        };
        let asked = renewal.asked;
        duty.is_renewing = false;
        duty.to_let_go.extend(renewal.left);
        duty.is_to_retire |= renewal.is_to_retire;
        match renewal.roster {
            Ok(roster) => {
                duty.clock.set(roster.at);
                duty.fence = asked + roster.send_for();
                duty.renew_at = asked + roster.renew_after();
                let are_more = roster.sessions.difference(&duty.sessions).next().is_some();
                duty.sessions = roster.sessions.clone();
                self.roster.send_replace(Some(roster.clone()));
                let now = self.parts.clock.now();
                self.engine.handle(Input::OnDuty(Box::new(roster)), now);
                if are_more {
                    self.get_to_know(CampaignQuery::Live);
                }
            }
            Err(error @ StoreError::Dismissed) => return Err(DriverError::Dismissed(error)),
            Err(error) => {
                duty.renew_at = asked + AGAIN_AFTER;
                self.failing.send_replace(Some(Arc::new(error)));
            }
        }
        if self.duty.as_ref().is_some_and(|duty| duty.is_wanted) {
            self.renew();
        }
        Ok(())
    }

    pub(super) fn let_go(&mut self, session: Session) {
        if let Some(duty) = &mut self.duty {
            duty.to_let_go.insert(session);
        }
        self.renew();
    }

    /// Other workers have changed something.
    pub(super) fn heard(&mut self, news: BTreeSet<News>) {
        if let Some(duty) = &mut self.duty {
            duty.is_listening = false;
        }
        if news.is_empty() {
            return;
        }
        if news.contains(&News::Roster) {
            self.renew();
        }
        if news.contains(&News::Hidden) {
            let store = Arc::clone(&self.parts.store);
            self.tasks.spawn(async move {
                let hidden = store.hidden_opt_outs().await;
                hidden.map_or(Told::Nothing, |it| Told::Input(Input::HiddenOptOuts(it)))
            });
        }
        let campaigns = news.iter().filter_map(|news| match news {
            News::Campaign(campaign) if !self.engine.knows(*campaign) => Some(*campaign),
            _ => None,
        });
        let unknown: Vec<_> = campaigns.collect();
        if !unknown.is_empty() {
            self.get_to_know(CampaignQuery::These(unknown));
        }
        let now = self.parts.clock.now();
        self.engine.handle(Input::Heard(news), now);
    }
}
