//! The engine without our driver: no tasks, no timers, no network. Steps come out, what came of them goes in, and time is whatever
//! the loop says it is. Three days of a campaign with a daily cap pass in a second.
//!
//! ```sh
//! cargo run -p examples --example sans_io
//! ```
//!
//! Whoever has an event loop of their own (a game, a device, a simulation, another runtime) embeds the engine like this. Three rules
//! keep its promises, and the loop below keeps them by doing one thing after the other:
//!
//! 1. A [`Step::Commit`] is durable before [`Input::Committed`] is told; only then does the engine offer its sends.
//! 2. A [`Step::Send`] is carried out at most once, not after its deadline, and not while its campaign's [`Step::Gate`] is closed.
//! 3. Whatever is not known is told as it is: [`Outcome::MaybeSent`], not a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ops::ControlFlow;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{BootId, Elapsed, Now};
use campaign_core::consent::make_confirmations;
use campaign_core::delivery::{Ack, CampaignId};
use campaign_core::engine::{Beginning, Engine, Input, Settings, Step};
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{
    Account, Found, Notice, NumberStatus, Observation, Readiness, Sending, Session,
};
use campaign_core::limits::LaneLimits;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{CampaignQuery, Command, NewRecipient, Store, StoreError};
use examples::say;
use sql_store::{Options, SqliteStore};

const PEOPLE: u64 = 250;
const BOOT: BootId = BootId(1);

/// Everything around the engine.
struct World {
    store: SqliteStore,
    now: Now,
    gates: BTreeMap<CampaignId, bool>,
    /// What left the house: who, and on which day.
    sent: Vec<(PhoneNumber, jiff::civil::Date)>,
    /// Events that have not been told yet.
    events: Vec<Notice>,
}

// The store is asynchronous; nothing else is.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut world = World {
        store: SqliteStore::open(folder.path().join("campaigns.sqlite"), Options::default())?,
        now: Now {
            elapsed: Elapsed::default(),
            wall: "2026-11-20T01:00:00Z".parse()?,
        },
        gates: BTreeMap::new(),
        sent: Vec::new(),
        events: Vec::new(),
    };
    let campaign = world.audience().await?;

    // The take-over comes first: it finds what an earlier process left open.
    let taken = world.store.take_over(world.now.stamp(BOOT)).await?;
    let beginning = Beginning {
        message_key: taken.message_key,
        at: taken.at,
        accounts: taken.accounts,
        shared: world.store.shared_limits().await?,
        is_worker: false,
    };
    let mut engine = Engine::new(Settings::default(), beginning);
    let hidden = world.store.hidden_opt_outs().await?;
    engine.handle(Input::HiddenOptOuts(hidden), world.now);
    // What was live when the last process ended goes on; a new campaign is introduced before it is started.
    for query in [CampaignQuery::Live, CampaignQuery::These(vec![campaign])] {
        for record in world.store.campaigns(&query).await? {
            engine.handle(Input::Campaign(Box::new(record)), world.now);
        }
    }
    let start = Command::Start { campaign };
    let id = world.store.submit(&start).await?;
    engine.handle(Input::Asked(id, start), world.now);

    while let ControlFlow::Continue(input) = world.carry_out(engine.next(world.now)).await? {
        for event in world.events.drain(..) {
            engine.handle(Input::Noticed(event), world.now);
        }
        if let Some(input) = input {
            engine.handle(input, world.now);
        }
        if !engine.is_busy() && world.state_of(campaign).await? == Some(CampaignState::Settled) {
            engine.handle(Input::Stop, world.now);
        }
    }
    world.store.step_down().await?;

    let mut days = BTreeMap::new();
    for (_, day) in &world.sent {
        *days.entry(*day).or_insert(0) += 1;
    }
    let people: BTreeSet<PhoneNumber> = world.sent.iter().map(|(phone, _)| *phone).collect();
    for (day, count) in days {
        say(format_args!("{day}: {count} sent"));
    }
    say(format_args!(
        "{} messages to {} people",
        world.sent.len(),
        people.len()
    ));
    Ok(())
}

impl World {
    async fn audience(&self) -> Result<CampaignId, Box<dyn Error>> {
        let message = MessageTemplate::text("Halo {{nama}}, besok kami tutup.")?;
        let definition = Definition::new("kabar", Session::new("default"), message);
        let columns = ["nama".into()];
        let campaign = self.store.create(&definition, &columns, self.now).await?;
        let people = (0..PEOPLE).filter_map(|n| {
            let phone = PhoneNumber::from_digits(6_281_300_000_000 + n).ok()?;
            Some(NewRecipient::new(n + 1, phone, [format!("Ibu {n}")]))
        });
        self.store.import(campaign, people.collect(), 0).await?;
        let at = self.now.stamp(BOOT);
        self.store.freeze(campaign, at).await?;
        Ok(campaign)
    }

    async fn state_of(&self, campaign: CampaignId) -> Result<Option<CampaignState>, StoreError> {
        let query = CampaignQuery::These(vec![campaign]);
        let records = self.store.campaigns(&query).await?;
        Ok(records.first().map(|record| record.state))
    }

    /// Carries a step out, and says what came of it; breaks when all is put away.
    async fn carry_out(
        &mut self,
        step: Step,
    ) -> Result<ControlFlow<(), Option<Input>>, StoreError> {
        let input = match step {
            Step::Commit(batch) => match self.store.commit(batch).await {
                Ok(effects) => Input::Committed(effects),
                // It may be durable or not: the next take-over finds out, and until then nothing may be sent.
                Err(error @ StoreError::Unknown(_)) => return Err(error),
                Err(_) => Input::CommitFailed,
            },
            Step::Send(sending) => Input::SendEnded {
                delivery: sending.delivery,
                outcome: self.send(&sending),
            },
            Step::Gate { campaign, is_open } => {
                self.gates.insert(campaign, is_open);
                return Ok(ControlFlow::Continue(None));
            }
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: self.store.ready(query).await?,
            },
            Step::LoadDoubts(query) => Input::DoubtsLoaded(self.store.doubts(query).await?),
            Step::MarkSilent { before, limit } => {
                Input::SilentMarked(self.store.mark_silent(before, limit).await?)
            }
            Step::Reread(campaign) => {
                let query = CampaignQuery::These(vec![campaign]);
                match self.store.campaigns(&query).await?.pop() {
                    Some(record) => Input::Campaign(Box::new(record)),
                    None => return Ok(ControlFlow::Continue(None)),
                }
            }
            Step::OpenLane { account, session } => {
                let limits = LaneLimits {
                    sends_per_day_max: Some(100),
                    ..LaneLimits::default()
                };
                let record = self.store.lane(account, &session, &limits).await?;
                Input::Lane {
                    session,
                    record: Box::new(record),
                }
            }
            Step::Observe(session) => Input::Observed {
                session,
                observation: Observation {
                    account: PhoneNumber::from_digits(6_281_200_000_001)
                        .ok()
                        .map(Account),
                    server_up_since: Some(Elapsed::default()),
                    server_time: Some(self.now.wall),
                    store_on: Some(true),
                    ..Observation::only(Readiness::Working)
                },
            },
            Step::Find(finding) => Input::FindEnded {
                delivery: finding.delivery,
                found: Found::Unknown {
                    why: "nothing can be looked up here".into(),
                },
            },
            Step::Check { lane, slot, .. } => Input::Checked {
                lane,
                slot,
                status: NumberStatus::Unknown,
            },
            Step::Resolve(notice) => Input::Resolved {
                notice,
                delivery: None,
                is_by_text: false,
            },
            Step::PhoneOf { lid, .. } => Input::PhoneOf { lid, phone: None },
            Step::LidOf { lane, .. } => Input::LidOf { lane, lid: None },
            Step::Restart(session) => Input::Restarted {
                session,
                is_done: false,
            },
            // Nobody writes back here, and no body waits to be written.
            Step::Withhold(_) => return Ok(ControlFlow::Continue(None)),
            // Whoever opts out is told so, once.
            Step::Confirm => {
                make_confirmations(&self.store, self.now, BOOT).await?;
                return Ok(ControlFlow::Continue(None));
            }
            // Only where several workers share a store.
            Step::LetGo(_) => return Ok(ControlFlow::Continue(None)),
            // Nothing happens before then, so then is now.
            Step::WaitUntil(moment) => {
                let passes = moment.since(self.now.elapsed);
                self.now.elapsed = self.now.elapsed + passes;
                self.now.wall += passes;
                return Ok(ControlFlow::Continue(None));
            }
            Step::Idle | Step::Stopped => return Ok(ControlFlow::Break(())),
        };
        Ok(ControlFlow::Continue(Some(input)))
    }

    /// Where a message leaves the house: a modem, a queue, another program. Here it is written down, and arrives.
    fn send(&mut self, sending: &Sending) -> Outcome {
        let is_open = self.gates.get(&sending.delivery.campaign()).copied();
        if is_open != Some(true) || self.now.elapsed > sending.deadline {
            return Outcome::NotHandedOver {
                why: NotHandedOver::Withheld,
                retry_after: None,
                message: "".into(),
            };
        }
        let day = LaneLimits::default().zone.date(self.now.wall);
        self.sent.push((sending.to, day));
        self.events.push(Notice::Ack {
            session: sending.session.clone(),
            account: None,
            message_id: sending.message_id.as_str().into(),
            ack: Ack::Device,
        });
        Outcome::Accepted {
            message_id: Some(sending.message_id.as_str().into()),
        }
    }
}
