//! How long does it take to write one billing message, and what would the template engine for logic take for it?
//!
//! Ten variables, as a row of the list has them. minijinja gets the same text; its context is made anew for each row, as it must
//! be, or taken ready-made, as it cannot be.

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::table::{Table, thousands};
use benches::{Failure, median};
use campaign_core::message::MessageTemplate;
use minijinja::value::Value;

const TEXT: &str = "Yth. Bapak/Ibu {{nama}},\n\n\
    Kami informasikan bahwa tagihan internet Anda dengan nomor pelanggan {{no_pelanggan}} untuk periode {{periode}} telah terbit.\n\n\
    No. Invoice : {{no_invoice}}\n\
    Paket       : {{paket}}\n\
    Jumlah      : {{jumlah}}\n\
    Jatuh tempo : {{jatuh_tempo}}\n\n\
    Pembayaran dapat dilakukan melalui transfer ke {{bank}} nomor rekening {{rekening}} atas nama PT Contoh Jaringan Nusantara. \
    Mohon cantumkan nomor invoice pada berita transfer. Bila pembayaran sudah dilakukan, abaikan pesan ini.\n\n\
    Jika ada pertanyaan, hubungi kami di {{cs}}. Terima kasih atas kepercayaan Anda menggunakan layanan kami.";

const ROW: [(&str, &str); 10] = [
    ("nama", "Budi Santoso"),
    ("no_pelanggan", "CUST-004512"),
    ("periode", "November 2026"),
    ("no_invoice", "INV-2026-11-004512"),
    ("paket", "Rumah 50 Mbps"),
    ("jumlah", "250000"),
    ("jatuh_tempo", "2026-11-25"),
    ("bank", "Bank Contoh"),
    ("rekening", "1234567890"),
    ("cs", "0812-3456-7890"),
];

pub(crate) fn bench() -> Result<(), Failure> {
    let columns = ROW.map(|(name, _)| name);
    let values = ROW.map(|(_, value)| value);
    let filtered = TEXT
        .replace("{{jumlah}}", "{{jumlah | rupiah}}")
        .replace("{{jatuh_tempo}}", "{{jatuh_tempo | date}}");
    let ours = MessageTemplate::text(TEXT)?.bind(&columns)?;
    let ours_filtered = MessageTemplate::text(filtered.as_str())?.bind(&columns)?;
    let mut environment = minijinja::Environment::new();
    environment.add_template("bill", TEXT)?;
    let theirs = environment.get_template("bill")?;
    let context = || Value::from_pairs(ROW);
    let ready = context();
    let written = ours.render(&values)?.text;
    if written != theirs.render(context())? {
        return Err("the two engines differ".into());
    }

    println!(
        "templates: a message of {} bytes, 10 variables\n",
        written.len()
    );
    let mut table = Table::new(&["", "ns/message"]);
    let mut add = |name: &str, nanoseconds: f64| {
        table.row([name.to_owned(), thousands(nanoseconds)]);
    };
    add("ours", time(|| ours.render(&values).is_ok()));
    add(
        "ours, with the filters rupiah and date",
        time(|| ours_filtered.render(&values).is_ok()),
    );
    add(
        "minijinja, a context for each row",
        time(|| theirs.render(context()).is_ok()),
    );
    add(
        "minijinja, a ready-made context",
        time(|| theirs.render(ready.clone()).is_ok()),
    );
    table.print();
    Ok(())
}

/// Nanoseconds of one call: the median of several rounds.
fn time(work: impl Fn() -> bool) -> f64 {
    const ROUNDS: usize = 15;
    const ROUND: Duration = Duration::from_millis(100);
    let rounds = (0..ROUNDS).map(|_| {
        let (began, mut calls) = (Instant::now(), 0_u32);
        while began.elapsed() < ROUND {
            for _ in 0..100 {
                black_box(work());
            }
            calls += 100;
        }
        began.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    });
    median(rounds.collect())
}
