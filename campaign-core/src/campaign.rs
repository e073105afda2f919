//! A campaign: what, to whom, from which sessions, when. Its definition is frozen when it starts; its state
//! moves along one table.

mod sessions;
mod share;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::sessions::{PoolPolicy, Sessions, SessionsError};
pub use self::share::{Priority, Share, Weight};
use crate::consent::{ConsentRule, Terms};
use crate::limits::{CatchUp, Hours, Slot, Zone};
use crate::message::MessageTemplate;
use crate::retry::RetryPolicy;

/// Everything that makes a campaign this campaign. The same name with the same definition goes on; with another one it is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Unique in its database.
    pub name: String,
    /// The sessions it is sent from: one, or several that share it.
    #[serde(alias = "session")]
    pub sessions: Sessions,
    /// What becomes of messages to people whom one of several accounts knows, while it cannot send.
    #[serde(default)]
    pub pool_policy: PoolPolicy,
    /// What is sent.
    pub message: MessageTemplate,
    /// What kind of business it is.
    #[serde(default)]
    pub category: Category,
    /// Somebody waits for it: it goes out beside what else the account sends, not after it.
    #[serde(default)]
    pub is_urgent: bool,
    /// Before or after which campaigns of its accounts it goes.
    #[serde(default)]
    pub priority: Priority,
    /// How many messages it sends for each of a campaign of its priority that weighs 1.
    #[serde(default)]
    pub weight: Weight,
    /// Where the audience comes from.
    pub source: Source,
    /// What happens to rows that lack a value the message needs.
    pub missing: Missing,
    /// Whether it is found out first that a number is on WhatsApp.
    #[serde(default)]
    pub check: NumberCheck,
    /// When it may send; `None` is at any hour.
    pub hours: Option<Hours>,
    /// By whose clock the hours are kept.
    #[serde(default)]
    pub hours_by: HoursBy,
    /// What becomes of messages that are late.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The zone in which its times are shown.
    pub zone: Zone,
    /// Not before this moment.
    pub starts_at: Option<Timestamp>,
    /// Nothing is sent after this moment.
    pub expires_at: Option<Timestamp>,
    /// How often a delivery is tried.
    pub retry: RetryPolicy,
    /// Whether only who agreed is written to.
    #[serde(default)]
    pub consent: ConsentRule,
    /// It goes to people too whom another campaign has told the same within 7 days.
    #[serde(default)]
    pub may_repeat: bool,
    /// Whose campaign it is, where several share a database: whose limits it counts in ([`crate::limits::Scope::Tenant`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Box<str>>,
    /// It answers opt-outs, and goes to nobody else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms_opt_out: bool,
}

/// What kind of business a message is: which consent it needs, and whether somebody waits for it. The words are Meta's for templates, and
/// `service` for answers, which need none.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// An offer, news, a greeting.
    #[default]
    Marketing,
    /// About something between the two: a bill, a receipt, a reminder, an order on its way.
    Utility,
    /// A one-time password.
    Authentication,
    /// An answer to what the person asked.
    Service,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 4] = [
        Category::Marketing,
        Category::Utility,
        Category::Authentication,
        Category::Service,
    ];

    /// Its name in reports, routes and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Marketing => "marketing",
            Category::Utility => "utility",
            Category::Authentication => "authentication",
            Category::Service => "service",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an audience comes from: enough to tell whether it is the same one. Empty for an audience that is no file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// The file's name, for people.
    pub name: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Options of the import (sheet, columns, region, key), as one readable line.
    pub options: String,
    /// The column that tells several rows of one phone apart.
    #[serde(default)]
    pub key: Option<String>,
    /// Only the first so many recipients.
    pub limit: Option<u32>,
}

/// What happens to rows that lack a value the message needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The campaign does not start.
    #[default]
    Refuse,
    /// Those rows are skipped, and reported.
    Skip,
}

/// By whose clock sending hours are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoursBy {
    /// By that of the hours' own zone, for everybody.
    #[default]
    Campaign,
    /// By each recipient's own: the one that a column names, or else that of their number's country where it has but one, or else the
    /// hours' own. Whoever's column names no zone is skipped, and reported.
    Recipient {
        /// The column that names a zone; one that is not among the campaign's is empty for everybody.
        column: Option<Box<str>>,
    },
}

/// Whether it is found out that a number is on WhatsApp before it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberCheck {
    /// Nothing is asked and nothing that is known is used.
    Never,
    /// Numbers that are known not to be on WhatsApp are skipped; nothing is asked.
    #[default]
    Known,
    /// Numbers of which it is not known are asked about first, at the lane's pace.
    New,
    /// Numbers of which it is not known are asked about, and nothing is sent to anybody.
    Only,
}

/// One input in which two definitions of one name differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which input.
    pub what: &'static str,
    /// How the campaign has it.
    pub was: String,
    /// How it was given now.
    pub is: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: was {}, is now {}", self.what, self.was, self.is)
    }
}

impl Definition {
    /// A campaign that starts when it is told to, sends at any hour, and refuses rows that lack a value.
    ///
    /// ```
    /// use campaign_core::campaign::Definition;
    /// use campaign_core::gateway::Session;
    /// use campaign_core::message::MessageTemplate;
    ///
    /// let message = MessageTemplate::text("Halo {{nama}}")?;
    /// let definition = Definition {
    ///     expires_at: Some("2026-12-24T17:00:00Z".parse()?),
    ///     ..Definition::new("tagihan mei", Session::new("default"), message)
    /// };
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        sessions: impl Into<Sessions>,
        message: MessageTemplate,
    ) -> Self {
        Self {
            name: name.into(),
            sessions: sessions.into(),
            pool_policy: PoolPolicy::default(),
            message,
            category: Category::default(),
            is_urgent: false,
            priority: Priority::default(),
            weight: Weight::default(),
            source: Source::default(),
            missing: Missing::default(),
            check: NumberCheck::default(),
            hours: None,
            hours_by: HoursBy::default(),
            catch_up: CatchUp::default(),
            zone: Zone::default(),
            starts_at: None,
            expires_at: None,
            retry: RetryPolicy::default(),
            consent: ConsentRule::default(),
            may_repeat: false,
            tenant: None,
            confirms_opt_out: false,
        }
    }

    /// What decides to whom it may go.
    pub fn terms(&self) -> Terms {
        Terms {
            category: self.category,
            consent: self.consent,
            may_repeat: self.may_repeat,
            confirms_opt_out: self.confirms_opt_out,
        }
    }

    /// The slot of its account's lane that it goes through.
    pub fn slot(&self) -> Slot {
        match self.category {
            Category::Authentication | Category::Service => Slot::Reply,
            Category::Marketing | Category::Utility if self.is_urgent => Slot::Reply,
            Category::Marketing | Category::Utility => Slot::Cold,
        }
    }

    /// After which moment nothing of what was due at `due` is sent any more.
    pub fn expires_by(&self, due: Timestamp) -> Option<Timestamp> {
        let late = self.catch_up.expires_at(due);
        [self.expires_at, late].into_iter().flatten().min()
    }

    /// Whether it is a campaign for the engine alone, such as a message of [`crate::once`]: its name holds a colon, which none that people give may.
    pub fn is_single(&self) -> bool {
        self.name.contains(':')
    }

    /// Its share of its accounts.
    pub fn share(&self) -> Share {
        Share {
            priority: self.priority,
            weight: self.weight,
        }
    }

    /// Gives it another share.
    pub fn set_share(&mut self, share: Share) {
        Share {
            priority: self.priority,
            weight: self.weight,
        } = share;
    }

    /// In what `other` differs. The file's name does not count: its contents do. Nor does its share, which may be changed at any time.
    pub fn differences(&self, other: &Definition) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |what, was: String, is: String| {
            if was != is {
                found.push(Difference { what, was, is });
            }
        };
        let moment = |moment: &Option<Timestamp>| {
            moment.map_or("none".to_owned(), |moment| self.zone.show(moment))
        };
        compare(
            "session",
            self.sessions.to_string(),
            other.sessions.to_string(),
        );
        compare(
            "if an account is held",
            self.pool_policy.to_string(),
            other.pool_policy.to_string(),
        );
        compare("message", self.message.describe(), other.message.describe());
        compare(
            "category",
            self.category.to_string(),
            other.category.to_string(),
        );
        let tenant = |of: &Definition| of.tenant.as_deref().unwrap_or("none").to_owned();
        compare("tenant", tenant(self), tenant(other));
        compare("urgent", show(&self.is_urgent), show(&other.is_urgent));
        compare("file", show_hash(&self.source), show_hash(&other.source));
        compare(
            "import options",
            self.source.options.clone(),
            other.source.options.clone(),
        );
        compare("limit", show(&self.source.limit), show(&other.source.limit));
        compare("missing values", show(&self.missing), show(&other.missing));
        compare("number check", show(&self.check), show(&other.check));
        compare("hours", show_hours(&self.hours), show_hours(&other.hours));
        compare(
            "hours by",
            self.hours_by.to_string(),
            other.hours_by.to_string(),
        );
        compare("late messages", show(&self.catch_up), show(&other.catch_up));
        compare("zone", self.zone.to_string(), other.zone.to_string());
        compare("start", moment(&self.starts_at), moment(&other.starts_at));
        compare(
            "expiry",
            moment(&self.expires_at),
            moment(&other.expires_at),
        );
        compare("retry", show(&self.retry), show(&other.retry));
        compare("consent", show(&self.consent), show(&other.consent));
        compare(
            "repetition allowed",
            show(&self.may_repeat),
            show(&other.may_repeat),
        );
        found
    }
}

impl fmt::Display for HoursBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HoursBy::Campaign => f.write_str("campaign"),
            HoursBy::Recipient { column: None } => f.write_str("recipient"),
            HoursBy::Recipient {
                column: Some(column),
            } => write!(f, "recipient, column {column}"),
        }
    }
}

fn show(value: &impl fmt::Debug) -> String {
    format!("{value:?}")
}

fn show_hash(source: &Source) -> String {
    format!(
        "{} (sha256 {})",
        source.name,
        source.sha256.get(..12).unwrap_or(&source.sha256)
    )
}

fn show_hours(hours: &Option<Hours>) -> String {
    hours.as_ref().map_or("any".to_owned(), Hours::to_string)
}

/// Where a campaign stands. The numbers are those stored in databases and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum CampaignState {
    /// Named, nothing imported.
    Draft = 0,
    /// Rows are coming in.
    Importing = 1,
    /// The audience is complete and checked.
    Frozen = 2,
    /// Waits for its start.
    Scheduled = 3,
    /// Sends, or waits for hours, caps or its lane.
    Running = 4,
    /// Stopped by the operator until resumed.
    Paused = 5,
    /// Nothing is scheduled or sending any more.
    Completed = 6,
    /// Nothing is unconfirmed, and the time for acks is over.
    Settled = 7,
    /// Cancelled by the operator.
    Cancelled = 8,
}

impl CampaignState {
    /// Every state, in the order of their numbers.
    pub const ALL: [CampaignState; 9] = [
        CampaignState::Draft,
        CampaignState::Importing,
        CampaignState::Frozen,
        CampaignState::Scheduled,
        CampaignState::Running,
        CampaignState::Paused,
        CampaignState::Completed,
        CampaignState::Settled,
        CampaignState::Cancelled,
    ];

    /// The state with this stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in reports, routes and commands.
    pub const fn name(self) -> &'static str {
        match self {
            CampaignState::Draft => "draft",
            CampaignState::Importing => "importing",
            CampaignState::Frozen => "frozen",
            CampaignState::Scheduled => "scheduled",
            CampaignState::Running => "running",
            CampaignState::Paused => "paused",
            CampaignState::Completed => "completed",
            CampaignState::Settled => "settled",
            CampaignState::Cancelled => "cancelled",
        }
    }

    /// Whether a campaign may go from here to `to`.
    pub fn may_become(self, to: CampaignState) -> bool {
        use CampaignState as C;
        matches!(
            (self, to),
            (C::Draft, C::Importing)
                | (C::Importing, C::Frozen)
                | (C::Frozen, C::Scheduled | C::Running | C::Paused)
                | (C::Scheduled, C::Running | C::Paused)
                | (C::Running, C::Paused | C::Completed)
                | (C::Paused, C::Running | C::Completed)
                // A retry or a resend brings work back; so does a doubt that proves absent.
                | (C::Completed, C::Settled | C::Running)
                | (C::Settled, C::Running)
        ) || (to == C::Cancelled && !matches!(self, C::Cancelled | C::Settled))
    }

    /// Whether people may be added to its audience, and its message edited: the audience is whole, and the campaign was not called off.
    pub const fn may_be_changed(self) -> bool {
        !matches!(
            self,
            CampaignState::Draft | CampaignState::Importing | CampaignState::Cancelled
        )
    }

    /// Where it stands once people were added: one that had come to its end runs again when it `has_more` to send.
    #[must_use]
    pub const fn once_grown(self, has_more: bool) -> Self {
        match self {
            CampaignState::Completed | CampaignState::Settled if has_more => CampaignState::Running,
            state => state,
        }
    }

    /// Where it stands once some of its people get another generation: what is settled has nothing left to send, and a runner that comes later looks
    /// only after what is live.
    #[must_use]
    pub const fn once_renewed(self) -> Self {
        match self {
            CampaignState::Settled => CampaignState::Completed,
            state => state,
        }
    }

    /// Its runner has something to do for it: to send, to settle, or to wait.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            CampaignState::Scheduled
                | CampaignState::Running
                | CampaignState::Paused
                | CampaignState::Completed
                | CampaignState::Cancelled
        )
    }
}

impl fmt::Display for CampaignState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::CampaignState as C;

    #[test]
    fn a_campaign_moves_only_along_its_table() {
        assert!(C::Draft.may_become(C::Importing));
        assert!(!C::Draft.may_become(C::Running));
        assert!(!C::Settled.may_become(C::Cancelled));
        assert!(C::Paused.may_become(C::Running) && C::Running.may_become(C::Paused));
        for state in C::ALL {
            assert!(!C::Cancelled.may_become(state), "{state}");
            assert_eq!(C::from_number(state as u8), Some(state));
        }
    }
}
