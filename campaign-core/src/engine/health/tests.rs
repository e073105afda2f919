use super::super::testing::at;
use super::*;
use crate::delivery::CampaignId;

const BOOT: BootId = BootId(1);

fn delivery(number: u32) -> DeliveryId {
    DeliveryId::new(CampaignId::new(1).unwrap(), number).unwrap()
}

/// The health of an account that sends cold messages, one after the other.
struct Patient {
    health: Health,
    settings: Settings,
}

impl Patient {
    fn new() -> Self {
        let settings = Settings::default();
        let chance = Chance::new(settings.seed, 1);
        Self {
            health: Health::new(LaneHealth::default(), chance, BOOT, &settings, at(0)),
            settings,
        }
    }

    /// One of which acks have been heard by events.
    fn with_acks() -> Self {
        let mut patient = Self::new();
        patient.ack(9_999, Ack::Server, 0);
        patient
    }

    /// One that has been silent for too long: three messages were accepted at 10, 20 and 30, and nothing was heard since.
    fn suspected() -> Self {
        let mut patient = Self::with_acks();
        for number in 1..=3 {
            patient.sends(number, Ended::Accepted, i64::from(number) * 10);
        }
        assert!(patient.health.passes(&patient.settings, at(90)));
        patient
    }

    fn begins(&mut self, number: u32, second: i64) {
        self.health.begins(delivery(number), Slot::Cold, at(second));
    }

    /// Its answer is there; `is_judged`: WhatsApp's word was there before.
    fn ends(&mut self, number: u32, end: Ended, is_judged: bool, second: i64) -> bool {
        let delivery = delivery(number);
        self.health.ended(
            delivery,
            Slot::Cold,
            end,
            is_judged,
            &self.settings,
            at(second),
        )
    }

    /// It is answered at once.
    fn sends(&mut self, number: u32, end: Ended, second: i64) -> bool {
        self.begins(number, second);
        self.ends(number, end, false, second)
    }

    fn ack(&mut self, number: u32, ack: Ack, second: i64) -> bool {
        self.health
            .acknowledged(delivery(number), ack, None, &self.settings, at(second))
    }

    /// A look-up finds it, accepted at that second.
    fn found(&mut self, number: u32, ack: Ack, accepted: i64, second: i64) -> bool {
        let accepted = at(accepted).elapsed;
        self.health
            .found(delivery(number), ack, accepted, &self.settings, at(second))
    }

    fn held(&self, second: i64) -> Option<Hold> {
        self.health.held(Slot::Cold, at(second))
    }

    fn trouble(&self, second: i64) -> Option<Trouble> {
        self.held(second).map(|hold| hold.trouble)
    }

    /// When one message may try.
    fn tries_at(&self, second: i64) -> i64 {
        let micros = self.held(second).unwrap().until.as_micros();
        (micros + 999_999) / 1_000_000
    }

    fn next_moment(&self) -> Option<Elapsed> {
        self.health.next_moment(&self.settings)
    }
}

#[test]
fn a_message_that_whatsapp_has_spoken_of_is_not_judged_again_by_its_answer() {
    let mut patient = Patient::new();
    for number in 1..=3 {
        patient.begins(number, 1);
        let in_flight = Some(Slot::Cold);
        let (health, settings) = (&mut patient.health, &patient.settings);
        health.acknowledged(delivery(number), Ack::Error, in_flight, settings, at(1));
        patient.ends(number, Ended::Failed, true, 2);
    }
    assert_eq!(patient.trouble(2), None, "three failures and not six");
    for number in 4..=9 {
        patient.begins(number, 3);
        patient.ack(number, Ack::Server, 3);
        patient.ends(number, Ended::Accepted, true, 4);
    }
    assert!(!patient.health.passes(&patient.settings, at(1_000)));
    assert_eq!(patient.next_moment(), None, "no ack is waited for");
}

#[test]
fn an_answer_is_enough_where_no_acks_come_and_nothing_where_they_do() {
    let failures_around_an_answer = |mut patient: Patient| {
        for number in 1..=9 {
            let end = if number == 5 {
                Ended::Accepted
            } else {
                Ended::Failed
            };
            patient.sends(number, end, 1);
        }
        patient.trouble(1)
    };
    assert_eq!(failures_around_an_answer(Patient::new()), None);
    let held = failures_around_an_answer(Patient::with_acks());
    assert_eq!(held, Some(Trouble::RepeatedFailures), "eight in a row");
}

#[test]
fn only_what_opens_or_closes_something_is_news() {
    let mut patient = Patient::new();
    for number in 1..=4 {
        assert!(!patient.sends(number, Ended::Failed, 1), "{number}");
    }
    assert!(patient.sends(5, Ended::Failed, 1), "the fifth in a row");
    assert!(patient.health.vouch(at(2)));
    assert!(patient.sends(6, Ended::Accepted, 2), "the trial went well");
    assert!(!patient.sends(7, Ended::Accepted, 3));
    assert!(!patient.health.vouch(at(4)), "nothing was wrong");
}

#[test]
fn silence_makes_a_session_suspect_after_its_time_and_a_gap_in_the_events_never() {
    let mut patient = Patient::with_acks();
    for number in 1..=3 {
        assert_eq!(patient.next_moment(), None);
        patient.sends(number, Ended::Accepted, i64::from(number) * 10);
    }
    assert_eq!(patient.next_moment(), Some(at(90).elapsed));
    assert!(!patient.health.passes(&patient.settings, at(89)));
    patient.health.missed_events();
    assert_eq!(patient.next_moment(), None);
    assert!(!patient.health.passes(&patient.settings, at(1_000)));
    assert_eq!(patient.trouble(1_000), None);
}

#[test]
fn the_message_that_tries_for_a_suspected_session_is_waited_for_until_its_ack() {
    let mut patient = Patient::suspected();
    assert_eq!(patient.trouble(90), Some(Trouble::SuspectedDead));
    assert!(patient.health.is_suspected());
    let tries = patient.tries_at(90);
    patient.begins(4, tries);
    assert!(!patient.health.is_suspected(), "one message tries");
    // Even where no acks may be relied on: an answer says nothing about a session that answers though it is dead.
    patient.health.missed_events();
    assert!(!patient.ends(4, Ended::Accepted, false, tries));
    let ack_by = tries + 2 * 60;
    assert_eq!(patient.held(tries).unwrap().until, at(ack_by).elapsed);
    assert_eq!(patient.next_moment(), Some(at(ack_by).elapsed));
    assert!(!patient.health.passes(&patient.settings, at(ack_by - 1)));
    assert!(patient.health.passes(&patient.settings, at(ack_by)));
    assert!(patient.tries_at(ack_by) >= ack_by + 60, "for longer now");
}

#[test]
fn what_an_operator_vouches_for_tries_at_once_and_its_answer_is_enough() {
    let mut patient = Patient::suspected();
    assert!(patient.health.vouch(at(91)));
    assert_eq!(patient.trouble(91), None);
    assert!(patient.health.is_session_on_trial(at(91)));
    assert!(patient.sends(4, Ended::Accepted, 92));
    assert!(!patient.health.is_session_on_trial(at(92)));
    assert_eq!(patient.next_moment(), None);
}

#[test]
fn a_trial_that_comes_to_nothing_leaves_the_session_suspected() {
    let mut patient = Patient::suspected();
    let tries = patient.tries_at(90);
    patient.begins(4, tries);
    assert!(!patient.ends(5, Ended::Neither, false, tries));
    assert!(!patient.health.is_suspected(), "another message ended");
    assert!(!patient.ends(4, Ended::Neither, false, tries));
    assert!(patient.health.is_suspected());
    assert!(patient.health.is_session_on_trial(at(tries)), "the next");
}

#[test]
fn any_ack_lifts_suspicion_and_that_is_news() {
    let mut patient = Patient::suspected();
    assert!(!patient.ack(7_777, Ack::Pending, 91));
    assert_eq!(patient.trouble(91), Some(Trouble::SuspectedDead));
    assert!(patient.ack(7_777, Ack::Server, 91));
    assert_eq!(patient.trouble(91), None);
    assert!(!patient.ack(7_777, Ack::Server, 92), "nothing new");
}

#[test]
fn a_look_up_lifts_suspicion_only_by_what_was_accepted_since_the_silence_began() {
    let mut patient = Patient::suspected();
    assert!(!patient.found(8_888, Ack::Device, 5, 91));
    assert_eq!(patient.trouble(91), Some(Trouble::SuspectedDead));
    assert!(patient.found(3, Ack::Device, 30, 92));
    assert_eq!(patient.trouble(92), None);
}

#[test]
fn what_look_ups_find_refused_counts_as_failed_and_the_rest_does_not() {
    for (ack, trouble) in [
        (Ack::Error, Some(Trouble::RepeatedFailures)),
        (Ack::Server, None),
    ] {
        let mut patient = Patient::with_acks();
        for number in 1..=5 {
            patient.sends(number, Ended::Accepted, 10);
            patient.found(number, ack, 10, 20);
        }
        assert_eq!(patient.trouble(20), trouble, "{ack:?}");
    }
}

#[test]
fn a_session_that_is_back_after_a_restart_need_not_wait_for_its_pause() {
    let mut patient = Patient::suspected();
    patient.health.is_back(at(91));
    assert_eq!(patient.trouble(91), None);
    assert!(patient.health.is_session_on_trial(at(91)));
}

#[test]
fn what_is_on_record_goes_on_from_there_but_for_no_longer_than_any_pause() {
    let unwell = |until: i64| LaneHealth {
        cold: Condition {
            unwell: Some(Unwell {
                trouble: Trouble::RepeatedFailures,
                since: at(400).wall,
                until: at(until).wall,
            }),
            times: 3,
        },
        ..LaneHealth::default()
    };
    let settings = Settings::default();
    let longest = 1_000 + 15 * 60 * 5 / 4;
    for (until, ends) in [(1_010, 1_010), (longest, longest), (9_000, longest)] {
        let chance = Chance::new(settings.seed, 1);
        let health = Health::new(unwell(until), chance, BOOT, &settings, at(1_000));
        let hold = health.held(Slot::Cold, at(1_000)).unwrap();
        assert_eq!(hold.since, Some(at(400).elapsed));
        assert_eq!(hold.until, at(ends).elapsed, "{until}");
        assert_eq!(health.held(Slot::Reply, at(1_000)), None);
        assert_eq!(health.record(at(1_001)), unwell(ends), "{until}");
    }
}
