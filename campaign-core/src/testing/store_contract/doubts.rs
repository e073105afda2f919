//! What is promised about look-ups: when they are due, what they are told, and what must be found beside.

use std::collections::BTreeSet;

use super::ContractStore;
use super::scene::{
    Scene, Target, answered, assert_counts_equal_the_report, at, evidence, happened, imported,
    report, state_after, wall,
};
use crate::campaign::CampaignState;
use crate::delivery::{Ack, CampaignId, DeliveryId, Doubt, Happening, Reason, State};
use crate::message::MessageKind;
use crate::store::{Change, DoubtQuery, Effect, Happened, Journal, Lost, Store, Sweep};

/// Every page holds what is due, in key order; the next look that comes due is told.
pub async fn doubts_come_in_key_order_when_they_are_due(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("due", 0..9).await;
    let ids: Vec<DeliveryId> = targets.iter().map(|target| target.delivery).collect();
    for (index, target) in targets.iter().enumerate().rev() {
        scene.send(1, *target).await;
        // Three each are due at once, after 100 s, and after 200 s.
        let next = match index % 3 {
            0 => None,
            other => Some(wall(100 * other as i64)),
        };
        doubt(&scene, 2, *target, next).await;
    }
    let page = scene.doubts(99).await;
    let shown: Vec<DeliveryId> = page.doubts.iter().map(|doubt| doubt.delivery).collect();
    assert_eq!(shown, [ids[0], ids[3], ids[6]]);
    assert_eq!(page.next_due, Some(wall(100)));
    assert_eq!(
        scene.doubt_ids(100).await.len(),
        6,
        "due at the very moment"
    );
    let all = scene.doubts(200).await;
    assert_eq!((all.doubts.len(), all.next_due), (9, None));

    let mut read = Vec::new();
    loop {
        let query = DoubtQuery {
            after: read.last().copied(),
            due: wall(200),
            limit: 4,
            is_for_worker: false,
        };
        let page = scene.store.doubts(query).await.unwrap();
        let more = page.doubts.len() == 4;
        read.extend(page.doubts.iter().map(|doubt| doubt.delivery));
        if !more {
            break;
        }
        assert!(
            page.next_due.is_some_and(|due| due <= wall(200)),
            "others are due as well"
        );
    }
    assert_eq!(read, ids);
    let behind_all = DoubtQuery {
        after: ids.last().copied(),
        due: wall(99),
        limit: 4,
        is_for_worker: false,
    };
    let page = scene.store.doubts(behind_all).await.unwrap();
    assert_eq!(
        (page.doubts.len(), page.next_due),
        (0, Some(wall(100))),
        "the last page tells of all"
    );

    scene.one(3, evidence(ids[0], Ack::Server)).await;
    scene
        .one(
            3,
            Change::Happened(happened(ids[3], Happening::ProvedAbsent)),
        )
        .await;
    scene
        .one(
            3,
            Change::Happened(happened(ids[6], Happening::GivenUpByOperator)),
        )
        .await;
    assert_eq!(
        scene.doubt_ids(99).await,
        [],
        "what is settled is not looked up"
    );
}

/// A look that decides nothing is counted; the next comes when it is set, or never by itself.
pub async fn a_look_counts_and_sets_the_next(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("looks", 0..2).await;
    let delivery = targets[0].delivery;
    scene.send(1, targets[0]).await;
    let early = scene.one(1, looked(delivery, None)).await;
    assert!(
        matches!(early, Effect::Lost(Lost::Delivery(_))),
        "no doubt yet: {early:?}"
    );
    doubt(&scene, 2, targets[0], None).await;
    assert_eq!(scene.doubts(3).await.doubts[0].looks, 0);
    assert_eq!(scene.one(3, looked(delivery, Some(50))).await, Effect::Done);
    assert_eq!(scene.doubt_ids(49).await, []);
    assert_eq!(scene.doubts(49).await.next_due, Some(wall(50)));
    let page = scene.doubts(50).await;
    assert_eq!(page.doubts[0].looks, 1);
    scene.one(50, looked(delivery, None)).await;
    let never = scene.doubts(1_000_000).await;
    assert_eq!((never.doubts.len(), never.next_due), (0, None));
    let row = scene.row(delivery).await;
    assert_eq!(row.standing.state, State::Unconfirmed);
    assert_eq!(row.message.as_deref(), Some("a control"));
    assert_eq!(report(&scene.store, campaign).await[1].message, None);
}

/// A refresh makes every unconfirmed delivery of its campaign due, even those that waited for the operator, and no other.
pub async fn a_refresh_makes_what_is_unconfirmed_due(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("refreshed", 0..2).await;
    let (_, others) = scene.running("other", 5..6).await;
    for target in targets.iter().chain(&others) {
        scene.send(1, *target).await;
        doubt(&scene, 2, *target, Some(wall(500))).await;
    }
    scene.one(3, looked(targets[1].delivery, None)).await;
    let refresh = Change::LookNow { campaign };
    assert_eq!(scene.one(10, refresh).await, Effect::Done);
    let page = scene.doubts(10).await;
    let shown: Vec<_> = page
        .doubts
        .iter()
        .map(|doubt| (doubt.delivery, doubt.looks))
        .collect();
    assert_eq!(shown, [(targets[0].delivery, 0), (targets[1].delivery, 1)]);
    assert_eq!(page.next_due, Some(wall(500)));
}

/// A doubt tells what is known of its attempt.
pub async fn a_doubt_tells_of_its_attempt(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("told", 0..1).await;
    let target = targets[0];
    let image = Change::Journal(Journal {
        kind: MessageKind::Image,
        ..scene.journal_of(target)
    });
    assert_eq!(state_after(&scene.one(11, image).await), State::Sending);
    let maybe = Change::Happened(Happened {
        ends_attempt: true,
        foreign_id: Some("BAE5CCCC".into()),
        ..happened(target.delivery, Happening::MaybeSent(Doubt::ServerError))
    });
    scene.one(17, maybe).await;
    let page = scene.doubts(20).await;
    let doubt = &page.doubts[0];
    assert_eq!(
        (doubt.delivery, doubt.phone),
        (target.delivery, target.phone)
    );
    assert_eq!(
        (doubt.lane, doubt.kind),
        (scene.lane.id, MessageKind::Image)
    );
    assert_eq!((doubt.started, doubt.ended), (at(11), at(17)));
    assert_eq!(doubt.foreign_id.as_deref(), Some("BAE5CCCC"));
    let standing = doubt.standing;
    assert_eq!(
        (standing.state, standing.reason, standing.attempts),
        (State::Unconfirmed, Some(Reason::ServerError), 1)
    );

    // After a proof of absence its next attempt is another one.
    scene
        .one(
            18,
            Change::Happened(happened(target.delivery, Happening::ProvedAbsent)),
        )
        .await;
    scene.send(21, target).await;
    super::scene::commit(
        &scene.store,
        24,
        vec![answered(
            target.delivery,
            Happening::MaybeSent(Doubt::NoAnswer),
        )],
    )
    .await;
    let page = scene.doubts(30).await;
    let doubt = &page.doubts[0];
    assert_eq!((doubt.started, doubt.ended), (at(21), at(24)));
    assert_eq!(
        (doubt.kind, doubt.looks, doubt.standing.attempts),
        (MessageKind::Text, 0, 2)
    );
    assert_eq!(doubt.foreign_id, None, "that id was of the attempt before");
}

/// A restriction of the account costs a message no attempt, however often it meets one; and it cannot fail for it.
pub async fn a_restriction_costs_no_attempt(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("restricted", 0..1).await;
    let target = targets[0];
    for second in [10, 20, 30, 40] {
        let restricted = Happening::MaybeSent(Doubt::Restricted);
        scene.send_and(second, target, restricted).await;
        let standing = scene.row(target.delivery).await.standing;
        assert_eq!(
            (standing.reason, standing.attempts),
            (Some(Reason::Restricted), 1)
        );
        let exhausted = Happening::ProvedAbsentForGood(Reason::Exhausted);
        let failed = happened(target.delivery, exhausted);
        assert_eq!(
            scene.one(second + 3, Change::Happened(failed)).await,
            Effect::Lost(Lost::Delivery(standing))
        );
        let absent = happened(target.delivery, Happening::ProvedAbsent);
        scene.one(second + 4, Change::Happened(absent)).await;
        assert_eq!(scene.ready(campaign, 100).await.ready[0].attempts, 0);
    }
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// The control is an accepted message of the same lane, nearest in time among those that WAHA had answered for before the attempt;
/// with each look the next nearest, and later the nearest again. Others come after these.
pub async fn the_control_is_the_nearest_accepted_message_and_then_the_next(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("controls", 0..8).await;
    let [first, second, far, near, failed, vouched, doubted, late] =
        [0, 1, 2, 3, 4, 5, 6, 7].map(|index: usize| targets[index]);
    scene
        .send_and(10, first, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    assert_eq!(
        scene.doubts(12).await.doubts[0].control,
        None,
        "nothing was accepted yet"
    );
    scene.send_and(14, second, Happening::Accepted).await;
    let control = scene.doubts(16).await.doubts[0].control.clone();
    assert_eq!(
        control.map(|control| (control.delivery, control.accepted_before)),
        Some((second.delivery, false))
    );
    scene
        .one(
            18,
            Change::Happened(happened(first.delivery, Happening::GivenUpByOperator)),
        )
        .await;

    scene.send_and(100, far, Happening::Accepted).await;
    // Whatever a person says of it later, WAHA has answered for it.
    scene
        .one(
            110,
            Change::Happened(happened(far.delivery, Happening::ConfirmedByOperator)),
        )
        .await;
    scene.send(190, near).await;
    let named = Change::Happened(Happened {
        ends_attempt: true,
        foreign_id: Some("BAE5DDDD".into()),
        ..happened(near.delivery, Happening::Accepted)
    });
    scene.one(191, named).await;
    scene.send_and(198, failed, Happening::Refused).await;
    scene
        .send_and(196, vouched, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene
        .one(
            199,
            Change::Happened(happened(vouched.delivery, Happening::ConfirmedByOperator)),
        )
        .await;
    scene.send(199, late).await;
    scene
        .send_and(200, doubted, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    // Begun before and answered after: the store may have been turned on in between.
    scene
        .one(
            202,
            Change::Happened(happened(late.delivery, Happening::Accepted)),
        )
        .await;

    let mut seen = Vec::new();
    for look in 0..16 {
        let page = scene.doubts(300).await;
        assert_eq!(page.doubts.len(), 1);
        let doubt = &page.doubts[0];
        assert_eq!(
            (doubt.delivery, u32::from(doubt.looks)),
            (doubted.delivery, look)
        );
        let control = doubt.control.clone().expect("there are accepted messages");
        assert_eq!(control.accepted_before, control.delivery != late.delivery);
        if control.delivery == near.delivery {
            assert_eq!(control.phone, near.phone);
            assert_eq!(control.foreign_id.as_deref(), Some("BAE5DDDD"));
        }
        seen.push(control.delivery);
        scene.one(300, looked(doubted.delivery, Some(300))).await;
    }
    let nearest_first = [near.delivery, far.delivery, second.delivery, late.delivery];
    assert_eq!(seen[..4], nearest_first);
    assert!(
        seen[4..].contains(&near.delivery),
        "the nearest again after those: {seen:?}"
    );
    assert!(
        seen.iter().all(|control| nearest_first.contains(control)),
        "{seen:?}"
    );

    // However often it was looked at before, each look asks for another one, and it does not count as new.
    for _ in 0..256 {
        scene.one(300, looked(doubted.delivery, Some(300))).await;
    }
    let mut late = BTreeSet::new();
    for _ in 0..4 {
        let page = scene.doubts(300).await;
        let doubt = &page.doubts[0];
        assert!(doubt.looks > 16, "{}", doubt.looks);
        late.extend(doubt.control.as_ref().map(|control| control.delivery));
        scene.one(300, looked(doubted.delivery, Some(300))).await;
    }
    assert_eq!(late, BTreeSet::from(nearest_first));
}

/// By the clock it ended first: somebody has set that back.
pub async fn what_was_accepted_later_was_not_accepted_before_by_any_clock(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("set back", 0..2).await;
    let [doubted, later] = [0, 1].map(|index: usize| targets[index]);
    scene
        .send_and(200, doubted, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene.send_and(100, later, Happening::Accepted).await;
    let control = scene.doubts(300).await.doubts[0].control.clone();
    assert_eq!(
        control.map(|control| (control.delivery, control.accepted_before)),
        Some((later.delivery, false))
    );
}

/// Accepted, ended, and no ack: it is given a look-up, once.
pub async fn an_accepted_message_without_an_ack_is_considered_once(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("silent", 0..6).await;
    let [silent, acked, young, doubted, refused, last] =
        [0, 1, 2, 3, 4, 5].map(|index: usize| targets[index]);
    scene.send_and(10, silent, Happening::Accepted).await;
    scene.send_and(12, acked, Happening::Accepted).await;
    scene.one(14, evidence(acked.delivery, Ack::Server)).await;
    scene
        .send_and(20, doubted, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene.one(22, looked(doubted.delivery, None)).await;
    scene.send_and(24, refused, Happening::Refused).await;
    scene.send_and(30, last, Happening::Accepted).await;
    scene.send_and(100, young, Happening::Accepted).await;

    let mut rounds = 0;
    while scene.store.mark_silent(wall(60), 1).await.unwrap() > 0 {
        rounds += 1;
        assert!(rounds < 100, "each attempt is considered once");
    }
    assert_eq!(scene.doubt_ids(120).await, [silent.delivery, last.delivery]);
    for target in [silent, last] {
        let standing = scene.row(target.delivery).await.standing;
        assert_eq!(
            (standing.state, standing.reason),
            (State::Accepted, Some(Reason::Silent))
        );
    }
    assert_eq!(scene.state(acked.delivery).await, State::Sent);
    let page = scene.doubts(120).await;
    assert_eq!(
        (page.doubts[0].started, page.doubts[0].ended),
        (at(10), at(11))
    );

    scene.one(130, looked(silent.delivery, None)).await;
    scene.one(131, evidence(last.delivery, Ack::Device)).await;
    assert_eq!(scene.store.mark_silent(wall(60), 100).await.unwrap(), 0);
    assert_eq!(scene.doubt_ids(140).await, []);
    while scene.store.mark_silent(wall(200), 100).await.unwrap() > 0 {}
    assert_eq!(scene.doubt_ids(200).await, [young.delivery]);
    let (_, none) = imported(&scene.store, "none", 0..0).await;
    assert_eq!(none, []);
}

/// What is left of single messages is told at every step of one, and nothing of what people named.
pub async fn what_is_left_of_single_messages_is_told(database: &impl ContractStore) {
    use CampaignState::{Cancelled, Completed, Running};
    let scene = Scene::open(database).await;
    let (named, targets) = scene.running("named", 0..3).await;
    let left = async || {
        let left = scene.store.singles_left().await.unwrap();
        (left.is_some, left.awaits_acks)
    };
    scene.send_and(1, targets[0], Happening::Accepted).await;
    scene.send(1, targets[1]).await;
    doubt(&scene, 2, targets[1], Some(wall(50))).await;
    scene.one(3, moved(named, Running, Completed)).await;
    assert_eq!(left().await, (false, false), "no single message");

    let (unstarted, _) = imported(&scene.store, "send:0", 0..1).await;
    assert_eq!(left().await, (false, false), "it was not started");
    scene.start(unstarted).await;
    assert_eq!(left().await, (true, false), "to be sent");
    scene.one(4, moved(unstarted, Running, Cancelled)).await;
    assert_eq!(left().await, (true, false), "to be taken off");
    let sweep = Change::Sweep {
        campaign: unstarted,
        what: Sweep::Cancel,
        deliveries_max: 10,
    };
    scene.one(5, sweep).await;
    assert_eq!(left().await, (false, false), "cancelled");

    let (single, targets) = scene.running("send:1", 5..6).await;
    scene.send(6, targets[0]).await;
    assert_eq!(left().await, (true, false), "under way");
    doubt(&scene, 7, targets[0], Some(wall(50))).await;
    for is_completed in [false, true] {
        if is_completed {
            scene.one(8, moved(single, Running, Completed)).await;
        }
        assert_eq!(left().await, (true, false), "to be looked up");
    }
    let delivery = targets[0].delivery;
    scene.one(51, looked(delivery, None)).await;
    assert_eq!(left().await, (false, false), "left to a person");
    for (ack, awaits_acks) in [(Ack::Pending, true), (Ack::Server, false)] {
        scene.one(52, evidence(delivery, ack)).await;
        assert_eq!(left().await, (false, awaits_acks), "{ack:?}");
    }
}

fn moved(campaign: CampaignId, from: CampaignState, to: CampaignState) -> Change {
    Change::Campaign { campaign, from, to }
}

fn looked(delivery: DeliveryId, next: Option<i64>) -> Change {
    Change::Looked {
        delivery,
        next: next.map(wall),
        missing: "a control".into(),
    }
}

/// The answer to an attempt leaves it in doubt.
async fn doubt<S: Store>(
    scene: &Scene<S>,
    seconds: i64,
    target: Target,
    next: Option<jiff::Timestamp>,
) {
    let maybe = Change::Happened(Happened {
        ends_attempt: true,
        next,
        ..happened(target.delivery, Happening::MaybeSent(Doubt::NoAnswer))
    });
    assert_eq!(
        state_after(&scene.one(seconds, maybe).await),
        State::Unconfirmed
    );
}
