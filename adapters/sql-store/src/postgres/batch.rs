//! Makes the changes of a batch, in one transaction that is durable when it returns.

use std::collections::{BTreeSet, HashMap};

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, State};
use campaign_core::store::{Batch, Change, Effect, Happened, Lost, StoreError, Sweep};

use super::fault::{Fault, Result};
use super::moves::{Moves, Wanted};
use super::transaction::{Columns, Tx, int};
use super::{campaigns, commands, consent, lanes, people, shared_limits, take_over, workers};
use crate::codes::{self, SUPERSEDED};

/// Where sweeps of failed deliveries go on, so that a sweep in many batches reads each delivery once.
pub(super) type Sweeps = HashMap<(CampaignId, Option<Reason>), i64>;

/// One batch in the making.
pub(super) struct Making<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) batch: &'a Batch,
    /// Imports that were begun here.
    pub(super) imports: HashMap<CampaignId, i32>,
    pub(super) sweeps: Sweeps,
    /// This process is one of several that send.
    pub(super) worker: Option<i32>,
}

/// Moves deliveries, or keeps what is learnt of lanes: many of these are made together.
fn is_of_a_run(change: &Change) -> bool {
    matches!(
        change,
        Change::Journal(_)
            | Change::Happened(_)
            | Change::Looked { .. }
            | Change::Lane(_)
            | Change::NewGeneration { .. }
    )
}

/// Has nothing to do with what a run reads, and does not end one.
fn is_beside_a_run(change: &Change) -> bool {
    matches!(
        change,
        Change::SharedPast { .. }
            | Change::SharedLimits { .. }
            | Change::Presence { .. }
            | Change::Answer { .. }
            | Change::Share { .. }
    )
}

/// Says that a message was not sent, which may be sent again then.
fn is_absence(happened: &Happened) -> bool {
    matches!(
        happened.happening,
        Happening::ProvedAbsent | Happening::ProvedAbsentForGood(_)
    )
}

impl Making<'_> {
    /// The effects, in the order of the changes.
    pub(super) async fn make(&mut self) -> Result<Vec<Effect>> {
        let mut effects = Vec::with_capacity(self.batch.changes.len());
        let batch = self.batch;
        let mut rest = batch.changes.as_slice();
        while !rest.is_empty() {
            let length = rest
                .iter()
                .position(|change| !is_of_a_run(change) && !is_beside_a_run(change));
            let (run, others) = rest.split_at(length.unwrap_or(rest.len()));
            self.run(run, &mut effects).await?;
            rest = match others.split_first() {
                Some((change, rest)) => {
                    effects.push(self.alone(change).await?);
                    rest
                }
                None => others,
            };
        }
        workers::tell(self.tx, self.worker, workers::news_of(batch, &effects)).await?;
        let (elapsed, wall, boot) = codes::columns(batch.at);
        let sql = format!(
            "UPDATE meta SET last_elapsed = $1, last_wall = $2, last_boot = $3 WHERE $4::integer IS NULL OR {}",
            workers::lives("$4")
        );
        let taken = self
            .tx
            .execute(&sql, &[&elapsed, &wall, &boot, &self.worker])
            .await?;
        match taken {
            0 => Err(StoreError::Dismissed.into()),
            _ => Ok(effects),
        }
    }

    async fn run(&mut self, run: &[Change], effects: &mut Vec<Effect>) -> Result<()> {
        if !run.iter().any(is_of_a_run) {
            for change in run {
                effects.push(self.alone(change).await?);
            }
            return Ok(());
        }
        let mut moves = Moves::read(self.tx, self.batch.at, &Wanted::by(run)).await?;
        let of_others = self.absences_of_others(run).await?;
        for change in run {
            effects.push(match change {
                Change::Journal(journal) => moves.journal(journal)?,
                Change::Happened(happened)
                    if is_absence(happened) && of_others.contains(&happened.delivery) =>
                {
                    Effect::Lost(Lost::NotOwner)
                }
                Change::Happened(happened) => moves.happened(happened),
                Change::Looked {
                    delivery,
                    next,
                    missing,
                } => moves.looked(*delivery, *next, missing),
                Change::Lane(note) => moves.note(note),
                Change::NewGeneration { delivery } => moves.new_generation(*delivery),
                beside => self.alone(beside).await?,
            });
        }
        self.write(moves).await
    }

    /// Only whoever attends the lane knows that nothing was tried from it since.
    async fn absences_of_others(&self, run: &[Change]) -> Result<BTreeSet<DeliveryId>> {
        let Some(worker) = self.worker else {
            return Ok(BTreeSet::new());
        };
        let absent = run.iter().filter_map(|change| match change {
            Change::Happened(happened) if is_absence(happened) => Some(happened.delivery),
            _ => None,
        });
        let absent: Vec<DeliveryId> = absent.collect();
        workers::of_others(self.tx, worker, &absent).await
    }

    async fn write(&mut self, mut moves: Moves) -> Result<()> {
        self.forget_sweeps_past(std::mem::take(&mut moves.failed));
        moves.write(self.tx).await
    }

    async fn alone(&mut self, change: &Change) -> Result<Effect> {
        let (tx, at) = (self.tx, self.batch.at.wall);
        match change {
            Change::Campaign { campaign, from, to } => self.campaign(*campaign, *from, *to).await,
            Change::Sweep {
                campaign,
                what,
                deliveries_max,
            } => self.sweep(*campaign, *what, *deliveries_max).await,
            Change::LookNow { campaign } => self.look_now(*campaign).await,
            Change::Limits { account, limits } => {
                lanes::set_limits(tx, *account, limits).await?;
                Ok(Effect::Done)
            }
            Change::SharedLimits { scope, limits } => {
                shared_limits::set(tx, scope, limits.as_ref()).await?;
                Ok(Effect::Done)
            }
            Change::SharedPast { scope, past } => {
                shared_limits::keep_past(tx, scope, past).await?;
                Ok(Effect::Done)
            }
            Change::Message { campaign, message } => match state_of(tx, *campaign).await? {
                None => Ok(Effect::Lost(Lost::NotFound)),
                Some(state) if !state.may_be_changed() => Ok(Effect::Lost(Lost::Campaign(state))),
                Some(_) => {
                    campaigns::edit(tx, *campaign, message, at).await?;
                    Ok(Effect::Done)
                }
            },
            Change::Share { campaign, share } => {
                let is_there = campaigns::set_share(tx, *campaign, *share).await?;
                Ok(done_or_not_found(is_there))
            }
            Change::Presence {
                phone,
                is_on_whatsapp,
            } => {
                people::keep_presence(tx, *phone, *is_on_whatsapp, at).await?;
                Ok(Effect::Done)
            }
            Change::Reply(reply) => people::keep_reply(tx, reply, at).await,
            Change::HiddenReply(reply) => consent::keep_hidden(tx, reply, at).await,
            Change::Lid { lid, phone } => consent::learn_lid(tx, *lid, *phone, at).await,
            Change::Dismiss { lid } => {
                consent::dismiss(tx, *lid).await?;
                Ok(Effect::Done)
            }
            Change::Confirmed { phone } => {
                consent::confirmed(tx, *phone).await?;
                Ok(Effect::Done)
            }
            Change::ByHand(sent) => {
                let counted = people::keep_by_hand(tx, sent, at).await?;
                Ok(counted.map_or(Effect::Done, Effect::Counted))
            }
            Change::CutWaits => {
                take_over::cut_waits(tx, at).await?;
                Ok(Effect::Done)
            }
            Change::Answer { command, answer } => {
                let is_there = commands::answer(tx, *command, answer).await?;
                Ok(done_or_not_found(is_there))
            }
            Change::Journal(_)
            | Change::Happened(_)
            | Change::Looked { .. }
            | Change::Lane(_)
            | Change::NewGeneration { .. } => Err(Fault::unreadable("a change out of its run")),
        }
    }

    async fn campaign(
        &self,
        campaign: CampaignId,
        from: CampaignState,
        to: CampaignState,
    ) -> Result<Effect> {
        let number = int(campaign.number())?;
        // Nobody moves it, or gives its people another generation, until this has taken place.
        let found = self
            .tx
            .maybe(
                "SELECT state, import FROM campaign WHERE id = $1 FOR NO KEY UPDATE",
                &[&number],
            )
            .await?;
        let Some(row) = found else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        let state = codes::campaign_state(row.byte(0)?)?;
        let lost = Ok(Effect::Lost(Lost::Campaign(state)));
        if state != from || !from.may_become(to) {
            return lost;
        }
        if to == CampaignState::Settled && campaigns::has_more(self.tx, number).await? {
            return lost;
        }
        let begun = self.imports.get(&campaign);
        if to == CampaignState::Frozen && begun.is_some_and(|begun| row.at(1).ok() != Some(*begun))
        {
            return lost;
        }
        let moved = self
            .tx
            .execute(
                "UPDATE campaign SET state = $3 WHERE id = $1 AND state = $2 AND pruned_at IS NULL",
                &[&number, &i16::from(from as u8), &i16::from(to as u8)],
            )
            .await?;
        // Where its people are gone, there is nothing that could go on.
        if moved == 0 { lost } else { Ok(Effect::Done) }
    }

    async fn sweep(&mut self, campaign: CampaignId, what: Sweep, max: u32) -> Result<Effect> {
        let Some(state) = state_of(self.tx, campaign).await? else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        let happening = match what {
            Sweep::Cancel => Happening::Cancelled,
            Sweep::Expire => Happening::Skipped(Reason::Expired),
            // What was called off stays so.
            Sweep::Retry(_) if state == CampaignState::Cancelled => {
                return Ok(Effect::Lost(Lost::Campaign(state)));
            }
            Sweep::Retry(reason) => return self.sweep_failed(campaign, reason, max).await,
        };
        let (first, last) = codes::range(campaign);
        let found = self
            .tx
            .rows(
                "SELECT delivery FROM ready WHERE delivery BETWEEN $1 AND $2 ORDER BY delivery LIMIT $3",
                &[&first, &last, &i64::from(max)],
            )
            .await?;
        let scheduled = numbered(&found)?;
        let mut moves = self.read(&scheduled).await?;
        for delivery in &scheduled {
            moves.happened(&Happened {
                delivery: *delivery,
                happening,
                ends_attempt: false,
                next: None,
                foreign_id: None,
                message: None,
            });
        }
        self.write(moves).await?;
        Ok(swept(scheduled.len()))
    }

    /// Goes on behind the last one swept; what another process let fail before it is found by looking once more from the start
    /// before it says that there are no more.
    async fn sweep_failed(
        &mut self,
        campaign: CampaignId,
        reason: Option<Reason>,
        max: u32,
    ) -> Result<Effect> {
        let (first, last) = codes::range(campaign);
        let mut after = self.sweeps.remove(&(campaign, reason)).unwrap_or(first - 1);
        let (mut count, max) = (0, usize::try_from(max).unwrap_or(usize::MAX));
        let mut is_again = after < first;
        loop {
            let left = max - count;
            let failed = self.failed((after, last), reason, left).await?;
            let mut moves = self.read(&failed).await?;
            for delivery in &failed {
                // One without another generation stays failed.
                let effect = moves.new_generation(*delivery);
                count += usize::from(matches!(effect, Effect::Created(_)));
                after = codes::number(*delivery);
            }
            self.write(moves).await?;
            if count >= max {
                self.sweeps.insert((campaign, reason), after);
                break;
            }
            let is_end = failed.len() < left;
            if is_end && is_again {
                break;
            }
            if is_end {
                is_again = true;
                after = first - 1;
            }
        }
        Ok(swept(count))
    }

    async fn read(&self, deliveries: &[DeliveryId]) -> Result<Moves> {
        let wanted = Wanted::these(deliveries.iter().copied());
        Moves::read(self.tx, self.batch.at, &wanted).await
    }

    /// What failed behind a sweep's place is the next to be swept.
    fn forget_sweeps_past(&mut self, failed: Vec<DeliveryId>) {
        for failed in failed {
            let before = codes::number(failed) - 1;
            for ((campaign, _), after) in &mut self.sweeps {
                if *campaign == failed.campaign() {
                    *after = before.min(*after);
                }
            }
        }
    }

    async fn failed(
        &self,
        (after, last): (i64, i64),
        reason: Option<Reason>,
        max: usize,
    ) -> Result<Vec<DeliveryId>> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let found = self
            .tx
            .rows(
                "SELECT id FROM delivery
                 WHERE id > $1 AND id <= $2 AND state = $3 AND flags & $4 = 0 AND (reason = $5 OR ($5 = 0 AND reason <> $6))
                 ORDER BY id LIMIT $7",
                &[
                    &after,
                    &last,
                    &i16::from(State::Failed as u8),
                    &i16::from(SUPERSEDED),
                    &i16::from(codes::reason_number(reason)),
                    &i16::from(Reason::GivenUp as u8),
                    &max,
                ],
            )
            .await?;
        numbered(&found)
    }

    async fn look_now(&self, campaign: CampaignId) -> Result<Effect> {
        if state_of(self.tx, campaign).await?.is_none() {
            return Ok(Effect::Lost(Lost::NotFound));
        }
        let (first, last) = codes::range(campaign);
        self.tx
            .execute(
                "UPDATE doubt u SET next_look = $1 FROM delivery d
                 WHERE u.delivery BETWEEN $2 AND $3 AND d.id = u.delivery AND d.state = $4",
                &[
                    &codes::micros(self.batch.at.wall),
                    &first,
                    &last,
                    &i16::from(State::Unconfirmed as u8),
                ],
            )
            .await?;
        Ok(Effect::Done)
    }
}

async fn state_of(tx: &Tx<'_>, campaign: CampaignId) -> Result<Option<CampaignState>> {
    let number = int(campaign.number())?;
    let found = tx
        .maybe("SELECT state FROM campaign WHERE id = $1", &[&number])
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    Ok(Some(codes::campaign_state(row.byte(0)?)?))
}

fn numbered(found: &[tokio_postgres::Row]) -> Result<Vec<DeliveryId>> {
    let number = |row: &tokio_postgres::Row| Ok(codes::delivery(row.at(0)?)?);
    found.iter().map(number).collect()
}

fn done_or_not_found(is_there: bool) -> Effect {
    if is_there {
        Effect::Done
    } else {
        Effect::Lost(Lost::NotFound)
    }
}

fn swept(count: usize) -> Effect {
    Effect::Swept(u32::try_from(count).unwrap_or(u32::MAX))
}
