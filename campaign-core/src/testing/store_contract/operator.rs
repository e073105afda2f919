//! What is promised about campaigns' states, commands, and sweeps.

use super::ContractStore;
use super::journal::{pause, resume};
use super::scene::{
    Scene, account, assert_counts_equal_the_report, commit, definition, imported, report, wall,
};
use crate::campaign::{CampaignState, Definition, Priority, Share, Weight};
use crate::delivery::{CampaignId, Happening, Reason, State};
use crate::limits::LaneLimits;
use crate::message::MessageTemplate;
use crate::store::{Answer, Change, Command, EarlierMessage, Effect, Lost, Store, Sweep};

/// A move from where the campaign does not stand is lost, and told where it stands.
pub async fn a_campaign_moves_only_from_where_it_stands(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, _) = scene.running("moves", 0..1).await;
    let lost = |state| Effect::Lost(Lost::Campaign(state));
    let effects = scene
        .commit(1, vec![pause(campaign), pause(campaign), resume(campaign)])
        .await;
    assert_eq!(
        effects,
        [Effect::Done, lost(CampaignState::Paused), Effect::Done]
    );
    let reader = database.open().await;
    let other = commit(&reader, 2, vec![pause(campaign)]).await;
    assert_eq!(other, [Effect::Done], "another process may pause");
    assert_eq!(
        scene.one(3, pause(campaign)).await,
        lost(CampaignState::Paused)
    );
    let state = scene
        .store
        .campaign("moves")
        .await
        .unwrap()
        .map(|record| record.state);
    assert_eq!(state, Some(CampaignState::Paused));
}

/// Commands of any process wait in their order until the runner answers; the answer can be read.
pub async fn commands_stay_open_until_they_are_answered(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("asked", 0..2).await;
    let operator = database.open().await;
    let asked = [
        Command::Pause { campaign },
        Command::Confirm {
            deliveries: targets.iter().map(|target| target.delivery).collect(),
        },
        Command::Retry {
            campaign,
            reason: Some(Reason::Exhausted),
        },
        Command::SetLimits {
            account: account(1),
            limits: LaneLimits::default(),
        },
    ];
    let mut numbers = Vec::new();
    for command in &asked {
        numbers.push(operator.submit(command).await.unwrap());
    }
    let open = scene.store.open_commands().await.unwrap();
    let expected: Vec<_> = numbers.iter().copied().zip(asked.clone()).collect();
    assert_eq!(open, expected);
    assert_eq!(operator.answer(numbers[1]).await.unwrap(), None);
    let answers = [
        Answer::Deliveries {
            moved: 1,
            refused: 1,
        },
        Answer::Refused {
            why: "no such campaign".into(),
        },
    ];
    let changes = answers
        .iter()
        .zip([1, 2])
        .map(|(answer, place)| Change::Answer {
            command: numbers[place],
            answer: answer.clone(),
        });
    let effects = scene.commit(1, changes.collect()).await;
    assert_eq!(effects, [Effect::Done, Effect::Done]);
    assert_eq!(
        operator.answer(numbers[1]).await.unwrap(),
        Some(answers[0].clone())
    );
    assert_eq!(
        operator.answer(numbers[2]).await.unwrap(),
        Some(answers[1].clone())
    );
    let open: Vec<_> = scene.store.open_commands().await.unwrap();
    assert_eq!(open, [expected[0].clone(), expected[3].clone()]);
}

/// A sweep moves what is scheduled, so many at a time, and says how many; a number below that is the end.
pub async fn sweeps_move_so_many_and_say_how_many(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let sweep = |campaign: CampaignId, what, deliveries_max| Change::Sweep {
        campaign,
        what,
        deliveries_max,
    };
    let cases = [
        ("cancelled", Sweep::Cancel, State::Cancelled, None),
        (
            "expired",
            Sweep::Expire,
            State::Skipped,
            Some(Reason::Expired),
        ),
    ];
    let (untouched, _) = imported(&scene.store, "untouched", 900..903).await;
    for (index, (name, what, state, reason)) in cases.into_iter().enumerate() {
        let from = 100 * index as u64;
        let (campaign, targets) = scene.running(name, from..from + 10).await;
        scene.send(1, targets[0]).await;
        scene.send_and(1, targets[1], Happening::Accepted).await;
        scene
            .send_and(1, targets[9], Happening::NotHandedOver { counts: true })
            .await;
        assert_eq!(
            scene.one(3, sweep(campaign, what, 5)).await,
            Effect::Swept(5)
        );
        assert_eq!(scene.ready_ids(campaign, 9).await.len(), 3);
        let late = scene.one(4, scene.journal(targets[2])).await;
        assert!(matches!(late, Effect::Lost(Lost::Delivery(_))), "{late:?}");
        assert_eq!(
            scene.one(4, sweep(campaign, what, 5)).await,
            Effect::Swept(3)
        );
        assert_eq!(
            scene.one(5, sweep(campaign, what, 5)).await,
            Effect::Swept(0)
        );
        assert_eq!(scene.ready_ids(campaign, 9).await, []);
        let rows = report(&scene.store, campaign).await;
        assert_eq!(rows[0].standing.state, State::Sending);
        assert_eq!(rows[1].standing.state, State::Accepted);
        for row in &rows[2..] {
            assert_eq!((row.standing.state, row.standing.reason), (state, reason));
        }
        assert_counts_equal_the_report(&scene.store, campaign).await;
    }
    assert_eq!(scene.ready_ids(untouched, 9).await.len(), 3);
}

/// Another message holds for whoever is not written to yet; the earlier one stays on record.
pub async fn an_edited_message_keeps_the_earlier_one(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (campaign, targets) = scene.running("edited", 0..3).await;
    scene.send_and(1, targets[0], Happening::Accepted).await;
    let edit = |text: &str| Change::Message {
        campaign,
        message: MessageTemplate::text(text).unwrap(),
    };
    for (seconds, text) in [(10, "Halo Kak {{nama}}"), (20, "Hai {{nama}}")] {
        assert_eq!(scene.one(seconds, edit(text)).await, Effect::Done);
    }
    let record = store.campaign("edited").await.unwrap().unwrap();
    let expected = Definition {
        message: MessageTemplate::text("Hai {{nama}}").unwrap(),
        ..definition("edited")
    };
    assert_eq!(*record.definition, expected);
    let earlier = |text: &str, seconds| EarlierMessage {
        message: MessageTemplate::text(text).unwrap(),
        replaced_at: wall(seconds),
        past: 1,
    };
    assert_eq!(
        store.earlier_messages(campaign).await.unwrap(),
        [
            earlier("Halo {{nama}}", 10),
            earlier("Halo Kak {{nama}}", 20)
        ]
    );
    use CampaignState::{Cancelled, Running};
    let called_off = Change::Campaign {
        campaign,
        from: Running,
        to: Cancelled,
    };
    assert_eq!(scene.one(30, called_off).await, Effect::Done);
    let late = scene.one(31, edit("Maaf")).await;
    assert_eq!(late, Effect::Lost(Lost::Campaign(Cancelled)));
    let (importing, _) = imported(store, "importing", 0..1).await;
    let early = Change::Message {
        campaign: importing,
        message: MessageTemplate::text("Maaf").unwrap(),
    };
    let early = scene.one(32, early).await;
    assert_eq!(
        early,
        Effect::Lost(Lost::Campaign(CampaignState::Importing))
    );
    assert_eq!(store.earlier_messages(importing).await.unwrap(), []);
}

/// A campaign's share of its accounts can be changed in whatever state it is, and changes nothing else of it.
pub async fn a_share_can_be_changed_at_any_time(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (campaign, _) = scene.running("shared", 0..1).await;
    let share = Share {
        priority: Priority::High,
        weight: Weight::MAX,
    };
    let set = |campaign| Change::Share { campaign, share };
    assert_eq!(scene.one(10, set(campaign)).await, Effect::Done);
    let (importing, _) = imported(store, "importing too", 0..1).await;
    assert_eq!(scene.one(11, set(importing)).await, Effect::Done);
    for name in ["shared", "importing too"] {
        let record = store.campaign(name).await.unwrap().unwrap();
        let mut expected = definition(name);
        expected.set_share(share);
        assert_eq!(*record.definition, expected);
    }
    let missing = scene.one(12, set(CampaignId::MAX)).await;
    assert_eq!(missing, Effect::Lost(Lost::NotFound));
}
