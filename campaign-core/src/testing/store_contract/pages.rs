//! What is promised about pages: complete, in key order, and what waits is told.

use super::ContractStore;
use super::journal::suppression;
use super::scene::{Scene, Target, ids, recipient, report, wall};
use crate::delivery::{DeliveryId, Happening, State};
use crate::store::{
    Change, Happened, NewRecipient, ReadyQuery, ReportPages, ReportQuery, Store, Suppression, Whom,
};

/// All that is due comes once and in order, whatever is journalled between two pages; the next campaign's does not come along.
pub async fn ready_pages_are_complete_and_in_key_order(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (before, _) = scene.running("before", 1_000..1_003).await;
    let (campaign, targets) = scene.running("pages", 0..250).await;
    scene.running("after", 2_000..2_003).await;
    let mut read = Vec::new();
    for page_number in 0.. {
        let page = scene
            .store
            .ready(ReadyQuery {
                campaign,
                after: read.last().map(|target: &Target| target.delivery),
                whom: Whom::everybody(),
                due: wall(1),
                limit: 40,
            })
            .await
            .unwrap();
        assert_eq!(page.next_due, None);
        for (place, ready) in page.ready.iter().enumerate() {
            let row = (read.len() + place) as u64;
            assert_eq!(ready.values, recipient(row + 2, row).values);
            assert_eq!(ready.attempts, 0);
        }
        let of_page = page.ready.iter().map(|ready| Target {
            delivery: ready.delivery,
            phone: ready.phone,
        });
        read.extend(of_page);
        let journals = targets[page_number * 40..].iter().step_by(3).take(5);
        let journals = journals.map(|target| scene.journal(*target)).collect();
        scene.commit(1, journals).await;
        if !page.has_more {
            break;
        }
        assert!(
            !page.ready.is_empty(),
            "more was said to follow, and there is nothing"
        );
    }
    let expected: Vec<Target> = targets
        .iter()
        .copied()
        .filter(|target| read.contains(target))
        .collect();
    assert_eq!(read, expected, "in key order, each once");
    let rows = report(&scene.store, campaign).await;
    let scheduled = rows
        .iter()
        .filter(|row| row.standing.state == State::Scheduled);
    let missed = scheduled.filter(|row| read.iter().all(|target| target.delivery != row.delivery));
    assert_eq!(
        missed.count(),
        0,
        "what is still scheduled was on some page"
    );
    assert_eq!(scene.ready_ids(before, 1).await.len(), 3);
}

/// A delivery that waits is due at its moment, and pages tell when the next one will be.
pub async fn what_waits_is_not_due_before_its_moment(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("waits", 0..5).await;
    let ids_of = |places: &[usize]| -> Vec<DeliveryId> {
        places
            .iter()
            .map(|place| targets[*place].delivery)
            .collect()
    };
    for (place, wait) in [(0, 50), (2, 30), (4, 90)] {
        scene.send(1, targets[place]).await;
        let change = Change::Happened(Happened {
            ends_attempt: true,
            next: Some(wall(wait)),
            ..super::scene::happened(
                targets[place].delivery,
                Happening::NotHandedOver { counts: true },
            )
        });
        scene.one(2, change).await;
    }
    let now = scene.ready(campaign, 29).await;
    assert_eq!(
        (ids(&now.ready), now.next_due),
        (ids_of(&[1, 3]), Some(wall(30)))
    );
    let then = scene.ready(campaign, 30).await;
    assert_eq!(
        (ids(&then.ready), then.next_due),
        (ids_of(&[1, 2, 3]), Some(wall(50)))
    );
    assert_eq!(then.ready[1].attempts, 1);
    let page = ReadyQuery {
        campaign,
        after: Some(targets[2].delivery),
        whom: Whom::everybody(),
        due: wall(29),
        limit: 10,
    };
    let rest = scene.store.ready(page.clone()).await.unwrap();
    assert_eq!(
        (ids(&rest.ready), rest.next_due),
        (ids_of(&[3]), Some(wall(90)))
    );
    let first = ReadyQuery {
        after: None,
        limit: 1,
        ..page
    };
    let first = scene.store.ready(first).await.unwrap();
    assert_eq!(
        (ids(&first.ready), first.next_due),
        (ids_of(&[1]), Some(wall(30)))
    );
    assert!(first.has_more);
    let all = scene.ready(campaign, 90).await;
    assert_eq!(
        (all.ready.len(), all.next_due, all.has_more),
        (5, None, false)
    );

    // Without a moment it is due at once, and one that is sent waits no longer.
    scene
        .send_and(95, targets[1], Happening::NotHandedOver { counts: false })
        .await;
    let at_once = scene.ready(campaign, 29).await;
    assert_eq!(ids(&at_once.ready), ids_of(&[1, 3]));
    assert_eq!(at_once.ready[0].attempts, 0);
    scene.send_and(97, targets[2], Happening::Accepted).await;
    assert_eq!(scene.ready(campaign, 29).await.next_due, Some(wall(50)));
}

/// Each recipient once, in the order of the audience, whatever the page's size.
pub async fn report_pages_are_complete_and_in_key_order(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("paged", 0..101).await;
    scene.running("next", 500..510).await;
    let whole = report(&scene.store, campaign).await;
    let order: Vec<DeliveryId> = targets.iter().map(|target| target.delivery).collect();
    assert_eq!(
        whole.iter().map(|row| row.delivery).collect::<Vec<_>>(),
        order
    );
    for limit in [1, 7, 50, 101] {
        let mut read = Vec::new();
        let query = ReportQuery {
            limit,
            ..ReportQuery::of(campaign)
        };
        let mut pages = ReportPages::new(&scene.store, query);
        while let Some(page) = pages.next().await.unwrap() {
            assert!(page.len() <= limit as usize);
            read.extend(page);
        }
        assert_eq!(read, whole, "in pages of {limit}");
    }
}

/// Only the states that are asked for, and pages are full of them.
pub async fn the_report_can_be_limited_to_states(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("states", 0..12).await;
    for (place, target) in targets.iter().enumerate() {
        match place % 3 {
            0 => scene.send_and(1, *target, Happening::Accepted).await,
            1 => scene.send_and(1, *target, Happening::Refused).await,
            _ => {}
        }
    }
    let places = async |states: &[State], after: Option<DeliveryId>| -> Vec<u32> {
        let query = ReportQuery {
            campaign,
            after,
            states: states.to_vec(),
            limit: 3,
        };
        let rows = scene.store.report(query).await.unwrap();
        rows.iter().map(|row| row.delivery.ordinal()).collect()
    };
    assert_eq!(places(&[State::Failed], None).await, [1, 4, 7]);
    assert_eq!(
        places(&[State::Failed], Some(targets[7].delivery)).await,
        [10]
    );
    assert_eq!(
        places(&[State::Accepted, State::Scheduled], None).await,
        [0, 2, 3]
    );
    assert_eq!(places(&[State::Unconfirmed], None).await, [0; 0]);
}

/// The list can be read in pages, and keeps where each number came from.
pub async fn the_suppression_list_comes_in_order_of_numbers(database: &impl ContractStore) {
    let store = database.open().await;
    let numbers: Vec<Suppression> = [5, 1, 4, 2, 3]
        .map(|number| {
            let NewRecipient { phone, .. } = recipient(2, number);
            let delivery = DeliveryId::from_number(number).unwrap();
            Suppression {
                source: format!("source {number}").into(),
                ..suppression(Target { delivery, phone })
            }
        })
        .into();
    store.suppress(&numbers).await.unwrap();
    let mut sorted = numbers.clone();
    sorted.sort_by_key(|suppression| suppression.phone);
    let first = store.suppressed(None, 2).await.unwrap();
    assert_eq!(first, sorted[..2]);
    let rest = store.suppressed(Some(first[1].phone), 100).await.unwrap();
    assert_eq!(rest, sorted[2..]);
    store.unsuppress(&[sorted[0].phone]).await.unwrap();
    assert_eq!(store.suppressed(None, 100).await.unwrap(), sorted[1..]);
}
