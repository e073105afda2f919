//! What is promised about who knows whom: the accounts of a campaign leave each other's people alone by it.

use super::ContractStore;
use super::scene::{Scene, Target, account, answered, happened, lane, phone, session, wall};
use crate::delivery::{Ack, CampaignId, Doubt, Happening, State};
use crate::gateway::{Account, Session};
use crate::limits::LaneLimits;
use crate::store::{Change, Effect, Journal, LaneRecord, Lost, ReadyQuery, Reply, Store, Whom};

/// From another lane than the scene's.
fn from(lane: &LaneRecord, journal: Journal) -> Change {
    Change::Journal(Journal {
        lane: lane.id,
        epoch: lane.epoch,
        ..journal
    })
}

fn wrote(number: u64, to: u64, received_at: i64) -> Change {
    Change::Reply(Reply {
        account: account(to),
        message_id: format!("{number} {to} {received_at}").into(),
        from: phone(number),
        received_at: wall(received_at),
        text: "halo".into(),
    })
}

/// The targets that each of two accounts knows, and those that neither does, read in pages of three.
async fn apart(store: &impl Store, campaign: CampaignId, seconds: i64) -> [Vec<u64>; 3] {
    let whoms = [
        Whom::KnownTo([account(1)].into()),
        Whom::KnownTo([account(2)].into()),
        Whom::KnownToNone([account(1), account(2)].into()),
    ];
    let mut all = [const { Vec::new() }; 3];
    for (whom, found) in whoms.into_iter().zip(&mut all) {
        let wanted = match &whom {
            Whom::KnownTo(accounts) => accounts.first().copied(),
            Whom::KnownToNone(_) => None,
        };
        let mut query = ReadyQuery {
            campaign,
            after: None,
            whom,
            due: wall(seconds),
            limit: 3,
        };
        loop {
            let page = store.ready(query.clone()).await.unwrap();
            assert!(page.ready.iter().all(|ready| ready.account == wanted));
            assert!(page.ready.len() <= 3);
            let numbers = page.ready.iter().map(|ready| ready.phone);
            found.extend(numbers.map(|it| (0..).find(|n| phone(*n) == it).unwrap()));
            let last = page.ready.last().map(|ready| ready.delivery);
            if !page.has_more {
                break;
            }
            query.after = page.read_to.or(last);
        }
    }
    all
}

/// Whoever an account wrote to last, or wrote to it last, is known to it: pages by account are complete, in key order and have nobody in
/// common, and together they are everybody.
pub async fn pages_by_account_are_complete_and_apart(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let other = lane(&scene.store, 2).await;
    let (_, targets) = scene.running("earlier", 0..20).await;
    for target in &targets[0..8] {
        scene.send_and(10, *target, Happening::Accepted).await;
    }
    for target in &targets[8..12] {
        let change = from(&other, scene.journal_of(*target));
        assert!(matches!(scene.one(20, change).await, Effect::Moved { .. }));
    }
    // One writes to the other account, later than it was written to, and one did so earlier.
    scene
        .commit(40, vec![wrote(3, 2, 30), wrote(9, 1, 5), wrote(15, 1, 30)])
        .await;
    let (campaign, _) = scene.running("later", 0..20).await;
    let expected = [
        vec![0, 1, 2, 4, 5, 6, 7, 15],
        vec![3, 8, 9, 10, 11],
        vec![12, 13, 14, 16, 17, 18, 19],
    ];
    assert_eq!(apart(&scene.store, campaign, 50).await, expected);
    // An account that nobody asked about counts as none.
    let query = ReadyQuery {
        campaign,
        after: None,
        whom: Whom::KnownToNone([account(2)].into()),
        due: wall(50),
        limit: 100,
    };
    let page = scene.store.ready(query).await.unwrap();
    assert_eq!(page.ready.len(), 15);
    // Whoever asks for several accounts at once is told whom each of them knows.
    let query = ReadyQuery {
        campaign,
        after: None,
        whom: Whom::KnownTo([account(1), account(2), account(3)].into()),
        due: wall(50),
        limit: 100,
    };
    let page = scene.store.ready(query).await.unwrap();
    let by = |number| {
        let account = Some(account(number));
        page.ready.iter().filter(move |it| it.account == account)
    };
    assert_eq!((by(1).count(), by(2).count(), page.ready.len()), (8, 5, 13));
    assert_eq!(scene.ready_ids(campaign, 50).await.len(), 20, "everybody");
    let again = database.open().await;
    assert_eq!(apart(&again, campaign, 50).await, expected);
}

/// Those that wait for a moment are told of by account too.
pub async fn what_waits_is_told_by_account(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("waits", 0..2).await;
    scene.commit(5, vec![wrote(0, 1, 4), wrote(1, 2, 4)]).await;
    scene.send(10, targets[0]).await;
    let later = Change::Happened(crate::store::Happened {
        ends_attempt: true,
        next: Some(wall(60)),
        ..happened(
            targets[0].delivery,
            Happening::NotHandedOver { counts: true },
        )
    });
    scene.one(11, later).await;
    for (number, next) in [(1, Some(wall(60))), (2, None)] {
        let query = ReadyQuery {
            campaign,
            after: None,
            whom: Whom::KnownTo([account(number)].into()),
            due: wall(20),
            limit: 10,
        };
        let page = scene.store.ready(query).await.unwrap();
        assert_eq!(page.next_due, next, "{number}");
        let due = usize::from(number == 2);
        assert_eq!(page.ready.len(), due);
    }
}

/// What is proved not to have been sent makes nobody known: whoever knew the person before does so again. A doubt, and what a server refused
/// only after it may have got through, do.
pub async fn what_was_not_sent_makes_nobody_known(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let other = lane(&scene.store, 2).await;
    let (_, targets) = scene.running("tries", 0..6).await;
    scene.commit(5, vec![wrote(4, 1, 4)]).await;
    let fails = Happening::NotHandedOver { counts: false };
    let endings = [
        (0, Some(fails)),
        (1, Some(Happening::MaybeSent(Doubt::NoAnswer))),
        (2, Some(Happening::Accepted)),
        (3, None),
        (4, Some(fails)),
    ];
    for (number, happening) in endings {
        let target = targets[number];
        let change = from(&other, scene.journal_of(target));
        assert!(matches!(scene.one(20, change).await, Effect::Moved { .. }));
        if let Some(happening) = happening {
            scene.one(21, answered(target.delivery, happening)).await;
        }
    }
    let (campaign, _) = scene.running("later", 0..6).await;
    let expected = [vec![4], vec![1, 2, 3], vec![0, 5]];
    assert_eq!(apart(&scene.store, campaign, 50).await, expected);
    // The doubt proves absent, and the one that was sent to by the other account is written to once more.
    let absent = Change::Happened(happened(targets[1].delivery, Happening::ProvedAbsent));
    scene.one(60, absent).await;
    let seen = Change::Happened(happened(
        targets[2].delivery,
        Happening::Evidence(Ack::Read),
    ));
    scene.one(61, seen).await;
    let expected = [vec![4], vec![2, 3], vec![0, 1, 5]];
    assert_eq!(apart(&scene.store, campaign, 70).await, expected);
}

/// An attempt is lost when an account that the person is to be left to knows them, and the account is named.
pub async fn somebody_is_left_to_the_account_that_knows_them(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("left", 0..3).await;
    scene.commit(5, vec![wrote(0, 2, 4), wrote(1, 3, 4)]).await;
    let left_to = |target: Target, accounts: &[Account]| {
        Change::Journal(Journal {
            unless_known_to: accounts.into(),
            ..scene.journal_of(target)
        })
    };
    let others = [account(2), account(4)];
    let effect = scene.one(10, left_to(targets[0], &others)).await;
    assert_eq!(effect, Effect::Lost(Lost::KnownTo(account(2))));
    assert_eq!(scene.state(targets[0].delivery).await, State::Scheduled);
    for target in [targets[1], targets[2]] {
        let effect = scene.one(11, left_to(target, &others)).await;
        assert!(matches!(effect, Effect::Moved { .. }), "{effect:?}");
    }
    // Where the campaign has moved away from it, it is not asked for.
    let effect = scene.one(12, left_to(targets[0], &[account(4)])).await;
    assert!(matches!(effect, Effect::Moved { .. }), "{effect:?}");
}

/// The report names the account of the latest attempt.
pub async fn the_report_names_the_account(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let other = lane(&scene.store, 2).await;
    let (_, targets) = scene.running("named", 0..3).await;
    scene.send_and(10, targets[0], Happening::Accepted).await;
    scene
        .send_and(12, targets[1], Happening::NotHandedOver { counts: true })
        .await;
    let change = from(&other, scene.journal_of(targets[1]));
    scene.one(20, change).await;
    for (target, account) in targets
        .iter()
        .zip([Some(account(1)), Some(account(2)), None])
    {
        assert_eq!(scene.row(target.delivery).await.account, account);
    }
}

/// A take-over tells whose the sessions were; of two accounts of one session, the last to send.
pub async fn a_take_over_tells_whose_the_sessions_were(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let other = lane(store, 2).await;
    let second = Session::new("second");
    let limits = LaneLimits::unpaced(16);
    store.lane(account(3), &second, &limits).await.unwrap();
    let (_, targets) = scene.running("whose", 0..2).await;
    scene
        .one(10, from(&other, scene.journal_of(targets[0])))
        .await;
    scene.send(11, targets[1]).await;
    let taken = store.take_over(super::scene::at(20)).await.unwrap();
    let expected = [(session(), account(1)), (second, account(3))];
    assert_eq!(taken.accounts, expected.into());
}
