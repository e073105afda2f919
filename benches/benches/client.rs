//! What does the typed client cost beside a bare HTTP loop, and how long does it read a list of messages of one megabyte?
//!
//! Both loops post the same bodies with the same HTTP settings to one plain server in another process, in turns.

use std::hint::black_box;
use std::time::Instant;

use benches::bare::{self, Took};
use benches::sink::{Kind, Sink};
use benches::table::{Table, thousands};
use benches::{Failure, median, setting, sink, whole_path};
use serde_json::{Value, json};
use waha_client::{ChatId, Message, SessionName, TextMessage, WahaClient};

pub(crate) fn bench() -> Result<(), Failure> {
    requests()?;
    lists()
}

fn requests() -> Result<(), Failure> {
    let messages = setting("BENCH_MESSAGES", 20_000)?;
    let rounds = setting("BENCH_ROUNDS", 7)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let server = Sink::start(Kind::Plain)?;
    println!("client: {messages} texts, medians of {rounds} rounds\n");
    let mut table = Table::new(&[
        "",
        "in flight",
        "requests/s",
        "of the bare loop",
        "client CPU us/request",
        "to the bare loop",
    ]);
    for in_flight in [1, 64] {
        let bare = || runtime.block_on(bare::run(server.url(), messages, in_flight, 1));
        let typed = || runtime.block_on(typed(server.url(), messages, in_flight));
        // Once before it counts: a server that has just started is cold.
        bare()?;
        let (mut of_bare, mut of_typed) = (Turns::default(), Turns::default());
        for _ in 0..rounds {
            let (bare, typed) = (bare()?, typed()?);
            of_bare.add(bare, bare);
            of_typed.add(typed, bare);
        }
        for (name, turns) in [("bare reqwest loop", of_bare), ("waha-client", of_typed)] {
            table.row([
                name.to_owned(),
                in_flight.to_string(),
                thousands(median(turns.rates)),
                format!("{:.2}", median(turns.rate_ratios)),
                format!("{:.1}", median(turns.cpu_us)),
                format!("{:.2}", median(turns.cpu_ratios)),
            ]);
        }
    }
    table.print();
    Ok(())
}

#[derive(Default)]
struct Turns {
    rates: Vec<f64>,
    rate_ratios: Vec<f64>,
    cpu_us: Vec<f64>,
    cpu_ratios: Vec<f64>,
}

impl Turns {
    fn add(&mut self, took: Took, bare: Took) {
        self.rates.push(took.rate());
        self.rate_ratios.push(took.rate() / bare.rate());
        self.cpu_us.push(took.cpu_us());
        self.cpu_ratios.push(took.cpu_us() / bare.cpu_us());
    }
}

async fn typed(url: &str, messages: u32, in_flight: u32) -> Result<Took, Failure> {
    let waha = WahaClient::builder(url).api_key(sink::KEY).build()?;
    let session = SessionName::new(sink::session(0))?;
    bare::spread(messages, in_flight, move |number| {
        let (waha, session) = (waha.clone(), session.clone());
        async move {
            let chat = ChatId::phone(&whole_path::phone(number).to_string())?;
            let (text, id) = (bare::text(number), bare::id(number));
            let message = TextMessage::new(&session, &chat, &text)
                .id(&id)
                .link_preview(false);
            let sent = waha.chatting().send_text(&message).await?;
            match sent.id {
                Some(_) => Ok(()),
                None => Err("the server named no id".into()),
            }
        }
    })
    .await
}

fn lists() -> Result<(), Failure> {
    let (body, messages) = list_of_a_megabyte()?;
    println!(
        "a list of {messages} messages, {} bytes\n",
        thousands(body.len() as f64)
    );
    let mut table = Table::new(&["", "ms", "MB/s", "to untyped JSON"]);
    let untyped = time(|| serde_json::from_slice::<Value>(&body).is_ok());
    let typed = time(|| serde_json::from_slice::<Vec<Message>>(&body).is_ok());
    for (name, seconds) in [("serde_json::Value", untyped), ("Vec<Message>", typed)] {
        table.row([
            name.to_owned(),
            format!("{:.2}", seconds * 1e3),
            thousands(body.len() as f64 / 1e6 / seconds),
            format!("{:.2}", seconds / untyped),
        ]);
    }
    table.print();
    Ok(())
}

/// As NOWEB answers, with the engine's own form of each message.
fn list_of_a_megabyte() -> Result<(Vec<u8>, usize), Failure> {
    let mut list = Vec::new();
    let mut bytes = 0;
    while bytes < 1_000_000 {
        let number = u32::try_from(list.len())?;
        let phone = whole_path::phone(number);
        let (text, id) = (bare::text(number), bare::id(number));
        let message = json!({
            "id": format!("true_{phone}@c.us_{id}"),
            "timestamp": 1_795_220_000 + number,
            "from": format!("{phone}@c.us"),
            "fromMe": true,
            "source": "api",
            "to": format!("{phone}@c.us"),
            "body": text,
            "hasMedia": false,
            "media": null,
            "ack": 2,
            "ackName": "DEVICE",
            "location": null,
            "vCards": null,
            "replyTo": null,
            "_data": {
                "key": {"remoteJid": format!("{phone}@s.whatsapp.net"), "fromMe": true, "id": id},
                "messageTimestamp": 1_795_220_000 + number,
                "status": 3,
                "message": {"extendedTextMessage": {"text": text}},
            },
        });
        bytes += message.to_string().len() + 1;
        list.push(message);
    }
    let read: Vec<Message> = serde_json::from_value(Value::Array(list.clone()))?;
    if read.iter().any(|it| it.body.is_none() || it.data.is_none()) {
        return Err("a message lost its text".into());
    }
    Ok((serde_json::to_vec(&list)?, list.len()))
}

/// Seconds of one call: the median of several.
fn time(work: impl Fn() -> bool) -> f64 {
    const CALLS: usize = 101;
    let calls = (0..CALLS).map(|_| {
        let began = Instant::now();
        black_box(work());
        began.elapsed().as_secs_f64()
    });
    median(calls.collect())
}
