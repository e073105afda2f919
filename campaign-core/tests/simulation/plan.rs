//! What a world is made from.

use std::ops::Range;
use std::time::Duration;

use campaign_core::campaign::{Category, NumberCheck};
use campaign_core::consent::{ConsentRule, FrequencyCap};
use campaign_core::limits::{CatchUp, Hours, LaneLimits, SharedLimits, Window, Zone};
use jiff::Timestamp;

use super::faults::Rates;

/// How much goes wrong, on which lanes, for which campaigns.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How many processes send: one alone, or several workers.
    pub(crate) workers: u32,
    /// How often one of them is frozen, shorter or longer than its lease lasts.
    pub(crate) freezes: u32,
    /// How often one of them is killed.
    pub(crate) kills: u32,
    /// How often one of them ends by itself, and comes back.
    pub(crate) retirements: u32,
    pub(crate) lanes: Vec<LanePlan>,
    pub(crate) campaigns: Vec<CampaignPlan>,
    /// Limits above the accounts.
    pub(crate) shared: Vec<SharedPlan>,
    pub(crate) rates: Rates,
    pub(crate) commits: CommitRates,
    pub(crate) crashes: u32,
    pub(crate) pauses: u32,
    pub(crate) suppressions: u32,
    /// How often the operator adds people to the first campaign.
    pub(crate) additions: u32,
    pub(crate) clock_jumps: u32,
    /// How often the machine sleeps, alone or with the server on it.
    pub(crate) suspensions: u32,
    pub(crate) restores: u32,
    pub(crate) power: PowerPlan,
    /// How often a session is paired anew with another number.
    pub(crate) pairings: u32,
    /// How often the operator decides about a delivery that failed or is in doubt, or retries what failed.
    pub(crate) decisions: u32,
    pub(crate) limit_changes: u32,
    pub(crate) people: PeoplePlan,
    /// How often a program wants a single message sent.
    pub(crate) singles: u32,
    /// How many requests wait for a connection, from 0 to 1.
    pub(crate) slow_writes: f64,
    /// How often somebody decides something between a journal and its write, from 0 to 1.
    pub(crate) meddling: f64,
    /// How often the operator decides about a message just as evidence of it comes in, from 0 to 1.
    pub(crate) races: f64,
    /// How often a person sends a message from a phone.
    pub(crate) by_hand: u32,
    /// How often a session dies, and says that it works.
    pub(crate) deaths: u32,
    /// How often somebody else sends a text of ours through the same session.
    pub(crate) forwards: u32,
    /// How often somebody in an audience writes to the account.
    pub(crate) letters: u32,
    /// Everybody in an audience that somebody waits for has written just before.
    pub(crate) all_have_written: bool,
    /// How often acks come in for ids that nobody knows.
    pub(crate) stray_acks: u32,
    /// How often the server that all sessions share goes away, and comes back as another process or as the same.
    pub(crate) outages: u32,
    /// Another process of it does not know any more what the one before had stored last.
    pub(crate) restarts_forget: bool,
    /// Look-ups take up to minutes, and tell what was there when they were asked for.
    pub(crate) slow_finds: bool,
    /// How often a session loses its connection for a moment, and again, and again.
    pub(crate) flaps: u32,
    pub(crate) begins: Timestamp,
    /// What is drawn beforehand happens within this time; `None`: while an unpaced campaign would last.
    pub(crate) spread: Option<Duration>,
    pub(crate) steps_between_crashes: u64,
    /// Zones that the operator gives the first account, one after the other.
    pub(crate) zone_changes: Vec<Zone>,
    /// Deliveries that the engine keeps in memory.
    pub(crate) window: u32,
    /// Acks and echoes reach us.
    pub(crate) hears_events: bool,
    /// Nothing goes wrong any more after this, and the operator resumes what is paused.
    pub(crate) heals_after: Option<Duration>,
}

/// What people want, and what holds over all campaigns because of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeoplePlan {
    /// How often somebody opts out, or in again.
    pub(crate) wishes: u32,
    /// How often a session learns whose phone belongs to a LID.
    pub(crate) lids_learnt: u32,
    pub(crate) caps: Vec<FrequencyCap>,
    pub(crate) wait_hours_max: u32,
    /// It is on record who agreed to broadcasts, and who did not.
    pub(crate) have_agreed: bool,
}

/// How often the machine loses power, and what that costs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PowerPlan {
    pub(crate) cuts: u32,
    /// The last commits are lost, although they were said to be durable (`synchronous=NORMAL`).
    pub(crate) loses: bool,
    /// The store finds out that it is an older copy of itself.
    pub(crate) is_announced: bool,
    /// The machine has no clock of its own: it comes up days behind, until the network tells it the time.
    pub(crate) forgets_time: bool,
}

/// One session with an account, and the server and phone behind it.
#[derive(Debug, Clone)]
pub(crate) struct LanePlan {
    pub(crate) limits: LaneLimits,
    pub(crate) store_on: bool,
    /// Where it is off: somebody turns it on during the campaign.
    pub(crate) store_turned_on: bool,
    pub(crate) honours_ids: bool,
    /// Events tell LIDs, and no phone of whom the session does not know.
    pub(crate) hides_people: bool,
    /// Messages are kept under LIDs.
    pub(crate) is_keyed_by_lid: bool,
    /// The session knows which LID belongs to whose phone, at first of one in so many.
    pub(crate) knows_one_in: u32,
}

/// Limits above the accounts.
#[derive(Debug, Clone)]
pub(crate) struct SharedPlan {
    pub(crate) whose: Whose,
    pub(crate) limits: SharedLimits,
}

/// Who keeps them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Installation,
    /// All sessions live on one.
    Server,
    /// That of the campaigns that have one.
    Tenant,
    /// This campaign.
    Campaign(usize),
}

impl SharedPlan {
    pub(crate) fn window(whose: Whose, sends_max: u32, seconds: u64) -> Self {
        let window = Window {
            sends_max,
            span: Duration::from_secs(seconds),
        };
        let limits = SharedLimits {
            windows: vec![window],
            ..SharedLimits::default()
        };
        Self { whose, limits }
    }

    /// As if they were an account's.
    pub(crate) fn as_of_lane(&self) -> LaneLimits {
        LaneLimits {
            windows: self.limits.windows.clone(),
            ..LaneLimits::unpaced(u16::MAX)
        }
    }
}

/// One campaign.
#[derive(Debug, Clone)]
pub(crate) struct CampaignPlan {
    pub(crate) lane: usize,
    /// It is sent from this lane too.
    pub(crate) also: Option<usize>,
    /// With another lane: whether its people move there when theirs is held.
    pub(crate) moves_after: Option<Duration>,
    pub(crate) weight: u8,
    /// What it says before the name.
    pub(crate) greeting: &'static str,
    pub(crate) category: Category,
    pub(crate) is_of_tenant: bool,
    pub(crate) is_urgent: bool,
    /// It may say what another campaign has just said.
    pub(crate) may_repeat: bool,
    pub(crate) consent: ConsentRule,
    /// Which of the people there are.
    pub(crate) audience: Range<u32>,
    /// Rows of each person, told apart by a key.
    pub(crate) rows_each: u32,
    /// Whether numbers are asked about first.
    pub(crate) check: NumberCheck,
    /// One in so many is not on WhatsApp.
    pub(crate) absent_one_in: Option<u64>,
    pub(crate) hours: Option<Hours>,
    pub(crate) started_after: Duration,
    pub(crate) expires_after: Option<Duration>,
    pub(crate) cancelled_after: Option<Duration>,
    /// What happens to what is late.
    pub(crate) catch_up: CatchUp,
}

/// How often a commit goes wrong in each way, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CommitRates {
    pub(crate) slow: f64,
    pub(crate) failed: f64,
    /// It is not known whether it is durable; half of them are.
    pub(crate) unknown: f64,
    /// A reading comes to nothing.
    pub(crate) unreadable: f64,
}

impl Plan {
    /// A world of one campaign on one lane, in which nothing goes wrong.
    pub(crate) fn new(seed: u64, recipients: u32, limits: LaneLimits) -> Self {
        Self {
            seed,
            workers: 1,
            freezes: 0,
            kills: 0,
            retirements: 0,
            lanes: vec![LanePlan::new(limits)],
            campaigns: vec![CampaignPlan::new(0, 0..recipients)],
            shared: Vec::new(),
            rates: Rates::default(),
            commits: CommitRates::default(),
            crashes: 0,
            pauses: 0,
            suppressions: 0,
            additions: 0,
            clock_jumps: 0,
            suspensions: 0,
            restores: 0,
            power: PowerPlan::default(),
            pairings: 0,
            decisions: 0,
            limit_changes: 0,
            people: PeoplePlan::default(),
            singles: 0,
            slow_writes: 0.0,
            meddling: 0.0,
            races: 0.0,
            by_hand: 0,
            deaths: 0,
            forwards: 0,
            letters: 0,
            all_have_written: false,
            stray_acks: 0,
            outages: 0,
            restarts_forget: false,
            slow_finds: false,
            flaps: 0,
            // A Saturday, 07:30 in Jakarta.
            begins: "2026-11-21T00:30:00Z".parse().unwrap(),
            spread: None,
            steps_between_crashes: 2_000,
            zone_changes: Vec::new(),
            window: 64,
            hears_events: true,
            heals_after: None,
        }
    }

    /// The same with other lanes.
    pub(crate) fn lane(mut self, change: impl Fn(&mut LanePlan)) -> Self {
        self.lanes.iter_mut().for_each(change);
        self
    }

    /// The same with other campaigns.
    pub(crate) fn campaign(mut self, change: impl Fn(&mut CampaignPlan)) -> Self {
        self.campaigns.iter_mut().for_each(change);
        self
    }

    /// Every ack and every message that can be found tells: nothing is lost on the way to a process that died, or to another account.
    pub(crate) fn hears_all(&self) -> bool {
        self.crashes == 0
            && self.workers == 1
            && self.restores == 0
            && self.power.cuts == 0
            && self.pairings == 0
            && self.suspensions == 0
            && self.commits.unknown == 0.0
            && self.hears_events
    }

    /// Deliveries that there are at first.
    pub(crate) fn deliveries(&self) -> u32 {
        self.campaigns.iter().map(CampaignPlan::deliveries).sum()
    }
}

impl LanePlan {
    pub(crate) fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            store_on: true,
            store_turned_on: false,
            honours_ids: true,
            hides_people: false,
            is_keyed_by_lid: false,
            knows_one_in: 1,
        }
    }
}

impl CampaignPlan {
    pub(crate) fn new(lane: usize, audience: Range<u32>) -> Self {
        Self {
            lane,
            also: None,
            moves_after: None,
            weight: 1,
            greeting: "Halo",
            category: Category::Marketing,
            is_of_tenant: false,
            is_urgent: false,
            // Most campaigns here greet the same people alike, and everybody is to get each of them.
            may_repeat: true,
            consent: ConsentRule::NotRequired,
            audience,
            rows_each: 1,
            check: NumberCheck::Known,
            absent_one_in: None,
            hours: None,
            started_after: Duration::ZERO,
            expires_after: None,
            cancelled_after: None,
            catch_up: CatchUp::default(),
        }
    }

    pub(crate) fn deliveries(&self) -> u32 {
        (self.audience.end - self.audience.start) * self.rows_each
    }
}
