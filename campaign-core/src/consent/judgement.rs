//! Whether a message may go to a person: one pure judgement, which every store asks.

use jiff::{SignedDuration, Timestamp};

use super::{ConsentRule, Origin, Rules};
use crate::campaign::Category;
use crate::delivery::DeliveryId;
use crate::limits::Slot;

/// The same text to the same number from another campaign is a repetition for so long: 7 days.
pub const REPEATED_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a campaign says of itself that decides to whom it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// What kind of business it is.
    pub category: Category,
    /// Whether it needs consent.
    pub consent: ConsentRule,
    /// It may say what another campaign has said to the same person.
    pub may_repeat: bool,
    /// It confirms an opt-out: the one message that goes to who has just opted out.
    pub confirms_opt_out: bool,
}

/// A message that was put on record and was not proved to be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Whose.
    pub delivery: DeliveryId,
    /// When it was put on record.
    pub at: Timestamp,
    /// What kind of business it was.
    pub category: Category,
    /// The hash of its text, where a repetition of it would be one: of a broadcast that has a text.
    pub text_hash: Option<u64>,
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Person<'a> {
    /// Nothing may be sent, for this reason.
    pub suppressed: Option<Origin>,
    /// Somebody whom the account knows by a LID alone has opted out, and this person's LID is not known.
    pub may_be_hidden: bool,
    /// Consent to the message's category: given or withdrawn, where anything is known.
    pub consent: Option<bool>,
    /// What was sent lately, in any order.
    pub written: &'a [Written],
}

/// Why a message may not go to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// The person must not be written to.
    Suppressed,
    /// The person did not agree, or no longer does.
    NoConsent,
    /// Another campaign said the same.
    Repeated,
    /// It must be found out first whether this is somebody who has opted out.
    MayBeHidden,
    /// As many messages as a cap allows.
    Capped {
        /// Until this moment.
        until: Timestamp,
        /// It may wait so long, as far as the rules go.
        may_wait: bool,
    },
}

impl Terms {
    /// The hash to keep of a text, where it could be repeated: broadcasts are, what somebody waits for is not; and a picture without words
    /// says nothing that could be compared.
    pub fn hash_to_keep(slot: Slot, text_hash: u64) -> Option<u64> {
        let is_empty = text_hash == crate::message::text_hash("");
        (slot == Slot::Cold && !is_empty).then_some(text_hash)
    }
}

/// Whether a message may be put on record, as far as the person goes. What ends it comes before what it waits for.
///
/// # Errors
/// [`Barred`] with the first reason why not.
pub fn bar(
    terms: Terms,
    slot: Slot,
    (delivery, text_hash): (DeliveryId, u64),
    person: Person<'_>,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Barred> {
    match person.suppressed {
        // The answer to an opt-out goes through; nothing goes to who must be left alone for another reason.
        Some(Origin::Reply) if terms.confirms_opt_out => return Ok(()),
        Some(_) => return Err(Barred::Suppressed),
        // Whoever has opted in again meanwhile needs no word that they opted out.
        None if terms.confirms_opt_out => return Err(Barred::Suppressed),
        None => {}
    }
    let is_required = terms.consent == ConsentRule::Required;
    if terms.category != Category::Service
        && (person.consent == Some(false) || (is_required && person.consent.is_none()))
    {
        return Err(Barred::NoConsent);
    }
    let hash = Terms::hash_to_keep(slot, text_hash).filter(|_| !terms.may_repeat);
    let is_repetition = |it: &Written| {
        it.text_hash == hash
            && it.delivery.campaign() != delivery.campaign()
            && now.duration_since(it.at) < REPEATED_WITHIN
    };
    if hash.is_some() && person.written.iter().any(is_repetition) {
        return Err(Barred::Repeated);
    }
    if person.may_be_hidden && slot == Slot::Cold {
        return Err(Barred::MayBeHidden);
    }
    let caps = rules.caps.iter().filter(|cap| cap.counts(terms.category));
    match caps
        .filter_map(|cap| cap.frees_at(person.written, now))
        .max()
    {
        Some(until) => {
            let may_wait = rules.may_wait(until, now);
            Err(Barred::Capped { until, may_wait })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::{FrequencyCap, HANDED_OVER_WITHIN};
    use super::*;
    use crate::delivery::CampaignId;

    const HASH: u64 = 7;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + 60 * minutes).unwrap()
    }

    fn days(days: i64) -> i64 {
        days * 24 * 60
    }

    fn delivery(campaign: u32) -> DeliveryId {
        DeliveryId::new(CampaignId::new(campaign).unwrap(), 0).unwrap()
    }

    fn written(campaign: u32, minutes: i64) -> Written {
        Written {
            delivery: delivery(campaign),
            at: at(minutes),
            category: Category::Marketing,
            text_hash: Some(HASH),
        }
    }

    fn judged(terms: Terms, slot: Slot, person: Person<'_>, rules: &Rules) -> Result<(), Barred> {
        bar(terms, slot, (delivery(9), HASH), person, rules, at(0))
    }

    #[test]
    fn who_is_suppressed_gets_nothing_but_the_confirmation_of_an_opt_out() {
        let confirms = Terms {
            category: Category::Service,
            confirms_opt_out: true,
            ..Terms::default()
        };
        let rules = Rules::default();
        for origin in Origin::ALL {
            let person = Person {
                suppressed: Some(origin),
                ..Person::default()
            };
            for category in Category::ALL {
                let terms = Terms {
                    category,
                    ..Terms::default()
                };
                let judged = judged(terms, Slot::Reply, person, &rules);
                assert_eq!(judged, Err(Barred::Suppressed), "{origin} {category}");
            }
            let confirmed = judged(confirms, Slot::Reply, person, &rules);
            assert_eq!(confirmed.is_ok(), origin == Origin::Reply, "{origin}");
        }
        let back = judged(confirms, Slot::Reply, Person::default(), &rules);
        assert_eq!(back, Err(Barred::Suppressed), "opted in again meanwhile");
    }

    #[test]
    fn consent_is_asked_for_where_it_is_required_and_a_withdrawal_always_holds() {
        use Category::{Marketing, Service};
        use ConsentRule::{NotRequired, Required};
        let rows = [
            (Marketing, NotRequired, None, true),
            (Marketing, NotRequired, Some(true), true),
            (Marketing, NotRequired, Some(false), false),
            (Marketing, Required, None, false),
            (Marketing, Required, Some(true), true),
            (Marketing, Required, Some(false), false),
            (Service, Required, None, true),
            (Service, Required, Some(false), true),
        ];
        for (category, consent, given, may) in rows {
            let terms = Terms {
                category,
                consent,
                ..Terms::default()
            };
            let person = Person {
                consent: given,
                ..Person::default()
            };
            let judged = judged(terms, Slot::Cold, person, &Rules::default());
            assert_eq!(judged.is_ok(), may, "{category} {consent:?} {given:?}");
        }
    }

    #[test]
    fn the_same_text_of_another_campaign_is_a_repetition_for_seven_days() {
        let own = written(9, -1);
        let other = written(1, -1);
        let another_text = Written {
            text_hash: Some(HASH + 1),
            ..other
        };
        let without = Written {
            text_hash: None,
            ..other
        };
        let rows = [
            (other, Slot::Cold, false, true),
            (other, Slot::Cold, true, false),
            (other, Slot::Reply, false, false),
            (own, Slot::Cold, false, false),
            (another_text, Slot::Cold, false, false),
            (without, Slot::Cold, false, false),
            (written(1, 1 - days(7)), Slot::Cold, false, true),
            (written(1, -days(7)), Slot::Cold, false, false),
            (written(1, 5), Slot::Cold, false, true),
        ];
        for (written, slot, may_repeat, is_repeated) in rows {
            let terms = Terms {
                may_repeat,
                ..Terms::default()
            };
            let person = Person {
                written: &[written],
                ..Person::default()
            };
            let judged = judged(terms, slot, person, &Rules::default());
            let expected = if is_repeated {
                Err(Barred::Repeated)
            } else {
                Ok(())
            };
            assert_eq!(judged, expected, "{written:?} {slot:?} {may_repeat}");
        }
        let nothing = crate::message::text_hash(" ");
        assert_eq!(Terms::hash_to_keep(Slot::Cold, nothing), None);
    }

    #[test]
    fn only_broadcasts_wait_until_it_is_known_who_has_opted_out() {
        let person = Person {
            may_be_hidden: true,
            ..Person::default()
        };
        let judged = |slot| judged(Terms::default(), slot, person, &Rules::default());
        assert_eq!(judged(Slot::Cold), Err(Barred::MayBeHidden));
        assert_eq!(judged(Slot::Reply), Ok(()));
    }

    #[test]
    fn a_cap_counts_its_category_and_frees_when_the_oldest_is_over() {
        use Category::{Authentication, Marketing, Service, Utility};
        let cap = |category, max, days| FrequencyCap::new(category, max, days).unwrap();
        let weekly = cap(Some(Marketing), 2, 7);
        let over_all = cap(None, 2, 7);
        let margin = HANDED_OVER_WITHIN.as_mins();
        let until = |minutes| {
            Err(Barred::Capped {
                until: at(minutes),
                may_wait: minutes <= days(1),
            })
        };
        let rows = [
            (weekly, Marketing, vec![(Marketing, -days(1))], Ok(())),
            (
                weekly,
                Marketing,
                vec![(Marketing, -days(1)), (Marketing, -days(6))],
                until(days(1) + margin),
            ),
            // Whatever the order, and with more than there should be: the one that frees a place.
            (
                weekly,
                Marketing,
                vec![
                    (Marketing, -days(6)),
                    (Marketing, -days(1)),
                    (Marketing, -days(2)),
                ],
                until(days(5) + margin),
            ),
            (
                weekly,
                Marketing,
                vec![(Marketing, -days(1)), (Marketing, -days(7) - margin)],
                Ok(()),
            ),
            (
                weekly,
                Marketing,
                vec![(Marketing, -days(1)), (Marketing, 1 - days(7) - margin)],
                until(1),
            ),
            (
                weekly,
                Marketing,
                vec![(Marketing, 50), (Marketing, 60)],
                until(days(7) + margin),
            ),
            (
                weekly,
                Marketing,
                vec![(Utility, -1), (Marketing, -1)],
                Ok(()),
            ),
            (
                weekly,
                Utility,
                vec![(Marketing, -1), (Marketing, -1)],
                Ok(()),
            ),
            (
                over_all,
                Utility,
                vec![(Marketing, -1), (Utility, -1)],
                until(days(7) + margin - 1),
            ),
            (
                over_all,
                Authentication,
                vec![(Marketing, -1), (Utility, -1)],
                Ok(()),
            ),
            (
                over_all,
                Marketing,
                vec![(Authentication, -1), (Service, -1)],
                Ok(()),
            ),
        ];
        for (cap, category, sent, expected) in rows {
            let rules = Rules {
                caps: vec![cap],
                ..Rules::default()
            };
            let terms = Terms {
                category,
                may_repeat: true,
                ..Terms::default()
            };
            let sent: Vec<Written> = sent
                .into_iter()
                .map(|(category, minutes)| Written {
                    category,
                    ..written(1, minutes)
                })
                .collect();
            let person = Person {
                written: &sent,
                ..Person::default()
            };
            let judged = judged(terms, Slot::Cold, person, &rules);
            assert_eq!(judged, expected, "{cap:?} {category} {sent:?}");
        }
        assert!(FrequencyCap::new(None, 0, 7).is_err());
        assert!(FrequencyCap::new(None, 2, 0).is_err());
    }

    proptest! {
        /// Whoever obeys the judgement never has more in any interval, and waits no longer than the margin beyond what is needed.
        #[test]
        fn a_cap_holds_in_every_interval(
            wishes in prop::collection::vec(0i64..60 * 24 * 20, 1..60),
            max in 1u32..4,
            span in 1u16..4,
        ) {
            let cap = FrequencyCap::new(None, max, span).unwrap();
            let rules = Rules { caps: vec![cap], ..Rules::default() };
            let terms = Terms { may_repeat: true, ..Terms::default() };
            let mut wishes = wishes;
            wishes.sort_unstable();
            let mut sent: Vec<Written> = Vec::new();
            for minutes in wishes {
                let person = Person { written: &sent, ..Person::default() };
                if bar(terms, Slot::Cold, (delivery(9), HASH), person, &rules, at(minutes)).is_ok() {
                    sent.push(written(1, minutes));
                }
            }
            let span = SignedDuration::from_hours(24 * i64::from(span));
            for first in &sent {
                // The first arrives as late as it can, the others at once.
                let arrives = first.at + HANDED_OVER_WITHIN;
                let inside = sent.iter().filter(|it| it.at >= first.at && it.at < arrives + span);
                prop_assert!(inside.count() <= max as usize);
            }
        }
    }
}
