//! `worker`: sends beside other workers from a database on a server, until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Clock;
use campaign_core::delivery::State;
use campaign_core::driver::{Driver, DriverError, Handle, Heard};
use campaign_core::event::What;
use campaign_core::gateway::Session;
use campaign_core::limits::LaneLimits;
use campaign_core::store::{CampaignQuery, Roster, Store as _, StoreError};
use serde_json::json;
use sql_store::PostgresStore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use waha_gateway::WahaGateway;

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::{LimitArgs, LimitWishes};
use crate::progress::Progress;
use crate::runner::{driver_ended, store_fails, tell};
use crate::setup::Setup;
use crate::signals::Signals;
use crate::view::{View, Waiting};

/// Send from a PostgreSQL database beside other workers, until told to stop
///
/// Run it on as many machines as are needed, under something that starts it anew (systemd, a container). Each session is attended by one
/// worker; they are shared out anew when one comes, leaves or dies. Campaigns are started, paused and looked at with the other commands, on any
/// machine. Ctrl-C or SIGTERM hands over to the others, and ends when what is on its way has ended.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign worker --db postgres://app@db.example/campaigns --db-password-file password.txt
  waha-campaign worker --json >> events.jsonl      (each change is a line; the database is named in waha-campaign.toml)")]
pub(crate) struct Args {}

/// How often campaigns are looked at, for who watches.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a lease is lost the worker joins again.
const JOIN_AGAIN_AFTER: Duration = Duration::from_secs(1);

pub(crate) async fn run(setup: &Setup, _: Args) -> Result<Exit, Failure> {
    let limits = LimitWishes::read(&LimitArgs::default(), None, &setup.settings)?;
    let mut signals = Signals::listen().map_err(Failure::other)?;
    let store = Arc::new(setup.shared_store().await?);
    let clock = setup.clock();
    let gateway = setup.gateway(Arc::clone(&clock)).await?;
    let mut worker = Worker {
        setup,
        store,
        clock,
        gateway,
        limits: limits.over(LaneLimits::default()),
        sent: 0,
    };
    let mut was_there = false;
    loop {
        let ended = match worker.join().await {
            Ok(shift) => {
                was_there = true;
                worker.work(shift, &mut signals).await?
            }
            // Whoever has worked here waits for its database to come back.
            Err(error) if was_there && !is_refusal(&error) => End::Parted(error),
            Err(error) => return Err(error.into()),
        };
        match ended {
            End::Told(exit) => {
                setup.output.say(&Text::WorkerEnded { sent: worker.sent });
                setup
                    .output
                    .json_line(&json!({"event": "worker_ended", "sent": worker.sent}));
                return Ok(exit);
            }
            End::Parted(error) => setup.output.note(&Text::JoinsAgain {
                why: error.to_string(),
            }),
        }
        tokio::select! {
            () = signals.next() => return Ok(Exit::Done),
            () = tokio::time::sleep(JOIN_AGAIN_AFTER) => {}
        }
    }
}

/// Joining again would change nothing.
fn is_refusal(error: &DriverError) -> bool {
    matches!(
        error,
        DriverError::TakeOver(
            StoreError::RunnerBusy { .. } | StoreError::Refused(_) | StoreError::TooNew { .. }
        )
    )
}

struct Worker<'a> {
    setup: &'a Setup,
    store: Arc<PostgresStore>,
    clock: Arc<dyn Clock>,
    gateway: WahaGateway,
    limits: LaneLimits,
    /// Messages that the server took.
    sent: u64,
}

/// From joining the others to leaving them.
struct Shift {
    handle: Handle,
    driver: JoinHandle<Result<(), DriverError>>,
    pump: JoinHandle<()>,
}

impl Drop for Shift {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// How a shift ended.
enum End {
    /// As it was told to.
    Told(Exit),
    /// The others go on without it: its lease was over, or nobody knows what became of its last write.
    Parted(DriverError),
}

impl Worker<'_> {
    async fn join(&self) -> Result<Shift, DriverError> {
        let mut parts = self.setup.parts(
            self.store.clone(),
            Arc::new(self.gateway.clone()),
            Arc::clone(&self.clock),
            self.limits.clone(),
        );
        parts.workers = Some(self.store.clone());
        let (driver, handle) = Driver::start(parts).await?;
        let pump = waha_gateway::pump(self.gateway.clone(), handle.clone(), Vec::new());
        Ok(Shift {
            pump: tokio::spawn(pump),
            driver: tokio::spawn(driver.run()),
            handle,
        })
    }

    async fn work(&mut self, mut shift: Shift, signals: &mut Signals) -> Result<End, Failure> {
        let setup = self.setup;
        let output = &setup.output;
        let mut progress = Progress::new(output);
        let mut events = shift.handle.events();
        let mut rosters = shift.handle.roster();
        let mut failing = shift.handle.store_failure();
        let mut attended = None;
        let mut told_failure = None;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(heard) = events.next() => self.hear(&heard),
                ended = &mut shift.driver => return match ended {
                    Ok(Err(error @ (DriverError::Dismissed(_) | DriverError::CommitUnknown(_)))) => {
                        Ok(End::Parted(error))
                    }
                    ended => Err(driver_ended(ended)),
                },
                () = signals.next() => break,
                Ok(()) = rosters.changed() => {
                    let roster = rosters.borrow_and_update().clone();
                    self.tell_roster(roster, &mut attended);
                }
                Ok(()) = failing.changed() => {
                    let words = failing.borrow_and_update().as_ref().map(|error| output.words(&store_fails(error)));
                    if let Some(words) = words.filter(|words| told_failure.as_ref() != Some(words)) {
                        output.note(&Text::Plain(words.clone()));
                        told_failure = Some(words);
                    }
                }
                // Where the database is away, the driver says so.
                _ = ticks.tick() => if let Ok(views) = self.look(&shift.handle).await {
                    progress.show(&views);
                },
            }
        }
        progress.clear();
        output.note(&Text::Stopping);
        shift.handle.stop().await;
        loop {
            tokio::select! {
                Some(heard) = events.next() => self.hear(&heard),
                ended = &mut shift.driver => return match ended {
                    // What it had under way is looked up by the others.
                    Ok(Ok(()) | Err(DriverError::Dismissed(_))) => Ok(End::Told(Exit::Done)),
                    ended => Err(driver_ended(ended)),
                },
                () = signals.next() => {
                    shift.driver.abort();
                    return Ok(End::Told(Exit::Unfinished));
                }
            }
        }
    }

    fn hear(&mut self, heard: &Heard) {
        self.sent += u64::from(is_sent(heard));
        tell(&self.setup.output, heard);
    }

    /// Tells which part of the work is this worker's, when that has changed.
    fn tell_roster(&self, roster: Option<Roster>, attended: &mut Option<(BTreeSet<Session>, u32)>) {
        let now = roster.map(|roster| (roster.sessions, roster.workers));
        if now == *attended {
            return;
        }
        if let Some((sessions, workers)) = &now {
            let output = &self.setup.output;
            output.note(&Text::Attends {
                sessions: sessions.len() as u64,
                workers: (*workers).into(),
            });
            output
                .json_line(&json!({"event": "attends", "sessions": sessions, "workers": workers}));
        }
        *attended = now;
    }

    /// The campaigns that people named and that are under way, wherever they are sent from.
    async fn look(&self, handle: &Handle) -> Result<Vec<View>, StoreError> {
        let status = handle.status().borrow().clone();
        let now = self.clock.now();
        let mut records = self.store.campaigns(&CampaignQuery::LiveNamed).await?;
        records.retain(|record| record.state != CampaignState::Paused);
        let views = records.into_iter().map(|record| View {
            waiting: Waiting::of(&status, record.id),
            record,
            now,
        });
        Ok(views.collect())
    }
}

fn is_sent(heard: &Heard) -> bool {
    let Heard::Event(event) = heard else {
        return false;
    };
    matches!(
        event.what,
        What::DeliveryMoved {
            from: State::Sending,
            to,
            ..
        } if to.is_handed_over()
    )
}
