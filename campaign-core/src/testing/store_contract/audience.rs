//! What is promised about campaigns and their recipients on the way in.

use super::ContractStore;
use super::scene::{
    Scene, Target, assert_counts_equal_the_report, at, columns, definition, imported, join, now,
    phone, recipient, report,
};
use jiff::SignedDuration;

use crate::campaign::{CampaignState, Definition};
use crate::delivery::{DeliveryId, Happening, Reason, State};
use crate::store::{
    CampaignQuery, Change, Created, Effect, Imported, NewRecipient, Store, StoreError,
};

/// The same phone, or the same phone and key, comes in once; the other is told the first one's row.
pub async fn a_duplicate_is_told_its_first_row(database: &impl ContractStore) {
    let store = database.open().await;
    let definition = definition("duplicates");
    let campaign = store.create(&definition, &columns(), now(0)).await.unwrap();
    let keyed = |row, number, key: &str| NewRecipient {
        key: Some(key.into()),
        ..recipient(row, number)
    };
    let first = vec![
        recipient(2, 0),
        recipient(3, 1),
        recipient(5, 0),
        keyed(6, 7, "INV-1"),
        keyed(7, 7, "INV-2"),
        keyed(8, 7, "INV-1"),
        keyed(9, 8, "INV-1"),
    ];
    let added = |ordinal| Imported::Added(DeliveryId::new(campaign, ordinal).unwrap());
    let duplicate = |first_row| Imported::Duplicate { first_row };
    assert_eq!(
        store.import(campaign, first, 0).await.unwrap(),
        [
            added(0),
            added(1),
            duplicate(2),
            added(2),
            added(3),
            duplicate(6),
            added(4)
        ]
    );
    let second = vec![keyed(20, 7, "INV-2"), recipient(21, 1), recipient(22, 3)];
    assert_eq!(
        store.import(campaign, second, 0).await.unwrap(),
        [duplicate(7), duplicate(3), added(5)]
    );
    let rows = report(&store, campaign).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.row, row.phone, row.key.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            (2, phone(0), None),
            (3, phone(1), None),
            (6, phone(7), Some("INV-1")),
            (7, phone(7), Some("INV-2")),
            (9, phone(8), Some("INV-1")),
            (22, phone(3), None),
        ]
    );
    assert_eq!(rows[0].values, recipient(2, 0).values);
    assert_counts_equal_the_report(&store, campaign).await;
}

/// An import that was broken off begins anew; a campaign that was frozen stays as it is.
pub async fn creating_again_empties_what_was_never_frozen(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (broken_off, targets) = imported(store, "again", 0..5).await;
    let skipped = NewRecipient {
        skip: Some(Reason::MissingVariable),
        ..recipient(9, 9)
    };
    store.import(broken_off, vec![skipped], 4).await.unwrap();
    let changed = Definition {
        source: crate::campaign::Source {
            sha256: "1".repeat(64),
            ..definition("again").source
        },
        ..definition("again")
    };
    let other: Vec<Box<str>> = vec!["nama".into(), "kota".into()];
    let campaign = store.create(&changed, &other, now(60)).await.unwrap();
    let record = store
        .campaign("again")
        .await
        .unwrap()
        .expect("the campaign");
    assert_eq!(record.id, campaign);
    assert_eq!(
        (record.state, record.rejected),
        (CampaignState::Importing, 0)
    );
    assert_eq!(
        (record.counts.total(), record.created_at),
        (0, now(60).wall)
    );
    assert_eq!((&*record.definition, &*record.columns), (&changed, &*other));
    assert_eq!(report(store, campaign).await, []);
    assert_eq!(store.campaigns(&CampaignQuery::All).await.unwrap().len(), 1);

    let added = store
        .import(campaign, vec![recipient(2, 3)], 0)
        .await
        .unwrap();
    assert!(
        matches!(added[..], [Imported::Added(_)]),
        "nobody is left of the first import"
    );
    scene.start(campaign).await;
    assert_eq!(scene.ready_ids(campaign, 1).await.len(), 1);
    for name in ["again"] {
        let refused = store.create(&definition(name), &columns(), now(61)).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    }
    assert_eq!(report(store, campaign).await.len(), 1);
    assert_eq!(targets.len(), 5);
}

/// A campaign that comes with its whole audience is frozen and complete; of two callers with one name one creates it, and the other
/// changes nothing, whatever it brings.
pub async fn a_whole_audience_comes_in_once_whoever_brings_it(database: &impl ContractStore) {
    let (store, other) = (database.open().await, database.open().await);
    let mine = definition("kuitansi");
    let theirs = Definition {
        category: crate::campaign::Category::Service,
        ..mine.clone()
    };
    let columns = columns();
    let one = store.create_whole(&mine, &columns, vec![recipient(1, 1)], now(0));
    let another = other.create_whole(&theirs, &columns, vec![recipient(1, 2)], now(0));
    let (one, another) = join(one, another).await;
    let (id, wins) = match (one.unwrap(), another.unwrap()) {
        (Created::New(id), Created::There(there)) if id == there => (id, 1),
        (Created::There(there), Created::New(id)) if id == there => (id, 2),
        both => panic!("{both:?}"),
    };
    let record = store.campaign("kuitansi").await.unwrap().unwrap();
    assert_eq!((record.id, record.state), (id, CampaignState::Frozen));
    assert_eq!(*record.definition, if wins == 1 { mine } else { theirs });
    let rows = report(&store, id).await;
    let phones: Vec<_> = rows.iter().map(|row| row.phone).collect();
    assert_eq!(phones, [phone(wins)]);
    assert_counts_equal_the_report(&store, id).await;

    // One that was being imported, and never got further, makes way.
    let half = definition("setengah");
    let earlier = store.create(&half, &columns, now(1)).await.unwrap();
    let two = vec![recipient(2, 7), recipient(3, 8)];
    store.import(earlier, two, 1).await.unwrap();
    let made = other
        .create_whole(&half, &columns, vec![recipient(2, 9)], now(2))
        .await;
    assert_eq!(made.unwrap(), Created::New(earlier));
    let late = store.import(earlier, vec![recipient(4, 9)], 0).await;
    assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
    let rows = report(&store, earlier).await;
    let phones: Vec<_> = rows.iter().map(|row| row.phone).collect();
    assert_eq!(phones, [phone(9)]);
    let more = vec![recipient(5, 9), recipient(6, 10)];
    let added = store.add(earlier, more, 0, now(3)).await.unwrap();
    let first = Imported::Duplicate { first_row: 2 };
    assert!(
        matches!(added[..], [duplicate, Imported::Added(_)] if duplicate == first),
        "{added:?}"
    );
}

/// A recipient that is skipped at import has its row and its reason, and nothing is ever sent to it.
pub async fn what_is_skipped_at_import_is_reported_and_never_due(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = imported(&scene.store, "skips", 0..1).await;
    let skipped = NewRecipient {
        skip: Some(Reason::MissingVariable),
        ..recipient(3, 1)
    };
    let again = vec![skipped.clone(), skipped];
    let added = scene.store.import(campaign, again, 0).await.unwrap();
    let Imported::Added(delivery) = added[0] else {
        panic!("not added: {added:?}");
    };
    assert_eq!(added[1], Imported::Duplicate { first_row: 3 });
    scene.start(campaign).await;
    assert_eq!(scene.ready_ids(campaign, 1).await, [targets[0].delivery]);
    let standing = scene.row(delivery).await.standing;
    assert_eq!(
        (standing.state, standing.reason),
        (State::Skipped, Some(Reason::MissingVariable))
    );
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// Rows that the import refused are counted beside the recipients, call by call.
pub async fn rejected_rows_are_counted(database: &impl ContractStore) {
    let store = database.open().await;
    let (campaign, _) = imported(&store, "rejects", 0..2).await;
    store
        .import(campaign, vec![recipient(9, 9)], 2)
        .await
        .unwrap();
    store.import(campaign, Vec::new(), 3).await.unwrap();
    let record = store
        .campaign("rejects")
        .await
        .unwrap()
        .expect("the campaign");
    assert_eq!((record.rejected, record.counts.total()), (5, 3));
    let nowhere = crate::delivery::CampaignId::new(campaign.number() + 7).unwrap();
    let lost = store.import(nowhere, vec![recipient(2, 2)], 0).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })), "{lost:?}");
}

/// A campaign is found by its exact name, and the list begins with the newest.
pub async fn campaigns_are_found_by_name_and_listed_newest_first(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let names = ["Tagihan Juni", "tagihan juni", "a'b\"c;--%_\u{1F4E3}"];
    for (index, name) in names.iter().enumerate() {
        let later = now(10 * index as i64);
        let campaign = store
            .create(&definition(name), &columns(), later)
            .await
            .unwrap();
        store
            .import(campaign, vec![recipient(2, 2)], 0)
            .await
            .unwrap();
    }
    let listed = store.campaigns(&CampaignQuery::All).await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|record| &record.definition.name)
        .collect();
    assert_eq!(listed, [names[2], names[1], names[0]]);
    for name in names {
        let record = store.campaign(name).await.unwrap().expect(name);
        assert_eq!(*record.definition, definition(name));
        assert_eq!(*record.columns, *columns());
        store.freeze(record.id, at(1)).await.unwrap();
        let state = store
            .campaign(name)
            .await
            .unwrap()
            .map(|record| record.state);
        assert_eq!(state, Some(CampaignState::Frozen));
    }
    assert!(store.campaign("TAGIHAN JUNI").await.unwrap().is_none());
}

/// An audience is closed once, and nobody comes in afterwards.
pub async fn a_frozen_audience_stays_as_it_is(database: &impl ContractStore) {
    let store = database.open().await;
    let definition = definition("frozen");
    let campaign = store.create(&definition, &columns(), now(0)).await.unwrap();
    store
        .import(campaign, vec![recipient(2, 2)], 0)
        .await
        .unwrap();
    store.freeze(campaign, at(1)).await.unwrap();
    for again in [
        store.freeze(campaign, at(2)).await.err(),
        store.import(campaign, vec![recipient(3, 3)], 0).await.err(),
        store.create(&definition, &columns(), now(3)).await.err(),
    ] {
        assert!(matches!(again, Some(StoreError::Refused(_))), "{again:?}");
    }
    let nowhere = crate::delivery::CampaignId::new(campaign.number() + 7).unwrap();
    let lost = store.freeze(nowhere, at(4)).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })), "{lost:?}");
    let record = store.campaign("frozen").await.unwrap().unwrap();
    assert_eq!(record.state, CampaignState::Frozen);
    assert_eq!(record.counts.total(), 1);
}

/// People are added to an audience that is whole: due after the others, once each, and a campaign that had ended runs again.
pub async fn an_audience_grows_only_by_an_explicit_act(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (campaign, targets) = imported(store, "grows", 0..2).await;
    let early = store.add(campaign, vec![recipient(9, 9)], 0, now(1)).await;
    assert!(matches!(early, Err(StoreError::Refused(_))), "{early:?}");
    scene.start(campaign).await;

    let more = vec![recipient(3, 1), recipient(4, 7), recipient(5, 7)];
    let added = store.add(campaign, more, 2, now(60)).await.unwrap();
    let Imported::Added(new) = added[1] else {
        panic!("not added: {added:?}");
    };
    let duplicate = |first_row| Imported::Duplicate { first_row };
    assert_eq!(added, [duplicate(3), Imported::Added(new), duplicate(4)]);
    let due: Vec<DeliveryId> = targets.iter().map(|it| it.delivery).chain([new]).collect();
    assert_eq!(scene.ready_ids(campaign, 60).await, due);
    assert_eq!(scene.row(new).await.changed_at, now(60).wall);
    let record = store.campaign("grows").await.unwrap().unwrap();
    assert_eq!(
        (record.state, record.rejected, record.counts.total()),
        (CampaignState::Running, 2, 3)
    );

    let mended = |row, number| NewRecipient {
        was_rejected: true,
        ..recipient(row, number)
    };
    let again = vec![mended(6, 20), mended(6, 20), mended(7, 1)];
    let added = store.add(campaign, again, 0, now(60)).await.unwrap();
    let Imported::Added(new) = added[0] else {
        panic!("not added: {added:?}");
    };
    assert_eq!(added[1..], [duplicate(6), duplicate(3)]);
    let rejected = async || store.campaign("grows").await.unwrap().unwrap().rejected;
    assert_eq!(
        rejected().await,
        1,
        "who has come in is not rejected any more"
    );
    let unknown = vec![mended(8, 21), mended(9, 22)];
    let added = store.add(campaign, unknown, 0, now(60)).await.unwrap();
    assert_eq!(rejected().await, 0, "and there are never fewer than none");
    let others = [Imported::Added(new)].into_iter().chain(added);
    let others = others.map(|added| match added {
        Imported::Added(delivery) => delivery,
        Imported::Duplicate { .. } => panic!("not added"),
    });
    let due: Vec<DeliveryId> = due.into_iter().chain(others).collect();

    use CampaignState::{Cancelled, Completed, Running, Settled};
    for delivery in due {
        let target = Target {
            delivery,
            phone: scene.row(delivery).await.phone,
        };
        scene.send_and(61, target, Happening::Accepted).await;
    }
    for (from, to) in [(Running, Completed), (Completed, Settled)] {
        let effect = scene.one(62, Change::Campaign { campaign, from, to }).await;
        assert_eq!(effect, Effect::Done);
    }
    let state = async || store.campaign("grows").await.unwrap().unwrap().state;
    let nobody_new = vec![recipient(8, 0)];
    store.add(campaign, nobody_new, 1, now(63)).await.unwrap();
    assert_eq!(state().await, Settled);
    let skipped = NewRecipient {
        skip: Some(Reason::MissingVariable),
        ..recipient(8, 11)
    };
    store
        .add(campaign, vec![skipped], 0, now(63))
        .await
        .unwrap();
    assert_eq!(state().await, Settled, "there is nothing to send");
    let one_more = vec![recipient(8, 12)];
    store.add(campaign, one_more, 0, now(64)).await.unwrap();
    assert_eq!(state().await, Running);
    assert_counts_equal_the_report(store, campaign).await;

    let called_off = Change::Campaign {
        campaign,
        from: Running,
        to: Cancelled,
    };
    assert_eq!(scene.one(65, called_off).await, Effect::Done);
    let late = store
        .add(campaign, vec![recipient(9, 13)], 0, now(66))
        .await;
    assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
    let nowhere = crate::delivery::CampaignId::new(campaign.number() + 7).unwrap();
    let lost = store.add(nowhere, vec![recipient(2, 2)], 0, now(67)).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })), "{lost:?}");
}

/// Campaigns are listed as they are asked for.
pub async fn campaigns_can_be_limited_to_live_ones_or_some(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (imported, _) = imported(store, "imported", 0..1).await;
    let (running, _) = scene.running("running", 0..1).await;
    let (settled, _) = scene.running("settled", 0..0).await;
    // Names before them, between them and after them, and such as begin like them.
    let singles = ["check:1", "run:1", "send:1", "send:2", "send:2:3", "zz:1"];
    let mut all_live = vec![running];
    for name in singles {
        all_live.push(scene.running(name, 0..1).await.0);
    }
    let (beside, _) = scene.running("send;", 0..1).await;
    all_live.push(beside);
    use CampaignState::{Completed, Running, Settled};
    for (from, to) in [(Running, Completed), (Completed, Settled)] {
        let campaign = settled;
        scene.one(1, Change::Campaign { campaign, from, to }).await;
    }
    let nowhere = crate::delivery::CampaignId::new(beside.number() + 7).unwrap();
    let all = store.campaigns(&CampaignQuery::All).await.unwrap();
    let made = all.iter().map(|record| record.created_at);
    let first = made.clone().min().unwrap();
    let later = made.max().unwrap() + SignedDuration::from_micros(1);
    let mut everything = [&all_live[..], &[imported, settled]].concat();
    everything.sort_unstable();
    for (query, expected) in [
        (CampaignQuery::Live, all_live.clone()),
        (
            CampaignQuery::Named,
            vec![imported, running, settled, beside],
        ),
        (CampaignQuery::LiveNamed, vec![running, beside]),
        (
            CampaignQuery::These(vec![settled, nowhere, imported]),
            vec![imported, settled],
        ),
        (CampaignQuery::These(Vec::new()), Vec::new()),
        (CampaignQuery::All, everything.clone()),
        (CampaignQuery::Since(first), everything),
        (CampaignQuery::Since(later), Vec::new()),
    ] {
        let listed = store.campaigns(&query).await.unwrap();
        let mut listed: Vec<_> = listed.into_iter().map(|record| record.id).collect();
        listed.sort_unstable();
        assert_eq!(listed, expected, "{query:?}");
    }
}
