//! Has a command carried out: by the process that sends, or here when there is none. Here nothing is sent: a command such as `pause`
//! must not begin sending what another campaign has waiting.

use std::sync::Arc;

use async_trait::async_trait;
use campaign_core::delivery::State;
use campaign_core::driver::{Driver, DriverError};
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{
    Finding, Found, Gateway, Guard, Observation, Readiness, Sending, Session,
};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{Answer, CampaignQuery, Command, Store, StoreError};

use crate::exit::Failure;
use crate::runner::{LOOK_EVERY, answer_of};
use crate::setup::Setup;

/// What came of a command, and whether somebody goes on with its campaign.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Answer,
    pub(crate) is_running: bool,
}

/// Carries commands out, in order; the last one's answer counts, moved and refused deliveries of all.
///
/// # Errors
/// When one is refused, nobody answers, or the store fails.
pub(crate) async fn carry_out(
    setup: &Setup,
    store: &Arc<dyn Store>,
    commands: Vec<Command>,
) -> Result<Done, Failure> {
    let parts = setup.parts(
        Arc::clone(store),
        Arc::new(Nowhere),
        setup.clock(),
        LaneLimits::default(),
    );
    match Driver::start(parts).await {
        Err(DriverError::TakeOver(StoreError::RunnerBusy { .. })) => Ok(Done {
            answer: answers(&**store, commands).await?,
            is_running: true,
        }),
        Err(error) => Err(error.into()),
        Ok((driver, handle)) => {
            let driver = tokio::spawn(driver.run());
            let result = carry_out_here(&**store, commands).await;
            handle.stop().await;
            driver.await.map_err(Failure::other)??;
            Ok(Done {
                answer: result?,
                is_running: false,
            })
        }
    }
}

async fn carry_out_here(store: &dyn Store, commands: Vec<Command>) -> Result<Answer, Failure> {
    let cancelled = commands.iter().find_map(|command| match command {
        Command::Cancel { campaign } => Some(*campaign),
        _ => None,
    });
    let answer = answers(store, commands).await?;
    // A cancelled campaign's deliveries are taken off page by page after the answer.
    while let Some(campaign) = cancelled {
        let query = CampaignQuery::These(vec![campaign]);
        let records = store.campaigns(&query).await?;
        let is_open = records
            .iter()
            .any(|record| record.counts.of(State::Scheduled) > 0);
        if !is_open {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(answer)
}

async fn answers(store: &dyn Store, commands: Vec<Command>) -> Result<Answer, Failure> {
    let mut all = Answer::Done;
    for command in commands {
        let id = store.submit(&command).await?;
        all = match (all, answer_of(store, id).await?) {
            (
                Answer::Deliveries { moved, refused },
                Answer::Deliveries {
                    moved: more,
                    refused: more_refused,
                },
            ) => Answer::Deliveries {
                moved: moved + more,
                refused: refused + more_refused,
            },
            (_, answer) => answer,
        };
    }
    Ok(all)
}

/// Leads nowhere: no session is ready, so that no lane opens and nothing is sent.
struct Nowhere;

#[async_trait]
impl Gateway for Nowhere {
    async fn send(&self, _: &Sending, _: Guard) -> Outcome {
        Outcome::NotHandedOver {
            why: NotHandedOver::Withheld,
            retry_after: None,
            message: "".into(),
        }
    }

    async fn find(&self, _: &Finding) -> Found {
        Found::Unknown { why: "".into() }
    }

    async fn observe(&self, _: &Session) -> Observation {
        Observation::only(Readiness::NotReady("OFFLINE".into()))
    }
}
