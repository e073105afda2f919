//! How soon does a campaign with a million open deliveries go on: after it was stopped, and after its process was killed with messages under way?
//!
//! One process after another runs the same database. Each is measured as it begins, goes on sending, and is then stopped, or killed while
//! its server, which takes a second for each message, has some of them. What the next one has to wait for before it may send follows from
//! what is on record of the last attempts: the gap after them, and `hold_horizon` where nobody knows how they ended.

use std::path::Path;
use std::time::{Duration, Instant};

use benches::base::Base;
use benches::process::{Peer, until_let_go};
use benches::sink::{self, Kind, Sink};
use benches::table::{Table, thousands};
use benches::whole_path::{self, Run, Work};
use benches::{Failure, median, setting};
use campaign_core::clock::{Clock, Elapsed, SystemClock};
use campaign_core::delivery::State;
use campaign_core::engine::Settings;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{Gap, LaneLimits, Slot};
use campaign_core::phone::PhoneNumber;
use serde::{Deserialize, Serialize};
use sql_store::Durability;

use crate::million;

/// The role that runs the campaign.
pub(crate) const RUN: &str = "start";

const GAP: Duration = Duration::from_secs(2);
const IN_FLIGHT: u16 = 64;
/// How often it is looked whether anything is still in doubt.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// By then a message has reached the server, which is not through with it.
const ON_THE_WAY: Duration = Duration::from_millis(200);

/// The limits of the account.
const PACES: [(&str, &str); 2] = [("2 s apart", PACED), ("64 in flight", UNPACED)];
const PACED: &str = "paced";
const UNPACED: &str = "unpaced";

#[derive(Clone, Copy, PartialEq)]
enum End {
    Stopped,
    Killed,
}

const ENDS: [(&str, End); 2] = [("stopped", End::Stopped), ("killed", End::Killed)];

pub(crate) fn bench() -> Result<(), Failure> {
    let people = setting("BENCH_PEOPLE", 1_000_000)?;
    let rounds = setting("BENCH_ROUNDS", 5)?;
    println!(
        "start: {} open deliveries, SQLite FULL, medians of {rounds} rounds; times from the opening of the database\n",
        thousands(f64::from(people))
    );
    let mut table = Table::new(&[
        "before",
        "pace",
        "in doubt",
        "opened",
        "taken over",
        "first look-up",
        "no doubt left",
        "first send",
        "it was held until",
        "waited for",
    ]);
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    for (pace, limits) in PACES {
        let database = folder.path().join(format!("{limits}.db"));
        let database = database.to_str().ok_or("a path that is no text")?;
        Peer::start(million::PREPARE, [database, &people.to_string()])?.line()?;
        let sink = Sink::start(Kind::Slow)?;
        let start = || Peer::start(RUN, [database, sink.url(), limits]);
        let mut begun: [Vec<Begun>; 2] = Default::default();
        let mut process = start()?;
        // The first one has nothing behind it: that is what `million` measures.
        process.line()?;
        for _ in 0..rounds {
            for ((_, end), begun) in ENDS.into_iter().zip(&mut begun) {
                if end == End::Stopped {
                    process.let_go()?;
                } else {
                    // It says when its server has a message.
                    process.line()?;
                    drop(process);
                }
                process = start()?;
                begun.push(serde_json::from_str(&process.line()?)?);
            }
        }
        process.let_go()?;
        for ((name, _), begun) in ENDS.into_iter().zip(begun) {
            table.row(cells(name, pace, &begun));
        }
    }
    table.print();
    Ok(())
}

fn cells(name: &str, pace: &str, begun: &[Begun]) -> [String; 10] {
    let of = |seconds: fn(&Begun) -> Option<f64>| {
        let known: Vec<f64> = begun.iter().filter_map(seconds).collect();
        match known.is_empty() {
            true => "-".to_owned(),
            false => format!("{:.2} s", median(known)),
        }
    };
    [
        name.to_owned(),
        pace.to_owned(),
        thousands(median(begun.iter().map(|it| it.in_doubt as f64).collect())),
        of(|it| Some(it.opened)),
        of(|it| Some(it.taken_over)),
        of(|it| it.first_look),
        of(|it| it.no_doubt),
        of(|it| Some(it.first_send)),
        of(|it| it.held_until),
        begun
            .last()
            .map(|it| it.waited_for.clone())
            .unwrap_or_default(),
    ]
}

/// How a process began: seconds from the opening of its database.
#[derive(Serialize, Deserialize)]
struct Begun {
    in_doubt: u64,
    opened: f64,
    /// The epochs are raised, and what was under way is in doubt.
    taken_over: f64,
    first_look: Option<f64>,
    no_doubt: Option<f64>,
    first_send: f64,
    held_until: Option<f64>,
    waited_for: String,
}

pub(crate) fn run(database: &str, url: &str, limits: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let base = Base::Sqlite(database.into());
    let run = Run {
        limits: match limits {
            PACED => LaneLimits {
                gap: Gap { min: GAP, max: GAP },
                sends_per_day_max: None,
                ..LaneLimits::default()
            },
            _ => LaneLimits::unpaced(IN_FLIGHT),
        },
        hears_events: true,
        ..Run::unpaced(&base, Durability::Full, url, IN_FLIGHT)
    };
    runtime.block_on(begin_and_go_on(&run))
}

async fn begin_and_go_on(run: &Run<'_>) -> Result<(), Failure> {
    let (began, clock) = (Instant::now(), SystemClock::new());
    let began_at = clock.now().elapsed;
    let work = run.begin(0).await?;
    let in_doubt = doubts(&work).await?;
    let wait = Wait::of(&work, &run.limits, &clock).await?;
    let settled = async {
        while doubts(&work).await? > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok::<_, Failure>(Instant::now())
    };
    let sent = async {
        let mut begun = work.watched.begun();
        let sent = begun.wait_for(|it| it.first_send.is_some()).await?;
        Ok::<_, Failure>(*sent)
    };
    let (settled, sent) = tokio::try_join!(settled, sent)?;
    let seconds = |moment: Instant| moment.duration_since(began).as_secs_f64();
    let first_look = sent.first_look.or(work.watched.begun().borrow().first_look);
    let begun = Begun {
        in_doubt,
        opened: seconds(work.opened),
        taken_over: seconds(work.taken_over),
        first_look: first_look.filter(|_| in_doubt > 0).map(seconds),
        no_doubt: (in_doubt > 0).then(|| seconds(settled)),
        first_send: sent.first_send.map_or(f64::NAN, seconds),
        held_until: wait.until.map(|until| until.since(began_at).as_secs_f64()),
        waited_for: wait.why,
    };
    println!("{}", serde_json::to_string(&begun)?);
    let sends = work.watched.begun().borrow().sends;
    let mut more = work.watched.begun();
    more.wait_for(|it| it.sends > sends).await?;
    tokio::time::sleep(ON_THE_WAY).await;
    println!("the server has a message");
    tokio::task::spawn_blocking(until_let_go).await?;
    work.end().await
}

async fn doubts(work: &Work) -> Result<u64, Failure> {
    whole_path::count(&*work.store, |it| it == State::Unconfirmed).await
}

/// What the account has to wait for before its first message.
struct Wait {
    until: Option<Elapsed>,
    why: String,
}

impl Wait {
    /// By what is on record of the last attempts.
    async fn of(work: &Work, limits: &LaneLimits, clock: &SystemClock) -> Result<Self, Failure> {
        let account = Account(PhoneNumber::from_digits(sink::account(0))?);
        let session = Session::new(&sink::session(0));
        let lane = work.store.lane(account, &session, limits).await?;
        let gap = lane.limits.gap(Slot::Cold).max;
        if gap.is_zero() {
            return Ok(Self {
                until: None,
                why: "nothing".to_owned(),
            });
        }
        let hold = Settings::default().hold_horizon_text;
        let now = clock.now();
        let ends = lane.attempts.iter().map(|attempt| {
            let place = |moment| now.place(moment, clock.boot());
            let open = || attempt.taken_over.map_or(now.elapsed, place) + hold;
            attempt.ended.map_or_else(open, place)
        });
        let is_open = lane.attempts.iter().any(|it| it.ended.is_none());
        Ok(Self {
            until: ends.max().map(|end| end + gap),
            why: match is_open {
                true => format!("hold_horizon {} s, gap {} s", hold.as_secs(), gap.as_secs()),
                false => format!("gap {} s", gap.as_secs()),
            },
        })
    }
}
