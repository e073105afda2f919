//! A campaign whose messages were all sent, without sending them: each is journalled, accepted and acknowledged on record.

use std::sync::Arc;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::consent::Terms;
use campaign_core::delivery::{Ack, CampaignId, DeliveryId, Happening};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{LaneLimits, Slot};
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Batch, CampaignQuery, Change, Effect, Happened, Journal, LaneRecord};
use jiff::Timestamp;
use sql_store::Durability;

use crate::base::Base;
use crate::whole_path::{self, Audience};
use crate::{Failure, sink};

/// Deliveries of one batch.
const BATCH: u32 = 2_000;

/// Whose messages these are.
#[derive(Debug, Clone, Copy)]
pub struct HandedOver {
    /// The campaign.
    pub campaign: CampaignId,
    /// What message ids are derived with.
    pub message_key: [u8; 16],
}

/// Makes a database with one campaign whose messages WhatsApp's server has.
///
/// # Errors
/// When the store fails, or does not take a message.
pub async fn prepare(base: &Base, people: u32) -> Result<HandedOver, Failure> {
    whole_path::prepare(base, Audience::of_one_session(people)).await?;
    // Nothing of this is lost but with the machine, and then the bench is.
    let store = base.open(Durability::Normal).await?;
    let clock = SystemClock::new();
    let commit = async |changes: Vec<Change>| {
        let at = clock.now().stamp(clock.boot());
        let effects = store.commit(Arc::new(Batch { at, changes })).await?;
        let lost = effects.iter().find(|it| matches!(it, Effect::Lost(_)));
        lost.map_or(Ok(()), |lost| Err(Failure::from(format!("{lost:?}"))))
    };
    let taken = store.take_over(clock.now().stamp(clock.boot())).await?;
    let records = store.campaigns(&CampaignQuery::All).await?;
    let record = records.first().ok_or("there is no campaign")?;
    let campaign = record.id;
    let account = Account(PhoneNumber::from_digits(sink::account(0))?);
    let session = Session::new(&sink::session(0));
    let limits = LaneLimits::unpaced(1);
    let lane = store.lane(account, &session, &limits).await?;
    let moved = |from, to| Change::Campaign { campaign, from, to };
    commit(vec![moved(CampaignState::Frozen, CampaignState::Running)]).await?;
    let mut first = 0;
    while first < people {
        let end = people.min(first + BATCH);
        let mut changes = Vec::new();
        for number in first..end {
            let delivery = DeliveryId::new(campaign, number).ok_or("too many people")?;
            let terms = record.definition.terms();
            changes.push(journal(delivery, number, &lane, terms)?);
            changes.push(happened(delivery, Happening::Accepted));
            changes.push(happened(delivery, Happening::Evidence(Ack::Server)));
        }
        commit(changes).await?;
        first = end;
    }
    // Whoever runs it has nothing to look for.
    while store.mark_silent(Timestamp::MAX, BATCH).await? > 0 {}
    commit(vec![moved(
        CampaignState::Running,
        CampaignState::Completed,
    )])
    .await?;
    store.step_down().await?;
    Ok(HandedOver {
        campaign,
        message_key: taken.message_key,
    })
}

fn journal(
    delivery: DeliveryId,
    number: u32,
    lane: &LaneRecord,
    terms: Terms,
) -> Result<Change, Failure> {
    Ok(Change::Journal(Journal {
        delivery,
        phone: PhoneNumber::from_digits(whole_path::phone(number))?,
        lane: lane.id,
        epoch: lane.epoch,
        slot: Slot::Cold,
        if_heard_since: None,
        unless_known_to: Arc::new([]),
        kind: MessageKind::Text,
        text_hash: u64::from(number),
        terms,
    }))
}

fn happened(delivery: DeliveryId, happening: Happening) -> Change {
    Change::Happened(Happened {
        delivery,
        happening,
        ends_attempt: happening == Happening::Accepted,
        next: None,
        foreign_id: None,
        message: None,
    })
}
