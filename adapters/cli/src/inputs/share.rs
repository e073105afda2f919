//! How a campaign shares its account with others.

use campaign_core::campaign::{Priority, Share, Weight};
use clap::{Args, ValueEnum};

/// A campaign's share of its account.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct ShareArgs {
    /// Which campaigns of the account go first; of ten messages one goes to the next lower priority (normal, unless told)
    #[arg(long, value_enum, help_heading = "Sharing")]
    priority: Option<PriorityArg>,
    /// How many messages it sends for each of a campaign of its priority that weighs 1: 1 to 100 (1, unless told)
    #[arg(long, value_name = "N", help_heading = "Sharing", value_parser = weight)]
    weight: Option<Weight>,
}

/// Which campaigns of an account go first.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PriorityArg {
    /// After the others
    Low,
    /// As most are
    Normal,
    /// Before the others
    High,
}

impl ShareArgs {
    pub(crate) fn is_empty(&self) -> bool {
        self.priority.is_none() && self.weight.is_none()
    }

    /// What is not given stays as it is.
    pub(crate) fn over(&self, share: Share) -> Share {
        Share {
            priority: match self.priority {
                None => share.priority,
                Some(PriorityArg::Low) => Priority::Low,
                Some(PriorityArg::Normal) => Priority::Normal,
                Some(PriorityArg::High) => Priority::High,
            },
            weight: self.weight.unwrap_or(share.weight),
        }
    }
}

fn weight(text: &str) -> Result<Weight, String> {
    let number = text.parse::<u8>().ok();
    number
        .and_then(Weight::new)
        .ok_or_else(|| "a number from 1 to 100".into())
}
