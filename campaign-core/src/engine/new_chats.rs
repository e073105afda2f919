//! What WhatsApp lets one account do towards people it has no chat with: the restriction that error 463 tells of, and the quota of new
//! chats. Replies are not concerned by either.
//!
//! Which of our messages WhatsApp counts as a new chat is not known, so each counts that has not been seen counted yet; those that it
//! did not count are known by its own number at the next look.

use std::collections::VecDeque;
use std::time::Duration;

use super::Settings;
use super::lane::{Hold, wait_between};
use crate::clock::{Elapsed, Now};
use crate::failure::Trouble;
use crate::gateway::{Allowance, Quota};

/// A message that the server's count does not hold after this long was no new chat. Our own choice: several looks at a session.
const COUNTED_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct NewChats {
    /// Until when WhatsApp forbids them.
    restriction: Option<Hold>,
    /// The last restriction is over, and no message has been accepted since: they go one by one.
    is_on_trial: bool,
    quota: Option<(Quota, Elapsed)>,
    /// Messages that the quota may not hold yet.
    uncounted: VecDeque<Elapsed>,
}

impl NewChats {
    pub(super) fn restricted(restriction: Option<Hold>) -> Self {
        Self {
            is_on_trial: restriction.is_some(),
            restriction,
            ..Self::default()
        }
    }

    /// The restriction that is on record, to be kept over restarts.
    pub(super) fn restriction(&self) -> Option<Hold> {
        self.restriction
    }

    /// A restriction that was read by a wrong clock ends at another moment.
    pub(super) fn place_anew(&mut self, before: Hold, anew: Hold) {
        self.restriction = self
            .restriction
            .map(|known| if known == before { anew } else { known });
    }

    /// Why nobody new may be written to now, and until when that is so at least.
    pub(super) fn held(&self, now: Now) -> Option<Hold> {
        self.restriction
            .filter(|hold| hold.until > now.elapsed)
            .or_else(|| self.used_up(now))
    }

    /// A first message after a restriction must be accepted before there is another one.
    pub(super) fn is_on_trial(&self) -> bool {
        self.is_on_trial
    }

    /// WhatsApp forbids them for so long at least. Tells whether that is news.
    pub(super) fn restrict(&mut self, wait: Duration, now: Now) -> bool {
        let known = self.restriction.filter(|hold| hold.until > now.elapsed);
        let hold = Hold {
            trouble: Trouble::Restricted,
            since: known.map_or(Some(now.elapsed), |hold| hold.since),
            until: now.elapsed + wait,
        };
        self.is_on_trial = true;
        let is_longer = self
            .restriction
            .is_none_or(|known| known.until < hold.until);
        if is_longer {
            self.restriction = Some(hold);
        }
        is_longer
    }

    /// A message to somebody new was accepted: no restriction is in force, unless it was on its way before that began. Tells whether
    /// that is news.
    pub(super) fn accepted(&mut self, now: Now) -> bool {
        let is_in_force = self
            .restriction
            .is_some_and(|hold| hold.until > now.elapsed);
        if is_in_force || !self.is_on_trial {
            return false;
        }
        self.is_on_trial = false;
        self.restriction = None;
        true
    }

    /// A message is about to be journalled.
    pub(super) fn charge(&mut self, now: Now) {
        if self.quota.is_some() {
            self.uncounted.push_back(now.elapsed);
        }
    }

    /// What the server says. Tells whether there is news to keep.
    pub(super) fn learn(&mut self, allowance: &Allowance, settings: &Settings, now: Now) -> bool {
        self.quota = allowance.quota.map(|quota| (quota, now.elapsed));
        while let Some(oldest) = self.uncounted.front()
            && now.elapsed.since(*oldest) > COUNTED_WITHIN
        {
            self.uncounted.pop_front();
        }
        let Some(restriction) = &allowance.restriction else {
            return false;
        };
        match restriction.until {
            Some(until) if until <= now.wall => false,
            Some(until) => self.restrict(wait_between(now, until), now),
            // It is told again with each look, and over when it is told no more.
            None => self.restrict(settings.hold_max.min(settings.restriction_hold), now),
        }
    }

    /// How many times longer the pauses between cold messages must be: WhatsApp warns before the quota is used up.
    pub(super) fn slowness(&self) -> u32 {
        match self.quota {
            Some((quota, _)) => 1 << quota.warnings.min(2),
            None => 1,
        }
    }

    fn used_up(&self, now: Now) -> Option<Hold> {
        let (quota, seen) = self.quota?;
        let uncounted = u32::try_from(self.uncounted.len()).unwrap_or(u32::MAX);
        if quota.used.saturating_add(uncounted) < quota.total {
            return None;
        }
        // Whether it has been renewed by then is known by the next look.
        let wait = match quota.renews_at {
            Some(renewal) if quota.used >= quota.total && renewal > now.wall => {
                wait_between(now, renewal)
            }
            _ => COUNTED_WITHIN.saturating_sub(now.elapsed.since(seen)),
        };
        Some(Hold {
            trouble: Trouble::NewChatsUsedUp,
            since: None,
            until: now.elapsed + wait.max(Duration::from_secs(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Restriction;

    fn at(seconds: i64) -> Now {
        let midnight: jiff::Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(seconds * 1_000_000),
            wall: midnight
                .checked_add(jiff::SignedDuration::from_secs(seconds))
                .unwrap(),
        }
    }

    fn told(used: u32, warnings: u8) -> Allowance {
        Allowance {
            restriction: None,
            quota: Some(Quota {
                total: 10,
                used,
                warnings,
                renews_at: Some(at(86_400).wall),
            }),
        }
    }

    fn learn(chats: &mut NewChats, allowance: &Allowance, seconds: i64) {
        chats.learn(allowance, &Settings::default(), at(seconds));
    }

    #[test]
    fn a_quota_is_never_crossed_by_what_is_not_counted_yet() {
        let mut chats = NewChats::default();
        learn(&mut chats, &told(7, 0), 0);
        for second in 1..=3 {
            assert_eq!(chats.held(at(second)), None, "{second}");
            chats.charge(at(second));
        }
        let hold = chats.held(at(4)).unwrap();
        assert_eq!(hold.trouble, Trouble::NewChatsUsedUp);
        assert!(hold.until <= at(60).elapsed, "it is looked at again soon");
        // A look that does not know of them yet frees nothing; one that counted them does not count them twice for ever.
        learn(&mut chats, &told(7, 0), 10);
        assert!(chats.held(at(10)).is_some());
        learn(&mut chats, &told(8, 0), 64);
        assert_eq!(chats.held(at(64)), None, "one was a new chat");
        learn(&mut chats, &told(10, 0), 70);
        let hold = chats.held(at(70)).unwrap();
        assert_eq!(hold.until, at(86_400).elapsed, "until the cycle ends");
    }

    #[test]
    fn a_quota_that_should_have_been_renewed_is_looked_at_again_and_not_guessed() {
        let mut chats = NewChats::default();
        learn(&mut chats, &told(10, 2), 86_000);
        let hold = chats.held(at(86_500)).unwrap();
        assert!(hold.until > at(86_500).elapsed && hold.until <= at(86_560).elapsed);
        learn(&mut chats, &told(0, 0), 86_510);
        assert_eq!(chats.held(at(86_510)), None);
        learn(&mut chats, &Allowance::default(), 86_520);
        assert_eq!((chats.held(at(86_520)), chats.slowness()), (None, 1));
    }

    #[test]
    fn warnings_slow_it_down() {
        let mut chats = NewChats::default();
        for (warnings, slowness) in [(0, 1), (1, 2), (2, 4), (9, 4)] {
            learn(&mut chats, &told(3, warnings), 0);
            assert_eq!(chats.slowness(), slowness);
        }
    }

    #[test]
    fn a_restriction_lasts_until_its_end_and_then_one_message_tries() {
        let mut chats = NewChats::default();
        let told = |until| Allowance {
            restriction: Some(Restriction { until }),
            quota: None,
        };
        learn(&mut chats, &told(Some(at(500).wall)), 100);
        // What an answer says may be shorter: the later end counts.
        assert!(!chats.restrict(Duration::from_secs(60), at(110)));
        assert_eq!(chats.held(at(499)).unwrap().until, at(500).elapsed);
        // It was on its way before.
        assert!(!chats.accepted(at(120)) && chats.held(at(120)).is_some());
        assert_eq!(chats.held(at(500)), None);
        assert!(chats.is_on_trial());
        // An end that has passed is told for a while longer.
        learn(&mut chats, &told(Some(at(500).wall)), 510);
        assert_eq!(chats.held(at(510)), None);
        assert!(chats.accepted(at(510)));
        assert!(!chats.is_on_trial() && !chats.accepted(at(511)));
        // Without an end it holds from look to look.
        learn(&mut chats, &told(None), 600);
        assert!(chats.held(at(650)).is_some());
        assert_eq!(chats.held(at(661)), None);
    }

    fn forbidden(until: Option<i64>) -> Allowance {
        Allowance {
            restriction: Some(Restriction {
                until: until.map(|second| at(second).wall),
            }),
            quota: None,
        }
    }

    #[test]
    fn a_restriction_is_news_where_it_is_longer_and_lasts_since_it_began() {
        let mut chats = NewChats::default();
        let settings = Settings::default();
        let wait = Duration::from_secs;
        let since = |chats: &NewChats| chats.restriction().unwrap().since.unwrap();
        assert!(chats.restrict(wait(400), at(100)));
        assert!(!chats.restrict(wait(300), at(200)), "the same end");
        assert!(chats.learn(&forbidden(Some(600)), &settings, at(300)));
        assert!(!chats.learn(&forbidden(Some(600)), &settings, at(310)));
        assert_eq!(since(&chats), at(100).elapsed);
        assert!(chats.restrict(wait(50), at(600)), "another one");
        assert_eq!(since(&chats), at(600).elapsed);
        assert!(chats.restrict(wait(50), at(651)), "and another");
        assert_eq!(since(&chats), at(651).elapsed);
    }

    #[test]
    fn a_restriction_that_is_on_record_is_tried_after_as_if_it_had_been_told_now() {
        let hold = Hold {
            trouble: Trouble::Restricted,
            since: None,
            until: at(500).elapsed,
        };
        let mut chats = NewChats::restricted(Some(hold));
        assert_eq!(chats.held(at(499)), Some(hold));
        assert_eq!(chats.held(at(500)), None);
        assert!(chats.is_on_trial() && chats.accepted(at(500)));
        assert!(!chats.is_on_trial());
        assert!(!NewChats::restricted(None).is_on_trial());
    }

    #[test]
    fn one_that_is_over_is_tried_once_and_not_again_because_it_is_told_again() {
        let mut chats = NewChats::default();
        learn(&mut chats, &forbidden(Some(500)), 100);
        assert!(!chats.accepted(at(499)));
        assert!(chats.accepted(at(500)), "it is over");
        learn(&mut chats, &forbidden(Some(500)), 510);
        assert!(!chats.is_on_trial());
        assert_eq!(chats.restriction(), None);
    }

    #[test]
    fn what_is_not_counted_after_a_minute_was_no_new_chat_and_until_then_it_may_be() {
        let mut chats = NewChats::default();
        learn(&mut chats, &told(9, 0), 0);
        chats.charge(at(1));
        learn(&mut chats, &told(9, 0), 61);
        assert!(chats.held(at(61)).is_some());
        learn(&mut chats, &told(9, 0), 62);
        assert_eq!(chats.held(at(62)), None);
    }

    #[test]
    fn a_quota_that_is_due_to_be_renewed_is_looked_at_a_minute_after_the_last_look() {
        let mut chats = NewChats::default();
        for (look, now, until) in [
            (86_380, 86_399, 86_400),
            (86_380, 86_400, 86_440),
            (86_480, 86_500, 86_540),
            (86_480, 86_600, 86_601),
        ] {
            learn(&mut chats, &told(10, 0), look);
            let hold = chats.held(at(now)).unwrap();
            assert_eq!(hold.until, at(until).elapsed, "{now}");
        }
    }
}
