//! Who sends: this process, from when it begins until it ends, or another one that is named. And commands, which whoever sends obeys; when
//! nobody does, they are carried out here, and nothing is sent.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use campaign_core::delivery::{CampaignId, State};
use campaign_core::driver::{Driver, DriverError, Handle, Parts};
use campaign_core::engine::Settings;
use campaign_core::gateway::{Gateway, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{Answer, Batch, CampaignQuery, Change, Command, CommandId, StoreError};
use futures_util::StreamExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tokio::sync::{MutexGuard, watch};

use super::failure::{Failure, Outcome};
use super::limits::{Given, Wishes};
use super::nowhere::Nowhere;
use super::way::Way;
use super::{Shared, Store, campaign_id};
use crate::runtime::{self, Running};

/// Whoever sends obeys within a second.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Sends from this process, until it has ended.
pub(super) struct Drive {
    handle: Handle,
    /// Why it ended by itself, or nothing; empty while it goes on.
    ended: watch::Receiver<Option<Option<String>>>,
    /// Whether whoever began it has left.
    begun_for: Arc<AtomicBool>,
}

impl Drive {
    fn goes_on(&self) -> bool {
        self.ended.borrow().is_none()
    }
}

impl Shared {
    fn parts(&self, gateway: Arc<dyn Gateway>, limits: LaneLimits) -> Parts {
        Parts {
            settings: self.way.waits(Settings {
                seed: RandomState::new().build_hasher().finish(),
                ..Settings::default()
            }),
            limits,
            ..Parts::new(self.store.clone(), gateway, self.clock.clone())
        }
    }

    /// Becomes whoever sends; otherwise says who is. It does not, once whoever asked has left.
    async fn begin(
        &self,
        sessions: &[Session],
        wishes: &Wishes,
        has_left: Arc<AtomicBool>,
    ) -> Outcome<Option<String>> {
        let mut drive = self.drive.lock().await;
        let goes_on = drive.as_ref().is_some_and(Drive::goes_on);
        if goes_on || has_left.load(Ordering::Acquire) {
            return Ok(Some("this process".to_owned()));
        }
        let limits = wishes.over(LaneLimits::default());
        let parts = self.parts(self.way.gateway(), limits);
        let (driver, handle) = match Driver::start(parts).await {
            Ok(started) => started,
            Err(DriverError::TakeOver(StoreError::RunnerBusy { holder })) => {
                return Ok(Some(holder));
            }
            Err(error) => return Err(error.into()),
        };
        // Before an account's lane is opened, or they would not be seen.
        if let Err(failure) = self.put_limits(sessions, wishes).await {
            self.store.step_down().await?;
            return Err(failure);
        }
        *drive = Some(begun(driver, handle, &self.way, has_left));
        Ok(None)
    }

    async fn put_limits(&self, sessions: &[Session], wishes: &Wishes) -> Outcome<()> {
        for (account, limits) in wishes.news(self, sessions).await? {
            let batch = Batch {
                at: self.clock.now().stamp(self.clock.boot()),
                changes: vec![Change::Limits { account, limits }],
            };
            self.store.commit(Arc::new(batch)).await?;
        }
        Ok(())
    }

    /// Has it end that was begun for somebody who left meanwhile.
    async fn end_of(&self, has_left: Arc<AtomicBool>) {
        let drive = self.drive.lock().await;
        if let Some(drive) = drive
            .as_ref()
            .filter(|it| Arc::ptr_eq(&it.begun_for, &has_left))
        {
            drive.handle.stop().await;
        }
    }

    /// Leaves word of limits for whoever sends.
    async fn leave_limits(&self, sessions: &[Session], wishes: &Wishes) -> Outcome<()> {
        for (account, limits) in wishes.news(self, sessions).await? {
            let command = Command::SetLimits { account, limits };
            self.store.submit(&command).await?;
        }
        Ok(())
    }

    /// Has a command carried out by whoever sends; here, when nobody does.
    async fn carry_out(&self, command: Command) -> Outcome<Answer> {
        let drive = self.drive.lock().await;
        if drive.as_ref().is_some_and(Drive::goes_on) {
            drop(drive);
            return self.answered(&command).await;
        }
        let parts = self.parts(Arc::new(Nowhere), LaneLimits::default());
        match Driver::start(parts).await {
            Err(DriverError::TakeOver(StoreError::RunnerBusy { .. })) => {
                drop(drive);
                self.answered(&command).await
            }
            Err(error) => Err(error.into()),
            Ok((driver, handle)) => self.carry_out_here(&command, driver, handle, drive).await,
        }
    }

    async fn carry_out_here(
        &self,
        command: &Command,
        driver: Driver,
        handle: Handle,
        _nobody_else: MutexGuard<'_, Option<Drive>>,
    ) -> Outcome<Answer> {
        let driver = tokio::spawn(driver.run());
        let answer = self.answered(command).await;
        let is_swept = match (&answer, command) {
            (Ok(_), Command::Cancel { campaign }) => self.swept(*campaign).await,
            _ => Ok(()),
        };
        handle.stop().await;
        match driver.await {
            Ok(ended) => ended?,
            Err(error) => return Err(Failure::Driver(error.to_string())),
        }
        is_swept?;
        answer
    }

    /// What a cancelled campaign had left is taken off page by page after the answer.
    async fn swept(&self, campaign: CampaignId) -> Outcome<()> {
        loop {
            let query = CampaignQuery::These(vec![campaign]);
            let records = self.store.campaigns(&query).await?;
            if records.iter().all(|it| it.counts.of(State::Scheduled) == 0) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn answered(&self, command: &Command) -> Outcome<Answer> {
        let id = self.store.submit(command).await?;
        let deadline = self.clock.now().elapsed + ANSWER_WAIT;
        loop {
            match self.store.answer(id).await? {
                Some(Answer::Refused { why }) => return Err(Failure::Refused(why)),
                Some(answer) => return Ok(answer),
                None if deadline < self.clock.now().elapsed => {
                    return Err(Failure::Refused(
                        "whoever sends has not answered for 20 seconds; the command stays, and is obeyed later".to_owned(),
                    ));
                }
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// Lets it go on by itself, with what it is told.
fn begun(driver: Driver, handle: Handle, way: &Way, begun_for: Arc<AtomicBool>) -> Drive {
    let (tell, ended) = watch::channel(None);
    let (mut notices, told) = (way.notices(), handle.clone());
    let pump = tokio::spawn(async move {
        while let Some(notice) = notices.next().await {
            told.notify(notice).await;
        }
    });
    let driver = tokio::spawn(driver.run());
    tokio::spawn(async move {
        let why = match driver.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        pump.abort();
        tell.send_replace(Some(why));
    });
    Drive {
        handle,
        ended,
        begun_for,
    }
}

fn named(sessions: Vec<String>) -> Vec<Session> {
    sessions.iter().map(|name| Session::new(name)).collect()
}

#[pymethods]
impl Store {
    /// Begins to send; otherwise who does already.
    fn begin(
        &self,
        py: Python<'_>,
        sessions: Vec<String>,
        limits: Given,
    ) -> PyResult<Option<String>> {
        let (sessions, wishes) = (named(sessions), limits.read()?);
        let (shared, has_left) = (self.shared()?, Arc::new(AtomicBool::new(false)));
        let (begins, left) = (shared.clone(), has_left.clone());
        let work = async move { begins.begin(&sessions, &wishes, left).await };
        match Running::begin(py, work)?.wait_for_ever(py) {
            Ok(begun) => begun.map_err(|failure| failure.raised(py)),
            Err(interrupt) => {
                has_left.store(true, Ordering::Release);
                let end = async move { shared.end_of(has_left).await };
                runtime::runtime(py)?.spawn(end);
                Err(interrupt)
            }
        }
    }

    /// Begins nothing new, and waits until what is under way has ended. Whoever is interrupted leaves it to end by itself.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        let shared = self.shared()?;
        let work = async move {
            let Some((handle, mut ended)) = ({
                let drive = shared.drive.lock().await;
                drive
                    .as_ref()
                    .map(|it| (it.handle.clone(), it.ended.clone()))
            }) else {
                return;
            };
            handle.stop().await;
            // Nobody is left to tell when it is gone.
            let _ = ended.wait_for(Option::is_some).await;
        };
        let mut running = Running::begin(py, work)?;
        running.wait_for_ever(py)
    }

    /// Whether this process sends.
    ///
    /// # Errors
    ///
    /// Why it ended by itself.
    fn goes_on(&self, py: Python<'_>) -> PyResult<bool> {
        self.done(py, |shared| async move {
            let mut drive = shared.drive.lock().await;
            let Some(ended) = drive.as_ref().map(|it| it.ended.borrow().clone()) else {
                return Ok(false);
            };
            match ended {
                None => Ok(true),
                Some(why) => {
                    *drive = None;
                    why.map_or(Ok(false), |why| Err(Failure::Driver(why)))
                }
            }
        })
    }

    /// Why the database takes nothing at the moment; it is tried again all the time.
    fn trouble(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.done(py, |shared| async move {
            let drive = shared.drive.lock().await;
            let failing = drive.as_ref().map(|it| it.handle.store_failure());
            Ok(failing.and_then(|it| it.borrow().as_ref().map(ToString::to_string)))
        })
    }

    /// Leaves limits for whoever sends.
    fn leave_limits(&self, py: Python<'_>, sessions: Vec<String>, limits: Given) -> PyResult<()> {
        let (sessions, wishes) = (named(sessions), limits.read()?);
        self.done(py, |shared| async move {
            shared.leave_limits(&sessions, &wishes).await
        })
    }

    /// Leaves word for whoever sends to start a campaign: the number under which the answer comes.
    fn leave_start(&self, py: Python<'_>, campaign: u32) -> PyResult<u64> {
        let campaign = campaign_id(campaign)?;
        self.done(py, move |shared| async move {
            let command = Command::Start { campaign };
            Ok(shared.store.submit(&command).await?.0)
        })
    }

    /// Whether a command was answered.
    ///
    /// # Errors
    ///
    /// When it was refused.
    fn is_answered(&self, py: Python<'_>, command: u64) -> PyResult<bool> {
        self.done(py, move |shared| async move {
            match shared.store.answer(CommandId(command)).await? {
                Some(Answer::Refused { why }) => Err(Failure::Refused(why)),
                answer => Ok(answer.is_some()),
            }
        })
    }

    /// Has a campaign paused, resumed or cancelled: how many of its messages are still under way.
    fn command(&self, py: Python<'_>, what: &str, campaign: u32) -> PyResult<u32> {
        let campaign = campaign_id(campaign)?;
        let command = match what {
            "pause" => Command::Pause { campaign },
            "resume" => Command::Resume { campaign },
            "cancel" => Command::Cancel { campaign },
            other => return Err(PyValueError::new_err(format!("{other:?} is no command"))),
        };
        let shared = self.shared()?;
        // Whoever is interrupted leaves it to end by itself: ended half-way, it would hold the database.
        let work = async move { shared.carry_out(command).await };
        let answer = Running::begin(py, work)?.wait_for_ever(py)?;
        Ok(match answer.map_err(|failure| failure.raised(py))? {
            Answer::Campaign { in_flight, .. } => in_flight,
            _ => 0,
        })
    }
}
