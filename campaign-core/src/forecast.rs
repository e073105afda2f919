//! When a campaign will end: the same engine, on a virtual clock, with a world in which every send is taken.
//!
//! Nothing is estimated by formula. Gaps, windows, caps, hours and expiry are those of the engine itself, so that the forecast cannot
//! disagree with what the runner will do, other than by faults and by the speed of the server.

mod relaxed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

pub use self::relaxed::{Alternative, Relaxation, alternative};
use crate::campaign::{CampaignState, Definition};
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Happening, Standing, State, apply};
use crate::engine::{Beginning, Chance, Engine, Input, Settings, Step, WaitsFor};
use crate::failure::Outcome;
use crate::gateway::{Account, NumberStatus, Observation, Readiness, Session};
use crate::limits::{DayCount, LaneLimits, Limit, Scope, SharedRecord};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, CampaignRecord, Change, Counts, DoubtPage, Effect, LaneId, LaneRecord, Ready, ReadyPage,
    ReadyQuery, Sweep, Whom,
};

/// What a forecast is made from.
#[derive(Debug, Clone)]
pub struct Outlook<'a> {
    /// The campaign. Its hours, start, expiry and retry policy count; its message does not.
    pub definition: &'a Definition,
    /// How many are still to be sent to.
    pub recipients: u32,
    /// The limits of its account, or of each of several.
    pub limits: &'a LaneLimits,
    /// The limits above its accounts that it will keep, with what was sent under them. Those of a server count for all its sessions.
    pub shared: &'a [SharedRecord],
    /// What the account, or each of them, has sent today already.
    pub sent_today: Option<DayCount>,
    /// How long the server takes to answer a send: shortest and longest.
    pub answer_time: (Duration, Duration),
    /// The moment it is made for.
    pub now: Now,
    /// Draws gaps and answer times.
    pub seed: u64,
}

/// When a campaign will end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// When the first message goes out; `None` when none does.
    pub begins_at: Option<Timestamp>,
    /// When the last one has been answered; `None` when none goes out.
    pub ends_at: Option<Timestamp>,
    /// How many go out.
    pub sends: u64,
    /// How many are too late: the campaign expires, or its hours never open again.
    pub expired: u64,
    /// How many go out on which day, in the zone of the account.
    pub per_day: BTreeMap<Date, u64>,
    /// How many go out from which session, where none knows anybody yet.
    pub per_session: BTreeMap<Session, u64>,
    /// What takes most of the time; `None` when the answers of the server do.
    pub bottleneck: Option<Bottleneck>,
}

/// What takes most of a campaign's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bottleneck {
    /// The pause between two sends.
    Gap,
    /// A sliding window.
    Window,
    /// The day's cap.
    DailyCap,
    /// The cap of a number that is being warmed up.
    WarmUp,
    /// Rests.
    Rest,
    /// A limit above the accounts.
    Shared,
    /// Sending hours, or the start.
    Hours,
}

/// Runs the campaign on a virtual clock.
pub fn forecast(outlook: &Outlook<'_>) -> Forecast {
    World::new(outlook).run()
}

const BOOT: BootId = BootId(0);
const CAMPAIGN: u32 = 1;
const SERVER: &str = "server";
/// A campaign that is not over after so long never will be, as far as anybody cares.
const FAR: Duration = Duration::from_secs(10 * 366 * 86_400);

struct World<'a> {
    outlook: &'a Outlook<'a>,
    engine: Engine,
    record: CampaignRecord,
    now: Now,
    events: BTreeMap<(Elapsed, u64), Input>,
    event_number: u64,
    loaded: u32,
    left: u64,
    chance: Chance,
    waited: BTreeMap<Bottleneck, Duration>,
    forecast: Forecast,
}

impl<'a> World<'a> {
    fn new(outlook: &'a Outlook<'a>) -> Self {
        let settings = Settings {
            seed: outlook.seed,
            ..Settings::default()
        };
        let beginning = Beginning {
            message_key: [0; 16],
            at: outlook.now.stamp(BOOT),
            accounts: accounts(outlook.definition).collect(),
            shared: outlook.shared.iter().map(own_scope).collect(),
            is_worker: false,
        };
        let id = CampaignId::new(CAMPAIGN).unwrap_or(CampaignId::MAX);
        // A message of no variables: rendering takes no part in time.
        let message =
            MessageTemplate::text("-").unwrap_or_else(|_| outlook.definition.message.clone());
        let definition = Definition {
            message,
            ..outlook.definition.clone()
        };
        let record = CampaignRecord {
            id,
            definition: Arc::new(definition),
            columns: Arc::new([]),
            state: CampaignState::Running,
            created_at: outlook.now.wall,
            rejected: 0,
            counts: Counts::default(),
            pruned_at: None,
        };
        let mut world = Self {
            outlook,
            engine: Engine::new(settings, beginning),
            record,
            now: outlook.now,
            events: BTreeMap::new(),
            event_number: 0,
            loaded: 0,
            left: u64::from(outlook.recipients),
            chance: Chance::new(outlook.seed, u64::MAX - 1),
            waited: BTreeMap::new(),
            forecast: Forecast {
                begins_at: None,
                ends_at: None,
                sends: 0,
                expired: 0,
                per_day: BTreeMap::new(),
                per_session: BTreeMap::new(),
                bottleneck: None,
            },
        };
        let record = Box::new(world.reread());
        world.engine.handle(Input::Campaign(record), world.now);
        world
    }

    fn run(mut self) -> Forecast {
        let end = self.now.elapsed + FAR;
        while self.left > 0 && self.now.elapsed < end {
            match self.engine.next(self.now) {
                Step::WaitUntil(moment) => self.pass_until(moment),
                Step::Idle if self.events.is_empty() => break,
                Step::Idle | Step::Stopped => self.pass_until(Elapsed::NEVER),
                step => self.carry_out(step),
            }
        }
        self.forecast.expired += self.left;
        self.forecast.bottleneck = self
            .waited
            .iter()
            .max_by_key(|(_, waited)| **waited)
            .map(|(what, _)| *what);
        self.forecast
    }

    /// Lets time pass until the next event, or until the moment; tells what was waited for.
    fn pass_until(&mut self, moment: Elapsed) {
        let next = self
            .events
            .keys()
            .next()
            .map_or(Elapsed::NEVER, |(moment, _)| *moment);
        let passes = moment.min(next).since(self.now.elapsed).min(FAR);
        let bottleneck = match self.engine.waits_for(self.record.id, self.now) {
            Some((_, WaitsFor::Hours { .. })) => Some(Bottleneck::Hours),
            Some((_, WaitsFor::Limit { limit, .. })) => match limit {
                Limit::Gap => Some(Bottleneck::Gap),
                Limit::Window => Some(Bottleneck::Window),
                Limit::DailyCap => Some(Bottleneck::DailyCap),
                Limit::WarmUp => Some(Bottleneck::WarmUp),
                Limit::Rest => Some(Bottleneck::Rest),
                Limit::InFlight => None,
            },
            Some((_, WaitsFor::SharedLimit { .. })) => Some(Bottleneck::Shared),
            _ => None,
        };
        if let Some(bottleneck) = bottleneck {
            *self.waited.entry(bottleneck).or_default() += passes;
        }
        self.now.elapsed = self.now.elapsed + passes;
        self.now.wall = self.now.wall.checked_add(passes).unwrap_or(Timestamp::MAX);
        if next <= self.now.elapsed
            && let Some((_, input)) = self.events.pop_first()
        {
            self.engine.handle(input, self.now);
        }
    }

    fn tell(&mut self, after: Duration, input: Input) {
        self.event_number += 1;
        self.events
            .insert((self.now.elapsed + after, self.event_number), input);
    }

    fn carry_out(&mut self, step: Step) {
        let answer = match step {
            Step::Reread(_) => Input::Campaign(Box::new(self.reread())),
            Step::OpenLane { account, session } => Input::Lane {
                session,
                record: Box::new(self.lane(account)),
            },
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: self.page(query),
            },
            Step::LoadDoubts(_) => Input::DoubtsLoaded(DoubtPage::default()),
            Step::MarkSilent { .. } => Input::SilentMarked(0),
            Step::Commit(batch) => Input::Committed(self.commit(&batch)),
            Step::Observe(session) => Input::Observed {
                observation: Observation {
                    account: self.account_of(&session),
                    server_time: Some(self.now.wall),
                    store_on: Some(true),
                    server: Some(SERVER.into()),
                    ..Observation::only(Readiness::Working)
                },
                session,
            },
            Step::Send(sending) => {
                let day = self.outlook.limits.zone.date(self.now.wall);
                *self.forecast.per_day.entry(day).or_default() += 1;
                let of_session = self.forecast.per_session.entry(sending.session);
                *of_session.or_default() += 1;
                self.forecast.sends += 1;
                self.forecast.begins_at.get_or_insert(self.now.wall);
                let takes = self.answer_time();
                let outcome = Outcome::Accepted { message_id: None };
                return self.tell(
                    takes,
                    Input::SendEnded {
                        delivery: sending.delivery,
                        outcome,
                    },
                );
            }
            Step::Check { lane, slot, .. } => {
                let status = NumberStatus::OnWhatsapp;
                let takes = self.answer_time();
                return self.tell(takes, Input::Checked { lane, slot, status });
            }
            Step::Find(_)
            | Step::Restart(_)
            | Step::LetGo(_)
            | Step::Resolve(_)
            | Step::Gate { .. }
            | Step::PhoneOf { .. }
            | Step::LidOf { .. }
            | Step::Withhold(_)
            | Step::Confirm
            | Step::WaitUntil(_)
            | Step::Idle
            | Step::Stopped => return,
        };
        self.engine.handle(answer, self.now);
    }

    fn answer_time(&mut self) -> Duration {
        let (shortest, longest) = self.outlook.answer_time;
        shortest + longest.saturating_sub(shortest).mul_f64(self.chance.unit())
    }

    fn reread(&self) -> CampaignRecord {
        let mut record = self.record.clone();
        record.counts.0.insert((State::Scheduled, None), self.left);
        record
    }

    fn account_of(&self, session: &Session) -> Option<Account> {
        let mut accounts = accounts(self.outlook.definition);
        let (_, account) = accounts.find(|(other, _)| other == session)?;
        Some(account)
    }

    fn lane(&self, account: Account) -> LaneRecord {
        let place = accounts(self.outlook.definition).position(|(_, other)| other == account);
        let id = LaneId(place.map_or(0, |place| place as u32) + 1);
        LaneRecord {
            day: self.outlook.sent_today,
            ..LaneRecord::new(id, account, self.outlook.limits.clone())
        }
    }

    fn page(&mut self, query: ReadyQuery) -> ReadyPage {
        if matches!(query.whom, Whom::KnownTo(_)) {
            return ReadyPage::default();
        }
        let first = self.loaded;
        let last = self
            .outlook
            .recipients
            .min(first.saturating_add(query.limit));
        self.loaded = last;
        let ready = (first..last).filter_map(|ordinal| {
            Some(Ready {
                delivery: DeliveryId::new(query.campaign, ordinal)?,
                phone: PhoneNumber::FICTITIOUS,
                account: None,
                attempts: 0,
                values: Box::new([]),
                is_on_whatsapp: None,
            })
        });
        ReadyPage {
            ready: ready.collect(),
            next_due: None,
            has_more: last < self.outlook.recipients,
            read_to: None,
        }
    }

    fn commit(&mut self, batch: &Batch) -> Vec<Effect> {
        batch
            .changes
            .iter()
            .map(|change| self.effect(change))
            .collect()
    }

    fn effect(&mut self, change: &Change) -> Effect {
        let from = Standing::NEW;
        match change {
            Change::Happened(happened) if happened.happening == Happening::Accepted => {
                self.left -= 1;
                self.forecast.ends_at = Some(self.now.wall);
                Effect::Moved {
                    from,
                    to: apply(from, Happening::Accepted).unwrap_or(from),
                }
            }
            Change::Sweep {
                what: Sweep::Expire,
                ..
            } => {
                self.forecast.expired = std::mem::take(&mut self.left);
                Effect::Swept(0)
            }
            _ => Effect::Done,
        }
    }
}

/// The same limits, of the campaign and the server that it is played with.
fn own_scope(record: &SharedRecord) -> SharedRecord {
    let scope = match (&record.scope, CampaignId::new(CAMPAIGN)) {
        (Scope::Server(_), _) => Scope::Server(SERVER.into()),
        (Scope::Campaign(_), Some(id)) => Scope::Campaign(id),
        (other, _) => other.clone(),
    };
    SharedRecord {
        scope,
        ..record.clone()
    }
}

/// Numbers that stand for the accounts of its sessions.
fn accounts(definition: &Definition) -> impl Iterator<Item = (Session, Account)> {
    let sessions = definition.sessions.iter().cloned();
    let numbers =
        (PhoneNumber::FICTITIOUS.digits()..).map_while(|it| PhoneNumber::from_digits(it).ok());
    sessions.zip(numbers.map(Account))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::campaign::Sessions;
    use crate::limits::{Gap, Hours, Window, Zone};

    fn definition() -> Definition {
        let message = MessageTemplate::text("Halo {{nama}}").unwrap();
        Definition::new("outlook", Session::new("default"), message)
    }

    fn outlook<'a>(
        definition: &'a Definition,
        recipients: u32,
        limits: &'a LaneLimits,
    ) -> Outlook<'a> {
        Outlook {
            definition,
            recipients,
            limits,
            shared: &[],
            sent_today: None,
            answer_time: (Duration::from_millis(100), Duration::from_millis(100)),
            now: Now {
                elapsed: Elapsed::from_micros(0),
                // 08:00 in Jakarta.
                wall: "2026-11-21T01:00:00Z".parse().unwrap(),
            },
            seed: 1,
        }
    }

    fn see(definition: &Definition, recipients: u32, limits: &LaneLimits) -> Forecast {
        forecast(&outlook(definition, recipients, limits))
    }

    #[test]
    fn a_limit_above_the_account_decides_where_it_is_the_narrower_one() {
        let cap = SharedRecord {
            scope: Scope::Server("waha.example:443".into()),
            limits: crate::limits::SharedLimits {
                sends_per_day_max: Some(5),
                ..Default::default()
            },
            past: None,
        };
        let (definition, limits) = (definition(), LaneLimits::unpaced(16));
        let outlook = Outlook {
            shared: &[cap],
            ..outlook(&definition, 20, &limits)
        };
        let seen = forecast(&outlook);
        let per_day: Vec<u64> = seen.per_day.values().copied().collect();
        assert_eq!(per_day, [5, 5, 5, 5]);
        assert_eq!(seen.bottleneck, Some(Bottleneck::Shared));
        let other = alternative(&outlook, &seen).unwrap();
        assert_eq!(other.change, Relaxation::NoSharedLimits);
        assert!(other.ends_at < seen.ends_at);
    }

    fn hours_taken(forecast: &Forecast) -> f64 {
        let taken = forecast
            .ends_at
            .unwrap()
            .duration_since(forecast.begins_at.unwrap());
        taken.as_secs_f64() / 3600.0
    }

    #[test]
    fn the_gap_decides_how_long_it_takes() {
        let gap = Gap {
            min: Duration::from_secs(2),
            max: Duration::from_secs(4),
        };
        let limits = LaneLimits {
            gap,
            sends_per_day_max: None,
            ..LaneLimits::default()
        };
        let forecast = see(&definition(), 2_000, &limits);
        assert_eq!(forecast.sends, 2_000);
        assert_eq!(forecast.bottleneck, Some(Bottleneck::Gap));
        let expected = 2_000.0 * 3.1 / 3600.0;
        assert!(
            (hours_taken(&forecast) / expected - 1.0).abs() < 0.02,
            "{} h",
            hours_taken(&forecast)
        );
    }

    #[test]
    fn a_daily_cap_spreads_it_over_days() {
        let limits = LaneLimits {
            gap: Gap::NONE,
            sends_per_day_max: Some(1_000),
            ..LaneLimits::default()
        };
        let forecast = see(&definition(), 2_500, &limits);
        assert_eq!(
            forecast.per_day.values().copied().collect::<Vec<_>>(),
            [950, 950, 600]
        );
        assert_eq!(forecast.bottleneck, Some(Bottleneck::DailyCap));
    }

    #[test]
    fn windows_and_hours_are_kept() {
        let window = Window {
            sends_max: 30,
            span: Duration::from_secs(60),
        };
        let limits = LaneLimits {
            gap: Gap::NONE,
            windows: vec![window],
            sends_per_day_max: None,
            ..LaneLimits::default()
        };
        let forecast = see(&definition(), 300, &limits);
        assert_eq!(forecast.bottleneck, Some(Bottleneck::Window));
        assert!(
            (hours_taken(&forecast) * 60.0 - 9.0).abs() < 0.2,
            "{} h",
            hours_taken(&forecast)
        );
        let evening = Definition {
            hours: Some(Hours::parse("18:00-19:00", Zone::default()).unwrap()),
            ..definition()
        };
        let forecast = see(&evening, 4_000, &limits);
        assert_eq!(
            forecast.begins_at,
            Some("2026-11-21T11:00:00Z".parse().unwrap())
        );
        assert_eq!(forecast.per_day.len(), 3, "{:?}", forecast.per_day);
        assert_eq!(forecast.bottleneck, Some(Bottleneck::Hours));
    }

    #[test]
    fn several_accounts_share_it_and_each_has_its_limits() {
        let limits = LaneLimits {
            gap: Gap::NONE,
            sends_per_day_max: Some(1_000),
            ..LaneLimits::default()
        };
        let sessions = ["toko", "toko2", "toko3"].map(Session::new);
        let pool = Definition {
            sessions: Sessions::new(sessions.clone()).unwrap(),
            ..definition()
        };
        let forecast = see(&pool, 2_850 + 300, &limits);
        assert_eq!(
            forecast.per_day.values().copied().collect::<Vec<_>>(),
            [2_850, 300]
        );
        assert_eq!(forecast.bottleneck, Some(Bottleneck::DailyCap));
        assert_eq!(forecast.per_session.len(), 3);
        assert_eq!(forecast.per_session.values().sum::<u64>(), forecast.sends);
        assert!(forecast.per_session.values().all(|sends| *sends >= 950));
    }

    #[test]
    fn what_expires_is_told() {
        let soon = Definition {
            expires_at: Some("2026-11-21T01:10:00Z".parse().unwrap()),
            ..definition()
        };
        let forecast = see(&soon, 1_000, &LaneLimits::default());
        assert_eq!(forecast.sends + forecast.expired, 1_000);
        assert!((150..250).contains(&forecast.sends), "{}", forecast.sends);
    }
}
