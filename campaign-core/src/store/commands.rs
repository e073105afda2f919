//! What the operator asks of the runner, and what it answers.

use serde::{Deserialize, Serialize};

use crate::campaign::{CampaignState, Share};
use crate::consent::Lid;
use crate::delivery::{CampaignId, DeliveryId, Reason};
use crate::gateway::Account;
use crate::limits::{LaneLimits, Scope, SharedLimits};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;

/// A command's number in its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u64);

/// What the operator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Start a frozen campaign, or wait for its time.
    Start {
        /// Which.
        campaign: CampaignId,
    },
    /// Stop sending; answered when nothing is in flight, or with how many are.
    Pause {
        /// Which.
        campaign: CampaignId,
    },
    /// Go on; also lets lanes go on that are held until confirmed.
    Resume {
        /// Which.
        campaign: CampaignId,
    },
    /// Send nothing more, for good; answered when nothing is in flight, or with how many are.
    Cancel {
        /// Which.
        campaign: CampaignId,
    },
    /// Look unconfirmed deliveries up now.
    Refresh {
        /// Of which campaign.
        campaign: CampaignId,
    },
    /// The operator knows that these arrived.
    Confirm {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// The operator gives these up.
    GiveUp {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// Send these again, knowing that they may arrive twice.
    Resend {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// Somebody who has opted out under a LID has this phone; `None`: it is nobody who is written to.
    ResolveLid {
        /// Which LID.
        lid: Lid,
        /// Whose.
        phone: Option<PhoneNumber>,
    },
    /// Try failed ones anew; without a reason, also look up again what is unconfirmed.
    Retry {
        /// Of which campaign.
        campaign: CampaignId,
        /// Only those that failed for this reason.
        reason: Option<Reason>,
    },
    /// Say something else to whoever has not been written to yet.
    Edit {
        /// Which campaign.
        campaign: CampaignId,
        /// What it says from now on. It must render for every recipient that is left: the runner does not look.
        message: MessageTemplate,
    },
    /// Give a campaign another share of its accounts, from its next message on.
    SetShare {
        /// Which campaign.
        campaign: CampaignId,
        /// Which share.
        share: Share,
    },
    /// Keep other limits from now on.
    SetLimits {
        /// Whose.
        account: Account,
        /// Which.
        limits: LaneLimits,
    },
    /// Keep other limits above the accounts from now on.
    SetSharedLimits {
        /// Whose.
        scope: Scope,
        /// Which; `None`: none any more.
        limits: Option<SharedLimits>,
    },
}

impl Command {
    /// It has messages sent once more to people who may have them: done twice, it sends them twice.
    pub fn sends_again(&self) -> bool {
        matches!(self, Command::Resend { .. } | Command::Retry { .. })
    }

    /// The campaign it is about, when it is about one.
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            Command::Start { campaign }
            | Command::Pause { campaign }
            | Command::Resume { campaign }
            | Command::Cancel { campaign }
            | Command::Refresh { campaign }
            | Command::Retry { campaign, .. }
            | Command::Edit { campaign, .. }
            | Command::SetShare { campaign, .. } => Some(*campaign),
            Command::Confirm { deliveries }
            | Command::GiveUp { deliveries }
            | Command::Resend { deliveries } => {
                deliveries.first().map(|delivery| delivery.campaign())
            }
            Command::SetLimits { .. }
            | Command::SetSharedLimits { .. }
            | Command::ResolveLid { .. } => None,
        }
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// The campaign stands there now; so many of its sends are still in flight.
    Campaign {
        /// Where it stands.
        state: CampaignState,
        /// Sends that can no longer be stopped.
        in_flight: u32,
    },
    /// So many deliveries were moved, so many could not be.
    Deliveries {
        /// Moved.
        moved: u64,
        /// Not moved, because they stand elsewhere.
        refused: u64,
    },
    /// Done.
    Done,
    /// It could not be done.
    Refused {
        /// Why, and what to do.
        why: String,
    },
}

impl Answer {
    /// To what an older copy of the database holds open and must not be done twice: it may have been done in the time that the copy does
    /// not know of.
    pub fn may_have_been_done() -> Self {
        Answer::Refused {
            why: "an older copy of the database was put in place, and this may have been done before that: \
                  ask again if it is still wanted"
                .to_owned(),
        }
    }
}
