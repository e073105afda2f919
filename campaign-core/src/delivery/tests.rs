use proptest::prelude::*;

use super::*;

fn standing(state: State) -> Standing {
    Standing {
        attempts: 1,
        ..Standing::NEW.at(state, None)
    }
}

#[test]
fn a_delivery_number_takes_apart_into_what_it_was_made_of() {
    let campaign = CampaignId::new(77).unwrap();
    let id = DeliveryId::new(campaign, 123_456).unwrap();
    assert_eq!(
        (id.campaign(), id.ordinal(), id.generation()),
        (campaign, 123_456, 0)
    );
    let resent = id.next_generation().unwrap();
    assert_eq!(
        (resent.campaign(), resent.ordinal(), resent.generation()),
        (campaign, 123_456, 1)
    );
    assert!(DeliveryId::new(campaign, DeliveryId::RECIPIENTS_MAX).is_none());
    let last = DeliveryId::from_number(DeliveryId::range(campaign).1).unwrap();
    assert!(last.next_generation().is_none());
    let at = |generation: u64| DeliveryId::from_number(id.number() + generation).unwrap();
    for (known, first, next) in [(0, 0, 1), (0, 9, 9), (8, 9, 9), (9, 9, 10), (12, 9, 13)] {
        assert_eq!(at(known).next_generation_from(first), Some(at(next)));
    }
    assert!(id.next_generation_from(64).is_none());
    assert_eq!(
        id.next_generation_from(63).map(DeliveryId::generation),
        Some(63)
    );
    assert_eq!(
        DeliveryId::range(campaign).1 + 1,
        DeliveryId::range(CampaignId::new(78).unwrap()).0
    );
    assert!(DeliveryId::from_number(1 << DeliveryId::BITS).is_none());
}

/// What is stored, and what message ids are made of, has room for so much.
#[test]
fn numbers_have_the_room_that_is_promised() {
    assert_eq!(CampaignId::MAX.number(), 16_777_215);
    assert_eq!(CampaignId::new(16_777_216), None);
    assert_eq!(DeliveryId::BITS, 56);
    assert_eq!(DeliveryId::range(CampaignId::MAX).1, (1 << 56) - 1);
}

#[test]
fn a_reason_has_one_name_wherever_it_is_shown_or_stored() {
    let states = State::ALL
        .iter()
        .map(|state| (state.to_string(), state.name()));
    for (shown, name) in states {
        assert_eq!(shown, name);
    }
    for reason in Reason::ALL {
        assert_eq!(reason.to_string(), reason.name());
        let stored = serde_json::to_string(reason).unwrap();
        assert_eq!(stored, format!("\"{reason}\""));
        assert_eq!(Reason::from_number(*reason as u8), Some(*reason));
    }
    assert_eq!(Reason::from_number(0), None);
}

const HAPPENINGS: [(&str, Happening); 23] = [
    ("journalled", Happening::Journalled),
    ("not taken", Happening::NotHandedOver { counts: true }),
    ("held back", Happening::NotHandedOver { counts: false }),
    ("exhausted", Happening::Exhausted),
    ("refused", Happening::Refused),
    ("no answer", Happening::MaybeSent(Doubt::NoAnswer)),
    ("server error", Happening::MaybeSent(Doubt::ServerError)),
    ("restricted", Happening::MaybeSent(Doubt::Restricted)),
    ("owner died", Happening::OwnerDied),
    ("restored", Happening::Restored),
    ("accepted", Happening::Accepted),
    ("silent", Happening::Silent),
    ("ack error", Happening::Evidence(Ack::Error)),
    ("ack pending", Happening::Evidence(Ack::Pending)),
    ("ack device", Happening::Evidence(Ack::Device)),
    ("proved absent", Happening::ProvedAbsent),
    (
        "absent, late",
        Happening::ProvedAbsentForGood(Reason::Expired),
    ),
    (
        "absent, tried",
        Happening::ProvedAbsentForGood(Reason::Exhausted),
    ),
    (
        "absent, over",
        Happening::ProvedAbsentForGood(Reason::EarlierArrived),
    ),
    ("skipped", Happening::Skipped(Reason::Suppressed)),
    ("cancelled", Happening::Cancelled),
    ("confirmed", Happening::ConfirmedByOperator),
    ("given up", Happening::GivenUpByOperator),
];

/// Every happening in every state after one attempt: `-` may not happen, `.` changes nothing, `+` is told as corrected.
const TABLE: &str = "
               sche  send  unco  acce  sent  deli  read  play  fail  skip  canc
journalled     send  -     -     -     -     -     -     -     -     -     -
not taken      -     sche  .     .     .     .     .     .     .     .     .
held back      -     sche  .     .     .     .     .     .     .     .     .
exhausted      -     fail  .     .     .     .     .     .     .     .     .
refused        -     fail  .     .     .     .     .     .     .     .     .
no answer      -     unco  .     .     .     .     .     .     .     .     .
server error   -     unco  .     .     .     .     .     .     .     .     .
restricted     -     unco  .     .     .     .     .     .     .     .     .
owner died     -     unco  .     .     .     .     .     .     .     .     .
restored       unco  unco  unco  -     -     -     -     -     -     -     -
accepted       acce  acce  acce  .     .     .     .     .     acce+ acce+ acce+
silent         .     .     .     acce  .     .     .     .     .     .     .
ack error      fail  fail  fail  fail  .     .     .     .     .     .     .
ack pending    acce  acce  acce  .     .     .     .     .     acce+ acce+ acce+
ack device     deli  deli  deli  deli  deli  .     .     .     deli+ deli+ deli+
proved absent  -     -     sche  -     -     -     -     -     -     -     -
absent, late   -     -     skip  -     -     -     -     -     -     -     -
absent, tried  -     -     fail  -     -     -     -     -     -     -     -
absent, over   -     -     canc  -     -     -     -     -     -     -     -
skipped        skip  -     -     -     -     -     -     -     -     -     -
cancelled      canc  -     -     -     -     -     -     -     -     -     -
confirmed      -     -     sent  sent  -     -     -     -     -     -     -
given up       -     -     fail  -     -     -     -     -     -     -     -
";

#[test]
fn every_move_is_as_the_table_has_it() {
    let mut table = format!("{:14}", "");
    for state in State::ALL {
        table += &format!(" {:5}", &state.name()[..4]);
    }
    for (name, happening) in HAPPENINGS {
        table += &format!("\n{name:14}");
        for state in State::ALL {
            let from = standing(state);
            let cell = match apply(from, happening) {
                Err(_) => "-".to_owned(),
                Ok(to) if to == from => ".".to_owned(),
                Ok(to) => {
                    let corrected = if to.corrected { "+" } else { "" };
                    format!("{}{corrected}", &to.state.name()[..4])
                }
            };
            table += &format!(" {cell:5}");
        }
    }
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), TABLE.trim_matches('\n'));
}

#[test]
fn a_refusal_is_believed_of_what_was_tried() {
    let error = Happening::Evidence(Ack::Error);
    let tried = apply(standing(State::Scheduled), error).unwrap();
    assert_eq!(tried.reason, Some(Reason::RefusedByWhatsapp));
    assert_eq!(apply(Standing::NEW, error).unwrap(), Standing::NEW);
}

#[test]
fn what_was_proved_absent_for_good_says_why() {
    let reason = |reason| {
        let happening = Happening::ProvedAbsentForGood(reason);
        apply(standing(State::Unconfirmed), happening)
            .unwrap()
            .reason
    };
    assert_eq!(reason(Reason::Expired), Some(Reason::Expired));
    assert_eq!(reason(Reason::Exhausted), Some(Reason::Exhausted));
    assert_eq!(reason(Reason::EarlierArrived), None);
}

/// What a state's reason decides of evidence, beyond the table.
#[test]
fn a_reason_decides_what_the_same_evidence_says() {
    use Happening as H;
    let pending = H::Evidence(Ack::Pending);
    let server = H::Evidence(Ack::Server);
    let rows = [
        // WAHA has what WhatsApp refused: that is known already.
        (State::Failed, Reason::RefusedByWhatsapp, H::Accepted, None),
        (State::Failed, Reason::RefusedByWhatsapp, pending, None),
        (
            State::Failed,
            Reason::RefusedByWhatsapp,
            server,
            Some(State::Sent),
        ),
        (
            State::Failed,
            Reason::GivenUp,
            pending,
            Some(State::Accepted),
        ),
        // The operator's word needs no reason once WhatsApp's server says the same. WAHA alone does not say it.
        (State::Sent, Reason::ByOperator, server, Some(State::Sent)),
        (State::Sent, Reason::ByOperator, pending, None),
        (State::Sent, Reason::ByOperator, H::Accepted, None),
        // That it is accepted is no ack.
        (State::Accepted, Reason::Silent, pending, None),
        (State::Accepted, Reason::Silent, H::Accepted, None),
        (State::Accepted, Reason::Silent, server, Some(State::Sent)),
    ];
    for (state, reason, happening, expected) in rows {
        let from = standing(state).at(state, Some(reason));
        let to = apply(from, happening).unwrap();
        match expected {
            None => assert_eq!(to, from, "{reason}, {happening:?}"),
            Some(expected) => {
                assert_eq!((to.state, to.reason), (expected, None), "{reason}");
                assert_eq!(to.corrected, state == State::Failed, "{reason}");
            }
        }
    }
}

#[test]
fn names_are_what_is_shown() {
    assert_eq!(Reason::NotOnWhatsapp.to_string(), "not_on_whatsapp");
    assert_eq!(State::Unconfirmed.to_string(), "unconfirmed");
}

#[test]
fn only_what_is_scheduled_is_journalled() {
    for state in State::ALL {
        let moved = apply(standing(state), Happening::Journalled);
        assert_eq!(moved.is_ok(), state == State::Scheduled, "{state}");
    }
}

#[test]
fn nothing_but_proof_leads_back_to_scheduled() {
    let happenings = [
        Happening::Accepted,
        Happening::Refused,
        Happening::Exhausted,
        Happening::MaybeSent(Doubt::NoAnswer),
        Happening::MaybeSent(Doubt::ServerError),
        Happening::MaybeSent(Doubt::Restricted),
        Happening::OwnerDied,
        Happening::Restored,
        Happening::Silent,
        Happening::ConfirmedByOperator,
        Happening::GivenUpByOperator,
        Happening::Cancelled,
        Happening::Evidence(Ack::Error),
        Happening::Evidence(Ack::Pending),
        Happening::Evidence(Ack::Server),
    ];
    for state in State::ALL
        .into_iter()
        .filter(|state| *state != State::Scheduled)
    {
        for happening in happenings {
            if let Ok(after) = apply(standing(state), happening) {
                assert_ne!(after.state, State::Scheduled, "{state} {happening:?}");
            }
        }
        let absent = apply(standing(state), Happening::ProvedAbsent);
        assert_eq!(absent.is_ok(), state == State::Unconfirmed, "{state}");
        let returned = apply(standing(state), Happening::NotHandedOver { counts: true });
        assert_eq!(
            returned.is_ok_and(|after| after.state == State::Scheduled),
            state == State::Sending,
            "{state}"
        );
    }
}

#[test]
fn a_hold_costs_no_attempt() {
    let sending = apply(Standing::NEW, Happening::Journalled).unwrap();
    assert_eq!(sending.attempts, 1);
    assert_eq!(
        apply(sending, Happening::NotHandedOver { counts: false })
            .unwrap()
            .attempts,
        0
    );
    assert_eq!(
        apply(sending, Happening::NotHandedOver { counts: true })
            .unwrap()
            .attempts,
        1
    );
}

#[test]
fn a_restriction_costs_no_attempt() {
    let third = Standing {
        attempts: 3,
        ..standing(State::Sending)
    };
    let absent = Happening::ProvedAbsent;
    let exhausted = Happening::ProvedAbsentForGood(Reason::Exhausted);
    for (doubt, attempts) in [
        (Doubt::Restricted, 2),
        (Doubt::NoAnswer, 3),
        (Doubt::ServerError, 3),
    ] {
        let doubted = apply(third, Happening::MaybeSent(doubt)).unwrap();
        assert_eq!(doubted.attempts, 3, "{doubt:?}: it may have been sent");
        let again = apply(doubted, absent).unwrap();
        assert_eq!(
            (again.state, again.attempts),
            (State::Scheduled, attempts),
            "{doubt:?}"
        );
        let copied = apply(doubted, Happening::Restored).unwrap();
        assert_eq!(copied.reason, Some(Reason::Restored), "{doubt:?}");
        assert_eq!(apply(copied, absent).unwrap().attempts, attempts);
        let fails = apply(doubted, exhausted).is_ok();
        assert_eq!(fails, doubt != Doubt::Restricted, "{doubt:?}");
    }
}

#[test]
fn an_ack_before_the_answer_outlives_the_answer() {
    let sent = apply(standing(State::Sending), Happening::Evidence(Ack::Device)).unwrap();
    assert_eq!(sent.state, State::Delivered);
    for late in [
        Happening::Accepted,
        Happening::MaybeSent(Doubt::NoAnswer),
        Happening::OwnerDied,
        Happening::NotHandedOver { counts: true },
    ] {
        assert_eq!(apply(sent, late).unwrap(), sent, "{late:?}");
    }
}

#[test]
fn evidence_of_arrival_beats_opinion_and_is_told_as_corrected() {
    for state in [State::Failed, State::Skipped, State::Cancelled] {
        let after = apply(standing(state), Happening::Evidence(Ack::Device)).unwrap();
        assert_eq!(
            (after.state, after.corrected),
            (State::Delivered, true),
            "{state}"
        );
    }
}

#[test]
fn an_error_after_arrival_is_not_believed_and_one_before_it_is_corrected_by_it() {
    let error = Happening::Evidence(Ack::Error);
    let device = Happening::Evidence(Ack::Device);
    let refused = apply(standing(State::Accepted), error).unwrap();
    assert_eq!(
        (refused.state, refused.reason),
        (State::Failed, Some(Reason::RefusedByWhatsapp))
    );
    assert_eq!(apply(refused, device).unwrap().state, State::Delivered);
    let arrived = apply(standing(State::Accepted), device).unwrap();
    assert_eq!(apply(arrived, error).unwrap(), arrived);
}

#[test]
fn stored_numbers_read_back() {
    for state in State::ALL {
        assert_eq!(State::from_number(state as u8), Some(state));
    }
    for reason in Reason::ALL {
        assert_eq!(Reason::from_number(*reason as u8), Some(*reason));
    }
    assert_eq!(State::from_number(11), None);
    assert_eq!(Reason::from_number(0), None);
}

proptest! {
    /// Acks out of order, twice or missing: the furthest one decides, whatever the order.
    #[test]
    fn acks_in_any_order_end_at_the_furthest(acks in prop::collection::vec(0u8..4, 1..8)) {
        let levels = [Ack::Server, Ack::Device, Ack::Read, Ack::Played];
        let furthest = acks.iter().max().copied().unwrap();
        let mut standing = standing(State::Accepted);
        for ack in acks {
            standing = apply(standing, Happening::Evidence(levels[usize::from(ack)])).unwrap();
        }
        let expected = [State::Sent, State::Delivered, State::Read, State::Played][usize::from(furthest)];
        prop_assert_eq!(standing.state, expected);
    }
}
