//! What becomes of a message that may not go to its person, or not yet.

use super::lane::wait_between;
use super::{Engine, happened};
use crate::clock::Now;
use crate::consent::Barred;
use crate::delivery::{Happening, Reason};
use crate::store::{LaneId, Ready};

impl Engine {
    /// What can only be skipped is skipped; what a cap holds waits, unless that would outlast the campaign or the rules' patience.
    pub(super) fn barred(&mut self, lane: LaneId, ready: Ready, barred: Barred, now: Now) {
        let window = self.settings.window;
        let delivery = ready.delivery;
        let reason = match barred {
            Barred::Suppressed => Reason::Suppressed,
            Barred::NoConsent => Reason::NoConsent,
            Barred::Repeated => Reason::Repeated,
            Barred::MayBeHidden => return self.ask_for_lid(lane, ready, now),
            Barred::Capped { until, may_wait } => {
                let Some(job) = self.jobs.get_mut(&delivery.campaign()) else {
                    return;
                };
                let expiry = job.record.definition.expires_at;
                if may_wait && expiry.is_none_or(|expiry| until < expiry) {
                    let until = now.elapsed + wait_between(now, until);
                    return job.put_off(ready, until, window);
                }
                Reason::FrequencyCapped
            }
        };
        self.changes
            .push(happened(delivery, Happening::Skipped(reason)));
    }
}
