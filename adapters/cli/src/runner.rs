//! Runs campaigns in this process, or follows the process that does; ends when they have ended, or when it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::{Clock, Elapsed};
use campaign_core::delivery::{CampaignId, State};
use campaign_core::driver::{Driver, DriverError, Events, Handle, Heard};
use campaign_core::gateway::{Account, Gateway, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{
    Answer, Batch, CampaignQuery, CampaignRecord, Change, Command, CommandId, ReplyQuery, ReplyRow,
    Store, StoreError,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use waha_gateway::WahaGateway;

use crate::commands::replies;
use crate::exit::{Exit, Failure, trouble};
use crate::language::Text;
use crate::limits::LimitWishes;
use crate::output::Output;
use crate::progress::Progress;
use crate::setup::Setup;
use crate::signals::Signals;
use crate::view::{View, Waiting};

/// How often the store is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a command may stay without an answer before that is told.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// Which campaigns a run is about.
#[derive(Debug, Clone)]
pub(crate) enum Goal {
    /// These.
    Campaigns(Vec<CampaignId>),
    /// Every one that is under way, those that come meanwhile too.
    UnderWay,
}

/// What to run, and how patiently.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) goal: Goal,
    /// Asked for as soon as there is a runner.
    pub(crate) commands: Vec<Command>,
    /// End, rather than sit out a long wait.
    pub(crate) no_wait: bool,
    /// When it is over.
    pub(crate) until: Until,
    /// What the operator wants of the limits.
    pub(crate) limits: LimitWishes,
    /// Whose limits.
    pub(crate) sessions: Vec<Session>,
}

/// When a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing comes about by itself any more.
    Over,
    /// Everything in doubt has been looked up, whatever is left to send.
    LookedUp,
    /// Nothing is left to send or to look up, and WhatsApp has acknowledged what was sent, or has had a minute to.
    Acknowledged,
    /// The operator says so; what people write is shown until then.
    Told,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: How,
    /// The campaigns it was about, as they stand.
    pub(crate) views: Vec<View>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Nothing is left that comes about by itself.
    Finished,
    /// It waits, and was told not to.
    Waiting,
    /// It was told to stop.
    Stopped,
    /// It was told twice.
    Aborted,
    /// Another process goes on with it.
    Left,
}

impl Ended {
    /// The exit code of it all.
    pub(crate) fn exit(&self) -> Exit {
        if self.how != How::Finished {
            return Exit::Unfinished;
        }
        let exits = self.views.iter().map(|view| exit_of(&view.record));
        exits.max().unwrap_or(Exit::Done)
    }
}

/// The exit code that a campaign's standing deserves.
pub(crate) fn exit_of(record: &CampaignRecord) -> Exit {
    match record.state {
        CampaignState::Completed | CampaignState::Settled => {
            if record.counts.of(State::Unconfirmed) > 0 {
                Exit::Unconfirmed
            } else if record.counts.of(State::Failed) > 0 {
                Exit::Failures
            } else {
                Exit::Done
            }
        }
        _ => Exit::Unfinished,
    }
}

/// Becomes the runner and works until the goal is reached; follows another runner if there is one.
///
/// # Errors
/// When the server is none, or the store fails.
pub(crate) async fn run(setup: &Setup, store: Arc<dyn Store>, run: Run) -> Result<Ended, Failure> {
    run_telling(setup, store, run, false).await
}

/// The same; with `tells`, each change is written as a line of JSON as well, where JSON is asked for.
///
/// # Errors
/// As [`run`].
pub(crate) async fn run_telling(
    setup: &Setup,
    store: Arc<dyn Store>,
    run: Run,
    tells: bool,
) -> Result<Ended, Failure> {
    let mut signals = Signals::listen().map_err(Failure::other)?;
    let clock = setup.clock();
    let gateway = setup.gateway(Arc::clone(&clock)).await?;
    let limits = run.limits.over(LaneLimits::default());
    let parts = setup.parts(
        Arc::clone(&store),
        Arc::new(gateway.clone()),
        Arc::clone(&clock),
        limits,
    );
    let engine = parts.settings.clone();
    let started = match Driver::start(parts).await {
        Ok(started) => started,
        Err(DriverError::TakeOver(StoreError::RunnerBusy { holder })) => {
            setup.output.note(&Text::FollowsRunner { holder });
            let limits = wished_limits(&*store, &gateway, &run).await?;
            let follower = Follower {
                setup,
                store,
                limits,
                clock,
                ack_time: engine.ack_time,
                run,
                tells,
            };
            return follower.follow(&mut signals).await;
        }
        Err(error) => return Err(error.into()),
    };
    let (driver, handle) = started;
    // Before the engine opens the account's lane, or it would not see them.
    for (account, limits) in wished_limits(&*store, &gateway, &run).await? {
        let batch = Batch {
            at: clock.now().stamp(clock.boot()),
            changes: vec![Change::Limits { account, limits }],
        };
        store.commit(Arc::new(batch)).await?;
    }
    let pump = tokio::spawn(waha_gateway::pump(gateway, handle.clone(), Vec::new()));
    let driver = tokio::spawn(driver.run());
    let mut commands = Vec::new();
    for command in &run.commands {
        commands.push(store.submit(command).await?);
    }
    let events = (tells && setup.output.is_json()).then(|| handle.events());
    let runner = Runner {
        events,
        setup,
        watcher: Watcher::new(store, clock, engine.ack_time),
        run,
        commands,
        handle,
        driver,
    };
    let ended = runner.work(&mut signals).await;
    pump.abort();
    ended
}

/// Limits that the operator names hold from now on, for an account that has others on record too: those to be put on record.
async fn wished_limits(
    store: &dyn Store,
    gateway: &WahaGateway,
    run: &Run,
) -> Result<Vec<(Account, LaneLimits)>, Failure> {
    let mut wished = Vec::new();
    for session in run.sessions.iter().filter(|_| !run.limits.is_empty()) {
        let Some(account) = gateway.observe(session).await.account else {
            // No account yet: its lane is made with these limits when it is paired.
            continue;
        };
        let wanted = run.limits.over(LaneLimits::default());
        let on_record = store.lane(account, session, &wanted).await?.limits;
        let limits = run.limits.over(on_record.clone());
        if limits != on_record {
            wished.push((account, limits));
        }
    }
    Ok(wished)
}

/// This process is the runner.
struct Runner<'a> {
    setup: &'a Setup,
    /// What changes, to be told as it does.
    events: Option<Events>,
    watcher: Watcher,
    run: Run,
    commands: Vec<CommandId>,
    handle: Handle,
    driver: JoinHandle<Result<(), DriverError>>,
}

impl Runner<'_> {
    async fn work(mut self, signals: &mut Signals) -> Result<Ended, Failure> {
        let mut progress = Progress::new(&self.setup.output);
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Vec::new();
        let mut failing = self.handle.store_failure();
        // It fails at every try, and is told once.
        let mut told: Option<String> = None;
        let mut replies = Replies::of(&self.watcher.store, &self.run).await?;
        let how = loop {
            tokio::select! {
                Some(heard) = heard(&mut self.events) => {
                    tell(&self.setup.output, &heard);
                    continue;
                }
                ended = &mut self.driver => return Err(driver_ended(ended)),
                () = signals.next() => break match self.run.until {
                    Until::Told => How::Finished,
                    _ => How::Stopped,
                },
                _ = ticks.tick() => {}
            }
            if failing.has_changed().unwrap_or(false)
                && let Some(error) = &*failing.borrow_and_update()
            {
                let words = self.setup.output.words(&store_fails(error));
                if told.as_deref() != Some(&*words) {
                    self.setup.output.note(&Text::Plain(words.clone()));
                    told = Some(words);
                }
            }
            refused(&*self.watcher.store, &mut self.commands).await?;
            let status = self.handle.status().borrow().clone();
            let views = self
                .watcher
                .look(&self.run.goal, |campaign| Waiting::of(&status, campaign))
                .await?;
            progress.show(&views);
            replies.tell(&self.setup.output, &views).await?;
            last = views;
            if !self.commands.is_empty() {
                continue;
            }
            let is_over = self.watcher.is_it(self.run.until, &last).await?;
            if is_over {
                break How::Finished;
            }
            if self.run.no_wait && self.watcher.must_wait(&last) {
                break How::Waiting;
            }
        };
        progress.clear();
        if how == How::Stopped {
            self.setup.output.note(&Text::Stopping);
        }
        self.handle.stop().await;
        let how = tokio::select! {
            ended = &mut self.driver => {
                ended.map_err(Failure::other)??;
                how
            }
            () = signals.next() => {
                self.driver.abort();
                How::Aborted
            }
        };
        let waited = |campaign| {
            let view = last.iter().find(|view| view.record.id == campaign)?;
            view.waiting.clone()
        };
        let views = self.watcher.look(&self.run.goal, waited).await?;
        Ok(Ended { how, views })
    }
}

/// What changes next; never, where it is not listened for.
async fn heard(events: &mut Option<Events>) -> Option<Heard> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

/// Writes what has changed as a line of JSON, where JSON is asked for.
pub(crate) fn tell(output: &Output, heard: &Heard) {
    match heard {
        Heard::Event(event) => output.json_line(&**event),
        Heard::Missed(lost) => output.json_line(&json!({"event": "missed", "lost": lost})),
    }
}

/// What an operator is told while the store takes nothing.
pub(crate) fn store_fails(error: &StoreError) -> Text {
    let trouble = trouble(error).unwrap_or_else(|| Text::Plain(error.to_string()));
    Text::StoreFails {
        trouble: Box::new(trouble),
    }
}

/// Why a driver ended that nobody had told to.
pub(crate) fn driver_ended(
    ended: Result<Result<(), DriverError>, tokio::task::JoinError>,
) -> Failure {
    match ended {
        Ok(Ok(())) => Failure::other("the runner ended by itself"),
        Ok(Err(error)) => error.into(),
        Err(error) => Failure::other(error),
    }
}

/// Another process is the runner.
struct Follower<'a> {
    setup: &'a Setup,
    store: Arc<dyn Store>,
    limits: Vec<(Account, LaneLimits)>,
    clock: Arc<dyn Clock>,
    ack_time: Duration,
    run: Run,
    tells: bool,
}

impl Follower<'_> {
    async fn follow(self, signals: &mut Signals) -> Result<Ended, Failure> {
        let mut commands = Vec::new();
        for (account, limits) in self.limits {
            let command = Command::SetLimits { account, limits };
            commands.push(self.store.submit(&command).await?);
        }
        for command in &self.run.commands {
            commands.push(self.store.submit(command).await?);
        }
        let watcher = Watcher::new(self.store, self.clock, self.ack_time);
        let tells = self.tells;
        watch(self.setup, watcher, &self.run, commands, signals, tells).await
    }
}

/// Follows campaigns that another process runs.
///
/// # Errors
/// When the store fails.
pub(crate) async fn follow(
    setup: &Setup,
    store: Arc<dyn Store>,
    goal: Goal,
    tells: bool,
) -> Result<Ended, Failure> {
    let mut signals = Signals::listen().map_err(Failure::other)?;
    let watcher = Watcher::new(store, setup.clock(), setup.settings.engine().ack_time);
    let run = Run {
        goal,
        commands: Vec::new(),
        no_wait: false,
        until: Until::Over,
        limits: LimitWishes::default(),
        sessions: Vec::new(),
    };
    watch(setup, watcher, &run, Vec::new(), &mut signals, tells).await
}

async fn watch(
    setup: &Setup,
    mut watcher: Watcher,
    run: &Run,
    mut commands: Vec<CommandId>,
    signals: &mut Signals,
    tells: bool,
) -> Result<Ended, Failure> {
    let mut told = BTreeMap::new();
    let mut progress = Progress::new(&setup.output);
    let mut replies = Replies::of(&watcher.store, run).await?;
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let how = tokio::select! {
            () = signals.next() => Some(How::Left),
            _ = ticks.tick() => None,
        };
        refused(&*watcher.store, &mut commands).await?;
        let runner = watcher.store.runner().await?;
        let word = runner.as_ref().map(|runner| runner.word.as_str());
        let views = watcher
            .look(&run.goal, |campaign| Waiting::read(word?, campaign))
            .await?;
        progress.show(&views);
        if tells {
            tell_changed(&setup.output, &views, &mut told);
        }
        replies.tell(&setup.output, &views).await?;
        let how = if how.is_some() {
            how
        } else if commands.is_empty() && watcher.is_it(run.until, &views).await? {
            Some(How::Finished)
        } else if run.no_wait && watcher.must_wait(&views) {
            Some(How::Waiting)
        } else if runner.is_none() {
            // Nobody sends any more, so nothing will change.
            Some(How::Stopped)
        } else {
            None
        };
        if let Some(how) = how {
            progress.clear();
            return Ok(Ended { how, views });
        }
    }
}

/// Another process's changes are seen by where its campaigns stand.
fn tell_changed(output: &Output, views: &[View], told: &mut BTreeMap<CampaignId, Value>) {
    for view in views {
        let mut stands = view.to_json();
        stands["event"] = json!("stands");
        if told.get(&view.record.id) != Some(&stands) {
            output.json_line(&stands);
            told.insert(view.record.id, stands);
        }
    }
}

/// Shows what people write while a run goes on.
struct Replies {
    store: Arc<dyn Store>,
    /// Of which campaigns, and after which reply; nothing where replies are not asked for.
    heard: BTreeMap<CampaignId, u64>,
}

/// Replies read at once.
const REPLIES_PAGE: u32 = 1_000;

impl Replies {
    /// From now on, for a run that ends when it is told to.
    async fn of(store: &Arc<dyn Store>, run: &Run) -> Result<Self, Failure> {
        let mut replies = Self {
            store: Arc::clone(store),
            heard: BTreeMap::new(),
        };
        if let (Until::Told, Goal::Campaigns(campaigns)) = (run.until, &run.goal) {
            for campaign in campaigns {
                let mut after = 0;
                while let Some(last) = replies.page(*campaign, after).await?.last() {
                    after = last.number;
                }
                replies.heard.insert(*campaign, after);
            }
        }
        Ok(replies)
    }

    async fn page(&self, campaign: CampaignId, after: u64) -> Result<Vec<ReplyRow>, Failure> {
        let query = ReplyQuery {
            campaign: Some(campaign),
            after,
            limit: REPLIES_PAGE,
        };
        Ok(self.store.replies(&query).await?)
    }

    async fn tell(&mut self, output: &Output, views: &[View]) -> Result<(), Failure> {
        for view in views {
            let Some(after) = self.heard.get(&view.record.id).copied() else {
                continue;
            };
            let page = self.page(view.record.id, after).await?;
            for row in &page {
                replies::show(output, &view.record.definition.name, row);
            }
            if let Some(last) = page.last() {
                self.heard.insert(view.record.id, last.number);
            }
        }
        Ok(())
    }
}

/// Takes the answered commands out of the list.
///
/// # Errors
/// When one of them was refused.
async fn refused(store: &dyn Store, commands: &mut Vec<CommandId>) -> Result<(), Failure> {
    let mut open = Vec::new();
    for id in commands.drain(..) {
        match store.answer(id).await? {
            None => open.push(id),
            Some(Answer::Refused { why }) => return Err(Failure::refused(Text::Plain(why))),
            Some(_) => {}
        }
    }
    *commands = open;
    Ok(())
}

/// Waits for a command's answer from the runner that there is.
///
/// # Errors
/// When it was refused, or nobody answers.
pub(crate) async fn answer_of(store: &dyn Store, id: CommandId) -> Result<Answer, Failure> {
    let deadline = tokio::time::Instant::now() + ANSWER_WAIT;
    loop {
        match store.answer(id).await? {
            Some(Answer::Refused { why }) => return Err(Failure::refused(Text::Plain(why))),
            Some(answer) => return Ok(answer),
            None if tokio::time::Instant::now() > deadline => {
                return Err(Failure::new(Exit::Unfinished, Text::NoAnswer));
            }
            None => tokio::time::sleep(LOOK_EVERY / 5).await,
        }
    }
}

/// Looks at campaigns again and again, and tells when they are over.
struct Watcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ack_time: Duration,
    /// Since when each has nothing more to send.
    completed: BTreeMap<CampaignId, Elapsed>,
    /// Since when each waits for its session or its server.
    in_trouble: BTreeMap<CampaignId, Elapsed>,
}

/// WhatsApp acknowledges a message within seconds, where it does at all.
const ACK_PATIENCE: Duration = Duration::from_secs(60);

/// A session or a server that is away for longer is not waited for by who was told not to wait.
const TROUBLE_PATIENCE: Duration = Duration::from_secs(120);

impl Watcher {
    fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ack_time: Duration) -> Self {
        Self {
            store,
            clock,
            ack_time,
            completed: BTreeMap::new(),
            in_trouble: BTreeMap::new(),
        }
    }

    async fn look(
        &self,
        goal: &Goal,
        waiting: impl Fn(CampaignId) -> Option<Waiting>,
    ) -> Result<Vec<View>, Failure> {
        let now = self.clock.now();
        let query = match goal {
            Goal::Campaigns(ids) => CampaignQuery::These(ids.clone()),
            Goal::UnderWay => CampaignQuery::Live,
        };
        let mut records = self.store.campaigns(&query).await?;
        if matches!(goal, Goal::UnderWay) {
            records.retain(|record| record.state != CampaignState::Paused);
            // What came to its end meanwhile is part of the story.
            let seen = |id: &&CampaignId| records.iter().all(|record| record.id != **id);
            let ended = self.completed.keys().filter(seen).copied().collect();
            let ended = CampaignQuery::These(ended);
            records.extend(self.store.campaigns(&ended).await?);
        }
        let views = records.into_iter().map(|record| View {
            waiting: waiting(record.id),
            record,
            now,
        });
        Ok(views.collect())
    }

    /// Whether all that are not over wait for something far off.
    fn must_wait(&mut self, views: &[View]) -> bool {
        let mut open = 0;
        let mut waiting = 0;
        for view in views.iter().filter(|view| {
            matches!(
                view.record.state,
                CampaignState::Scheduled | CampaignState::Running | CampaignState::Paused
            ) || view.waiting.as_ref().is_some_and(Waiting::is_trouble)
        }) {
            open += 1;
            let Some(wait) = &view.waiting else { continue };
            let is_stuck = if wait.is_trouble() {
                let since = self
                    .in_trouble
                    .entry(view.record.id)
                    .or_insert(view.now.elapsed);
                view.now.elapsed.since(*since) > TROUBLE_PATIENCE
            } else {
                self.in_trouble.remove(&view.record.id);
                false
            };
            waiting += usize::from(is_stuck || wait.is_long(view.now));
        }
        open > 0 && waiting == open
    }

    async fn is_it(&mut self, until: Until, views: &[View]) -> Result<bool, Failure> {
        match until {
            Until::Over => self.are_over(views).await,
            Until::LookedUp => self.are_looked_up(views).await,
            Until::Acknowledged => self.are_acknowledged(views).await,
            Until::Told => Ok(false),
        }
    }

    async fn are_acknowledged(&mut self, views: &[View]) -> Result<bool, Failure> {
        for view in views {
            let counts = view.counts();
            let is_open = [State::Scheduled, State::Sending]
                .into_iter()
                .any(|state| counts.of(state) > 0);
            let since = *self
                .completed
                .entry(view.record.id)
                .and_modify(|since| {
                    if is_open {
                        *since = view.now.elapsed;
                    }
                })
                .or_insert(view.now.elapsed);
            let is_silent =
                counts.of(State::Accepted) > 0 && view.now.elapsed.since(since) < ACK_PATIENCE;
            if is_open || is_silent {
                return Ok(false);
            }
        }
        self.are_looked_up(views).await
    }

    /// Whether nothing of these will be looked up without a person asking for it.
    async fn are_looked_up(&self, views: &[View]) -> Result<bool, Failure> {
        for view in views {
            if !self.store.is_looked_up(&view.record).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether nothing of these comes about by itself any more.
    async fn are_over(&mut self, views: &[View]) -> Result<bool, Failure> {
        for view in views {
            if !self.is_over(view).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn is_over(&mut self, view: &View) -> Result<bool, Failure> {
        let counts = view.counts();
        match view.record.state {
            CampaignState::Settled => return Ok(true),
            CampaignState::Completed => {}
            CampaignState::Cancelled
                if counts.of(State::Scheduled) == 0 && counts.of(State::Sending) == 0 => {}
            _ => {
                self.completed.remove(&view.record.id);
                return Ok(false);
            }
        }
        let since = *self
            .completed
            .entry(view.record.id)
            .or_insert(view.now.elapsed);
        if view.record.state == CampaignState::Completed && counts.of(State::Unconfirmed) == 0 {
            // The runner settles it when the time for acks is over.
            return Ok(false);
        }
        let is_quiet = view.record.state == CampaignState::Cancelled
            || view.now.elapsed.since(since) >= self.ack_time;
        Ok(is_quiet && self.store.is_looked_up(&view.record).await?)
    }
}
