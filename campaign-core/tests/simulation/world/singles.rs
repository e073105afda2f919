//! Single messages that a program wants sent while campaigns go on: passwords, receipts.

use campaign_core::campaign::Category;
use campaign_core::clock::Elapsed;
use campaign_core::message::MessageTemplate;
use campaign_core::once::{SendOnce, leave};
use campaign_core::store::Store;

use super::super::coverage::Strike;
use super::super::plan::CampaignPlan;
use super::audience::{index_of, name, phone};
use super::{Mailing, World, run};

const GREETING: &str = "OTP";

/// A message that a program wanted sent.
#[derive(Debug, Clone)]
pub(super) struct Single {
    once: SendOnce,
    lane: usize,
}

impl World {
    /// A program wants a message sent, or asks for one again because it does not remember.
    pub(super) fn send_once(&mut self) {
        let again = self.rng.usize(..self.singles.len() + 3);
        let single = self.singles.get(again).cloned();
        let single = single.unwrap_or_else(|| self.another());
        let now = self.seen_now();
        let left = run(leave(&self.store, &single.once, now)).unwrap();
        let campaign = left.campaign;
        self.write_down(|| {
            format!(
                "{} to {}, new: {}",
                single.once.key, single.once.to, left.is_new
            )
        });
        if left.is_new {
            let index = index_of(single.once.to);
            let plan = CampaignPlan {
                greeting: GREETING,
                category: single.once.category,
                is_urgent: single.once.is_urgent,
                started_after: self.now.elapsed.since(Elapsed::default()),
                ..CampaignPlan::new(single.lane, index..index + 1)
            };
            let mailing = Mailing {
                started: Some(self.now.elapsed),
                is_single: true,
                ..Mailing::new(campaign, &plan)
            };
            self.plan.campaigns.push(plan);
            self.mailings.push(mailing);
            self.singles.push(single);
        }
        self.strike_campaign(Strike::AskedOnce, campaign);
        if self.are_workers() {
            return;
        }
        let commands = run(self.store.open_commands()).unwrap();
        for (id, command) in commands {
            if command.campaign() == Some(campaign) {
                self.ask(id, command);
            }
        }
    }

    fn another(&mut self) -> Single {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let to = phone(self.rng.u32(audience));
        let lane = self.mailings[mailing].lane;
        let key = format!("otp-{}", self.singles.len()).parse().unwrap();
        let text = MessageTemplate::text(format!("{GREETING} {{{{nama}}}}")).unwrap();
        let session = self.handsets[lane].session.clone();
        let once = SendOnce {
            values: vec![("nama".into(), name(to).into())],
            category: [Category::Authentication, Category::Utility][self.rng.usize(..2)],
            ..SendOnce::new(key, session, to, text)
        };
        Single { once, lane }
    }
}
