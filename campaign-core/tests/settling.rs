//! What settles a doubt, what does not, and who waits for it meanwhile.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::Definition;
use campaign_core::delivery::{CampaignId, DeliveryId, State};
use campaign_core::evidence::Missing;
use campaign_core::gateway::{Account, Notice, Observation};
use campaign_core::message::{MessageKind, text_hash};
use campaign_core::store::{Command, ReportQuery, ReportRow, Store};
use campaign_core::testing::Play;
use paused::{Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Three people, the second of whom is in doubt after a minute; the others were accepted under the id that was asked for, or another one.
async fn one_in_doubt(stage: &Stage, is_id_kept: bool) -> (CampaignId, DeliveryId) {
    let campaign = stage.campaign(&definition("promo"), 0..3).await;
    let doubted = DeliveryId::new(campaign, 1).unwrap();
    stage.gateway.play(doubted, [Play::answer_lost(false)]);
    let mut answers = 0;
    stage.gateway.script(move |_| {
        answers += 1;
        match is_id_kept {
            true => Play::accepted(),
            false => Play::accepted_as(&format!("SRV{answers}")),
        }
    });
    stage.asks(Command::Start { campaign }).await;
    (campaign, doubted)
}

async fn row(stage: &Stage, delivery: DeliveryId) -> ReportRow {
    let query = ReportQuery::of(delivery.campaign());
    let rows = stage.store.report(query).await.unwrap();
    let row = rows.into_iter().nth(delivery.ordinal() as usize);
    row.unwrap()
}

/// Somebody else sends the same text to the same person from the same account.
fn same_text(number: u64) -> Notice {
    Notice::Echo {
        session: session(),
        account: Some(account()),
        message_id: "3EB0FFFFFFFFFFFFFFFFFF".into(),
        to: Some(phone(number)),
        kind: Some(MessageKind::Text),
        text_hash: text_hash(&format!("Halo Budi {number}")),
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_settles_a_doubt_only_where_ids_are_not_trusted() {
    for is_id_kept in [true, false] {
        let stage = Stage::new();
        let runner = stage.runs().await;
        let (_, doubted) = one_in_doubt(&stage, is_id_kept).await;
        stage.passes(MINUTE).await;
        assert_eq!(
            row(&stage, doubted).await.standing.state,
            State::Unconfirmed
        );
        runner.handle.notify(same_text(1)).await;
        stage.passes(Duration::from_secs(5)).await;
        let expected = match is_id_kept {
            true => State::Unconfirmed,
            false => State::Accepted,
        };
        assert_eq!(row(&stage, doubted).await.standing.state, expected);
        runner.stops().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_came_before_the_attempt_was_on_record_is_somebody_elses() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    // Somebody the account writes to first, so that it is known that ids are not kept.
    let first = stage.campaign(&definition("first"), 3..4).await;
    stage.gateway.script(|_| Play::accepted_as("SRV"));
    stage.asks(Command::Start { campaign: first }).await;
    stage.passes(MINUTE).await;
    runner.handle.notify(same_text(1)).await;
    stage.passes(Duration::from_secs(5)).await;
    let (_, doubted) = one_in_doubt(&stage, false).await;
    stage.passes(MINUTE).await;
    assert_eq!(
        row(&stage, doubted).await.standing.state,
        State::Unconfirmed
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_doubt_of_an_account_that_is_gone_waits_for_a_person_or_for_the_account() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let (campaign, doubted) = one_in_doubt(&stage, true).await;
    stage.passes(MINUTE).await;
    let other = stage.gateway.working(Account(phone(998)));
    stage.gateway.observes(&session(), other);
    let looks = stage.gateway.findings().len();
    stage.passes(HOUR).await;
    let known = row(&stage, doubted).await;
    assert_eq!(known.standing.state, State::Unconfirmed);
    assert_eq!(
        known.message.as_deref(),
        Some(&*Missing::Account.to_string())
    );
    assert!(!stage.store.has_pending_doubts(campaign).await.unwrap());
    runner.handle.over(campaign).await.unwrap();
    assert_eq!(
        stage.gateway.findings().len(),
        looks,
        "it is nowhere to be found"
    );
    // Nor does another runner look for it.
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(HOUR).await;
    assert_eq!(stage.gateway.findings().len(), looks);

    stage.gateway.arrives_late(doubted);
    let own = stage.gateway.working(account());
    stage.gateway.observes(&session(), own);
    stage.passes(HOUR).await;
    assert_eq!(row(&stage, doubted).await.standing.state, State::Sent);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_behind_a_doubt_costs_next_to_nothing_and_goes_on_when_it_is_decided() {
    let stage = Stage::new();
    let forgetful = Observation {
        store_on: Some(false),
        ..stage.gateway.working(account())
    };
    stage.gateway.observes(&session(), forgetful);
    let runner = stage.runs().await;
    let (_, doubted) = one_in_doubt(&stage, true).await;
    stage.passes(MINUTE).await;
    let again = Definition {
        may_repeat: true,
        ..definition("second")
    };
    let campaign = stage.campaign(&again, 1..2).await;
    stage.asks(Command::Start { campaign }).await;
    stage.passes(HOUR).await;
    assert_eq!(
        row(&stage, doubted).await.standing.state,
        State::Unconfirmed
    );
    let commits = stage.store.commits();
    stage.passes(12 * HOUR).await;
    let more = stage.store.commits() - commits;
    assert!(more <= 24, "{more} commits in twelve hours");
    assert_eq!(stage.arrivals(campaign).len(), 0);
    let deliveries = vec![doubted];
    stage.asks(Command::GiveUp { deliveries }).await;
    stage.passes(Duration::from_secs(10)).await;
    assert_eq!(stage.arrivals(campaign).len(), 1);
    runner.stops().await;
}
