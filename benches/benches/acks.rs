//! How many acknowledgements a second does a receiver of webhooks take, and what does each cost, beside Fastify with better-sqlite3?
//!
//! Each receiver, a process of its own, verifies the signature, reads the event, moves the delivery, and answers after the commit (SQLite,
//! WAL, FULL). They take turns. Of a hundred events 95 are about messages sent of late, five about any in the table.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use benches::bare::Took;
use benches::base::Base;
use benches::receiver::{self, Way};
use benches::sink::{self, Kind, Sink};
use benches::table::{Table, thousands};
use benches::{Failure, handed_over, median, node, posts, setting, whole_path};
use campaign_core::delivery::{CampaignId, DeliveryId, State};
use campaign_core::message_id::MessageIds;
use fastrand::Rng;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha512;
use sql_store::Durability;
use tokio::runtime::Runtime;

const SEED: u64 = 20_261_123;
/// One event in so many is about any message of the table.
const ONE_IN: u32 = 20;
/// Of a turn's events one in so many goes before it counts: a process that has just started is cold.
const COLD: usize = 10;
const SCRIPT: &str = "acks.mjs";
const MODULES: [&str; 2] = ["fastify", "better-sqlite3"];

#[derive(Clone, Copy)]
enum Receiver {
    Ours(Way),
    /// By the script, with this argument.
    Fastify(&'static str),
}

const RECEIVERS: [(&str, Receiver); 4] = [
    ("ours, through the driver", Receiver::Ours(Way::Driver)),
    ("ours, to the store alone", Receiver::Ours(Way::Store)),
    ("Fastify, a commit each", Receiver::Fastify("each")),
    ("Fastify, commits gathered", Receiver::Fastify("gathered")),
];

pub(crate) fn bench() -> Result<(), Failure> {
    let deliveries = setting("BENCH_DELIVERIES", 1_000_000)?;
    let events = setting("BENCH_EVENTS", 20_000)?;
    let rounds = setting("BENCH_ROUNDS", 5)?;
    let in_flight = setting("BENCH_IN_FLIGHT", 64)?;
    // Half of them are told of, so that drawing among the others finds one.
    let needed = u64::from(rounds) * u64::from(events) * 2;
    if u64::from(deliveries) < needed {
        return Err(
            format!("BENCH_DELIVERIES must be {needed} at least for so many events").into(),
        );
    }
    println!(
        "acks: {} deliveries, {events} events, {in_flight} in flight, medians of {rounds} rounds\n",
        thousands(f64::from(deliveries))
    );
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let mut scene = Scene::prepare(folder.path(), deliveries, in_flight)?;
    let peer = scene.prepare_peer(folder.path());
    let mut receivers = RECEIVERS.to_vec();
    if let Err(why) = &peer {
        println!("skipped: Fastify: {why}\n");
        receivers.retain(|(_, receiver)| matches!(receiver, Receiver::Ours(_)));
    }
    let mut turns: Vec<Turns> = receivers.iter().map(|_| Turns::default()).collect();
    for _ in 0..rounds {
        let mut round = Vec::new();
        for (_, receiver) in &receivers {
            round.push((*receiver, scene.turn(*receiver, events)?));
        }
        let peers = round
            .iter()
            .filter(|(it, _)| matches!(it, Receiver::Fastify(_)));
        let best = peers.map(|(_, turn)| turn.took.rate()).reduce(f64::max);
        for ((_, turn), turns) in round.iter().zip(&mut turns) {
            turns.rates.push(turn.took.rate());
            turns.cpu_us.extend(turn.cpu_us());
            turns
                .ratios
                .extend(best.map(|best| turn.took.rate() / best));
        }
    }
    scene.check()?;
    let mut table = Table::new(&["", "events/s", "CPU us/event", "of the faster Fastify"]);
    for ((name, _), turns) in receivers.iter().zip(turns) {
        table.row([
            (*name).to_owned(),
            thousands(median(turns.rates)),
            format!("{:.1}", median(turns.cpu_us)),
            match turns.ratios.is_empty() {
                true => "-".to_owned(),
                false => format!("{:.2}", median(turns.ratios)),
            },
        ]);
    }
    table.print();
    Ok(())
}

/// One receiver's turns.
#[derive(Default)]
struct Turns {
    rates: Vec<f64>,
    cpu_us: Vec<f64>,
    /// To the faster Fastify of the same round.
    ratios: Vec<f64>,
}

struct Turn {
    took: Took,
    cpu: Option<Duration>,
}

impl Turn {
    fn cpu_us(&self) -> Option<f64> {
        let cpu = self.cpu?.as_secs_f64();
        Some(cpu * 1e6 / f64::from(self.took.messages))
    }
}

struct Scene {
    runtime: Runtime,
    in_flight: u32,
    /// The server of the one session, which is there and is asked for nothing but that.
    server: Sink,
    base: Base,
    message_key: [u8; 16],
    ours: Deck,
    peers: Deck,
    peer: String,
    counted: Option<Counts>,
}

impl Scene {
    fn prepare(folder: &Path, deliveries: u32, in_flight: u32) -> Result<Self, Failure> {
        let runtime = Runtime::new()?;
        let base = Base::Sqlite(folder.join("campaigns.db"));
        let made = runtime.block_on(handed_over::prepare(&base, deliveries))?;
        let ids = MessageIds::new(made.message_key);
        let deck = Deck::new(ids, made.campaign, deliveries);
        Ok(Self {
            runtime,
            in_flight,
            server: Sink::start(Kind::Plain)?,
            base,
            message_key: made.message_key,
            ours: deck.clone(),
            peers: deck,
            peer: String::new(),
            counted: None,
        })
    }

    /// Its table has the same messages under the same ids.
    fn prepare_peer(&mut self, folder: &Path) -> Result<(), Failure> {
        let database = folder.join("peer.db");
        self.peer = database
            .to_str()
            .ok_or("a path that is no text")?
            .to_owned();
        let list = folder.join("ids");
        let mut ids = BufWriter::new(File::create(&list)?);
        for number in 0..self.peers.deliveries {
            writeln!(ids, "{}", self.peers.id(number)?)?;
        }
        ids.flush()?;
        let list = list.to_str().ok_or("a path that is no text")?;
        node::start(SCRIPT, &MODULES, ["prepare", &self.peer, list])?.let_go()?;
        Ok(())
    }

    fn turn(&mut self, receiver: Receiver, events: u32) -> Result<Turn, Failure> {
        let (mut process, deck) = match receiver {
            Receiver::Ours(way) => {
                let url = self.server.url();
                let process = receiver::start(way, &self.base, url, self.message_key)?;
                (process, &mut self.ours)
            }
            Receiver::Fastify(way) => {
                let process = node::start(SCRIPT, &MODULES, [way, &self.peer])?;
                (process, &mut self.peers)
            }
        };
        let url = process.line()?;
        let address = url.strip_prefix("http://").ok_or("no address")?;
        let mut cold = deck.draw(events)?;
        let counted = cold.split_off(cold.len() / COLD);
        self.runtime
            .block_on(posts::send(address, cold, self.in_flight))?;
        let before = process.cpu_time();
        let took = self
            .runtime
            .block_on(posts::send(address, counted, self.in_flight))?;
        let after = process.cpu_time();
        let said = process.let_go()?;
        if let Receiver::Fastify(_) = receiver {
            self.counted = Some(serde_json::from_str(&said)?);
        }
        Ok(Turn {
            took,
            cpu: after.zip(before).map(|(after, before)| after - before),
        })
    }

    /// Every event has moved its delivery, in both tables.
    fn check(&self) -> Result<(), Failure> {
        let ours = self.runtime.block_on(async {
            let store = self.base.open(Durability::Full).await?;
            Ok::<_, Failure>(Counts {
                delivered: whole_path::count(&*store, |it| it == State::Delivered).await?,
                read: whole_path::count(&*store, |it| it == State::Read).await?,
            })
        })?;
        let peers = self.counted.map(|counted| (counted, self.peers.told));
        let pairs = [Some((ours, self.ours.told)), peers];
        match pairs
            .into_iter()
            .flatten()
            .find(|(found, told)| found != told)
        {
            Some((found, told)) => {
                Err(format!("told of {told:?}, and on record is {found:?}").into())
            }
            None => Ok(()),
        }
    }
}

/// How many deliveries stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
struct Counts {
    delivered: u64,
    read: u64,
}

/// The acknowledgements of a table that are still to come, in the order in which they do.
#[derive(Clone)]
struct Deck {
    ids: MessageIds,
    campaign: CampaignId,
    deliveries: u32,
    rng: Rng,
    /// Of the deliveries before this one nothing was told yet, but of those drawn among all.
    recent: u32,
    /// Drawn among all.
    drawn: HashSet<u32>,
    told: Counts,
}

impl Deck {
    fn new(ids: MessageIds, campaign: CampaignId, deliveries: u32) -> Self {
        Self {
            ids,
            campaign,
            deliveries,
            rng: Rng::with_seed(SEED),
            recent: deliveries,
            drawn: HashSet::new(),
            told: Counts::default(),
        }
    }

    fn id(&self, number: u32) -> Result<String, Failure> {
        let delivery = DeliveryId::new(self.campaign, number).ok_or("too many deliveries")?;
        Ok(self.ids.encode(delivery))
    }

    /// The next so many. The latest messages reach their phones, and then are read; each of the others reaches its phone.
    fn draw(&mut self, events: u32) -> Result<Vec<Vec<u8>>, Failure> {
        let others = events / ONE_IN;
        let latest = (events - others) / 2;
        let end = self.recent;
        self.recent = end.checked_sub(latest).ok_or("too few deliveries")?;
        let mut recent: Vec<u32> = (self.recent..end)
            .filter(|number| !self.drawn.contains(number))
            .collect();
        self.rng.shuffle(&mut recent);
        let mut levels: Vec<(u32, &str, u8)> = Vec::new();
        levels.extend(recent.iter().map(|number| (*number, "DEVICE", 2)));
        levels.extend(recent.iter().map(|number| (*number, "READ", 3)));
        // In between, so that what is about one delivery stays in its order, and far apart.
        let mut mixed = Vec::new();
        for (place, level) in levels.into_iter().enumerate() {
            if place % (ONE_IN as usize - 1) == 0 {
                mixed.push((self.other(), "DEVICE", 2));
                self.told.delivered += 1;
            }
            mixed.push(level);
        }
        self.told.read += recent.len() as u64;
        let posts = mixed.into_iter();
        posts
            .map(|(number, name, level)| self.post(number, name, level))
            .collect()
    }

    fn other(&mut self) -> u32 {
        loop {
            let number = self.rng.u32(..self.recent);
            if self.drawn.insert(number) {
                return number;
            }
        }
    }

    /// As NOWEB has it.
    fn post(&self, number: u32, name: &str, level: u8) -> Result<Vec<u8>, Failure> {
        let account = sink::account(0);
        let chat = format!("{}@c.us", whole_path::phone(number));
        let body = json!({
            "id": format!("evt_{number:024}{level:02}"),
            "timestamp": SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64,
            "event": "message.ack",
            "session": sink::session(0),
            "me": {"id": format!("{account}@c.us"), "pushName": "Bench", "lid": format!("1{account}@lid")},
            "payload": {
                "id": format!("true_{chat}_{}", self.id(number)?),
                "from": chat,
                "fromMe": true,
                "ack": level,
                "ackName": name,
            },
            "engine": "NOWEB",
            "environment": {"version": "2026.7.1", "engine": "NOWEB", "tier": "CORE", "browser": null, "platform": "linux/x64", "worker": {"id": null}},
        });
        let body = serde_json::to_vec(&body)?;
        let mut mac = Hmac::<Sha512>::new_from_slice(receiver::KEY.as_bytes())?;
        mac.update(&body);
        let signature = mac.finalize().into_bytes();
        let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [
            ("x-webhook-hmac", &*signature),
            ("x-webhook-hmac-algorithm", "sha512"),
        ];
        Ok(posts::post("/webhook", &headers, &body))
    }
}
