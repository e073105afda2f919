//! Does what the operator asks, and answers when it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use super::job::Counted;
use super::{Engine, SWEEP_BATCH, Step, happened};
use crate::campaign::CampaignState;
use crate::clock::Now;
use crate::delivery::{CampaignId, DeliveryId, Happening};
use crate::message::MessageTemplate;
use crate::store::{Answer, Change, Command, CommandId, Effect, Lost, Sweep};

/// How long a pause or cancel waits for what is in flight before it says how many are.
const QUIET_WAIT: Duration = Duration::from_secs(10);

/// A command whose changes are on their way.
#[derive(Debug)]
pub(super) struct Waiting {
    command: CommandId,
    what: Awaited,
    moved: u64,
    refused: u64,
}

#[derive(Debug)]
enum Awaited {
    Deliveries(BTreeSet<DeliveryId>),
    Sweep(CampaignId),
    Message(CampaignId),
}

impl Engine {
    pub(super) fn asked(&mut self, command: CommandId, what: Command, now: Now) {
        if let Some(campaign) = moved_by(&what)
            && self.jobs.get(&campaign).is_some_and(|job| job.is_moving)
        {
            // From where it is to be moved is known only when the move under way is on record.
            return self.deferred.push((command, what));
        }
        match what {
            Command::Start { campaign } => {
                self.move_campaign(command, campaign, CampaignState::Running, now);
            }
            Command::Resume { campaign } => {
                self.believe_the_clock(now);
                self.vouch_for_lane(campaign, now);
                self.move_campaign(command, campaign, CampaignState::Running, now);
            }
            Command::Pause { campaign } => {
                self.quieten(command, campaign, CampaignState::Paused, now)
            }
            Command::Cancel { campaign } => {
                self.quieten(command, campaign, CampaignState::Cancelled, now)
            }
            Command::Refresh { campaign } => {
                self.changes.push(Change::LookNow { campaign });
                self.reply(command, Answer::Done);
            }
            Command::Confirm { deliveries } => {
                self.move_deliveries(command, deliveries, |delivery| {
                    happened(delivery, Happening::ConfirmedByOperator)
                });
            }
            Command::GiveUp { deliveries } => {
                self.move_deliveries(command, deliveries, |delivery| {
                    happened(delivery, Happening::GivenUpByOperator)
                });
            }
            Command::Resend { deliveries } => {
                self.move_deliveries(command, deliveries, |delivery| Change::NewGeneration {
                    delivery,
                });
            }
            Command::Retry { campaign, reason } => {
                self.changes.push(Change::Sweep {
                    campaign,
                    what: Sweep::Retry(reason),
                    deliveries_max: SWEEP_BATCH,
                });
                self.wait_for(command, Awaited::Sweep(campaign));
                if reason.is_none() {
                    // What used its looks up while nothing answered may be found out now.
                    self.changes.push(Change::LookNow { campaign });
                }
            }
            Command::ResolveLid { lid, phone } => {
                self.changes.push(match phone {
                    Some(phone) => Change::Lid { lid, phone },
                    None => Change::Dismiss { lid },
                });
                self.reply(command, Answer::Done);
            }
            Command::Edit { campaign, message } => self.edit(command, campaign, message),
            Command::SetShare { campaign, share } => {
                self.changes.push(Change::Share { campaign, share });
                self.reply(command, Answer::Done);
            }
            Command::SetLimits { account, limits } => {
                if let Some(lane) = self.lanes.of_account_mut(account) {
                    lane.set_limits(limits.clone(), now);
                }
                // A lane that is just being opened may have been read before this.
                self.given_limits.insert(account, limits.clone());
                self.changes.push(Change::Limits { account, limits });
                self.reply(command, Answer::Done);
            }
            Command::SetSharedLimits {
                limits: Some(_), ..
            } if self.duty.is_some() => self.reply(command, refused(super::SHARED_LIMITS_OF_ONE)),
            Command::SetSharedLimits { scope, limits } => {
                self.set_shared(scope, limits, now);
                self.reply(command, Answer::Done);
            }
        }
    }

    /// Does what was asked for while a campaign was on its way.
    pub(super) fn ask_again(&mut self, campaign: CampaignId, now: Now) {
        let (again, others) = std::mem::take(&mut self.deferred)
            .into_iter()
            .partition(|(_, what)| moved_by(what) == Some(campaign));
        self.deferred = others;
        let again: Vec<(CommandId, Command)> = again;
        for (command, what) in again {
            self.asked(command, what, now);
        }
    }

    fn edit(&mut self, command: CommandId, campaign: CampaignId, message: MessageTemplate) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return self.reply(command, not_known_yet());
        };
        if let Err(error) = message.bind(&job.record.columns) {
            return self.reply(command, refused(&error.to_string()));
        }
        job.is_edited = true;
        self.changes.push(Change::Message { campaign, message });
        self.wait_for(command, Awaited::Message(campaign));
    }

    fn reply(&mut self, command: CommandId, answer: Answer) {
        self.changes.push(Change::Answer { command, answer });
    }

    fn wait_for(&mut self, command: CommandId, what: Awaited) {
        self.waiting.push(Waiting {
            command,
            what,
            moved: 0,
            refused: 0,
        });
    }

    fn move_campaign(
        &mut self,
        command: CommandId,
        campaign: CampaignId,
        to: CampaignState,
        now: Now,
    ) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return self.reply(command, not_known_yet());
        };
        let (from, in_flight) = (job.state, job.in_flight);
        if from == to || (from == CampaignState::Scheduled && to == CampaignState::Running) {
            return self.reply(
                command,
                Answer::Campaign {
                    state: from,
                    in_flight,
                },
            );
        }
        let waits = job
            .record
            .definition
            .starts_at
            .is_some_and(|start| start > now.wall);
        let to = if from == CampaignState::Frozen && to == CampaignState::Running && waits {
            CampaignState::Scheduled
        } else {
            to
        };
        if !from.may_become(to) {
            return self.reply(
                command,
                refused(&format!("a campaign that is {from} cannot become {to}")),
            );
        }
        job.is_moving = true;
        // A pause that is still open after this would be obeyed by the next runner, and undo it.
        for (pause, _) in std::mem::take(&mut job.awaiting_quiet) {
            let state = from;
            self.reply(pause, Answer::Campaign { state, in_flight });
        }
        self.changes.push(Change::Campaign { campaign, from, to });
        self.moving.entry(campaign).or_default().push(command);
    }

    fn quieten(&mut self, command: CommandId, campaign: CampaignId, to: CampaignState, now: Now) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return self.reply(command, not_known_yet());
        };
        let from = job.state;
        if from != to && !from.may_become(to) {
            return self.reply(
                command,
                refused(&format!("a campaign that is {from} cannot become {to}")),
            );
        }
        job.awaiting_quiet.push((command, now.elapsed + QUIET_WAIT));
        job.counted = Counted::Before;
        if from != to {
            job.is_moving = true;
            self.changes.push(Change::Campaign { campaign, from, to });
        }
        // An earlier move may be about to open it.
        let opens = |step: &Step| matches!(step, Step::Gate { campaign: other, is_open: true } if *other == campaign);
        self.steps.retain(|step| !opens(step));
        self.steps.push_front(Step::Gate {
            campaign,
            is_open: false,
        });
    }

    fn move_deliveries(
        &mut self,
        command: CommandId,
        deliveries: Vec<DeliveryId>,
        change: impl Fn(DeliveryId) -> Change,
    ) {
        if deliveries.is_empty() {
            return self.reply(
                command,
                Answer::Deliveries {
                    moved: 0,
                    refused: 0,
                },
            );
        }
        self.changes.extend(deliveries.iter().copied().map(change));
        self.wait_for(
            command,
            Awaited::Deliveries(deliveries.into_iter().collect()),
        );
    }

    /// Pauses and cancels are answered when nothing of the campaign is in flight, or with how many are.
    pub(super) fn answer_quiet(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        if job.awaiting_quiet.is_empty() || job.is_moving {
            return;
        }
        let state = job.state;
        let known = job.in_flight_of_all();
        let in_flight = known.unwrap_or(job.in_flight);
        let mut answers = Vec::new();
        job.awaiting_quiet.retain(|(command, until)| {
            let is_due = known == Some(0) || *until <= now.elapsed;
            if is_due {
                answers.push((*command, Answer::Campaign { state, in_flight }));
            }
            !is_due
        });
        for (command, answer) in answers {
            self.reply(command, answer);
        }
    }

    /// Counts what became of the changes that commands wait for.
    pub(super) fn answer_waiting(&mut self, change: &Change, effect: &Effect) {
        if let Change::Campaign { campaign, to, .. } = change {
            let state = match effect {
                Effect::Lost(Lost::Campaign(state)) => *state,
                _ => *to,
            };
            for command in self.moving.remove(campaign).unwrap_or_default() {
                let answer = Answer::Campaign {
                    state,
                    in_flight: 0,
                };
                self.reply(command, answer);
            }
        }
        if self.waiting.is_empty() {
            return;
        }
        let mut answers = Vec::new();
        self.waiting.retain_mut(|waiting| {
            let Waiting {
                command,
                what,
                moved,
                refused,
            } = waiting;
            let answer = match (what, change) {
                (Awaited::Deliveries(open), Change::Happened(change))
                    if open.contains(&change.delivery) =>
                {
                    open.remove(&change.delivery);
                    let is_moved = matches!(effect, Effect::Moved { .. });
                    *moved += u64::from(is_moved);
                    *refused += u64::from(!is_moved);
                    open.is_empty().then_some(Answer::Deliveries {
                        moved: *moved,
                        refused: *refused,
                    })
                }
                (Awaited::Deliveries(open), Change::NewGeneration { delivery })
                    if open.contains(delivery) =>
                {
                    open.remove(delivery);
                    let is_moved = matches!(effect, Effect::Created(_));
                    *moved += u64::from(is_moved);
                    *refused += u64::from(!is_moved);
                    open.is_empty().then_some(Answer::Deliveries {
                        moved: *moved,
                        refused: *refused,
                    })
                }
                (
                    Awaited::Sweep(campaign),
                    Change::Sweep {
                        campaign: other,
                        what: Sweep::Retry(_),
                        deliveries_max,
                    },
                ) if campaign == other => {
                    let swept = if let Effect::Swept(count) = effect {
                        *count
                    } else {
                        0
                    };
                    *moved += u64::from(swept);
                    let answer = match effect {
                        Effect::Lost(Lost::Campaign(state)) => Answer::Refused {
                            why: format!("nothing of a campaign that is {state} is sent again"),
                        },
                        _ => Answer::Deliveries {
                            moved: *moved,
                            refused: 0,
                        },
                    };
                    (swept < *deliveries_max).then_some(answer)
                }
                (
                    Awaited::Message(campaign),
                    Change::Message {
                        campaign: other, ..
                    },
                ) if campaign == other => Some(match effect {
                    Effect::Lost(Lost::Campaign(state)) => Answer::Refused {
                        why: format!("the message of a campaign that is {state} stays"),
                    },
                    Effect::Lost(_) => not_known_yet(),
                    _ => Answer::Done,
                }),
                _ => None,
            };
            let is_answered = answer.is_some();
            answers.extend(answer.map(|answer| (*command, answer)));
            !is_answered
        });
        for (command, answer) in answers {
            self.reply(command, answer);
        }
    }
}

/// The campaign that a command moves from one state to another.
fn moved_by(what: &Command) -> Option<CampaignId> {
    match what {
        Command::Start { campaign }
        | Command::Resume { campaign }
        | Command::Pause { campaign }
        | Command::Cancel { campaign } => Some(*campaign),
        _ => None,
    }
}

fn not_known_yet() -> Answer {
    refused("the runner does not know this campaign yet; try again in a moment")
}

fn refused(why: &str) -> Answer {
    Answer::Refused {
        why: why.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
