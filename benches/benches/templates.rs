//! How long does it take to write one billing message, with our segments, with logic, and with the engines that could do either?
//!
//! Ten variables, as a row of the list has them. minijinja and jinja2 get the same text and must write the same message; minijinja's
//! context is made anew for each row, as it must be, or taken ready-made, as it cannot be.

use std::collections::BTreeMap;

use benches::table::{Table, thousands};
use benches::{Failure, python, time};
use campaign_core::message::MessageTemplate;
use minijinja::value::Value;
use serde::{Deserialize, Serialize};

pub(crate) const TEXT: &str = "Yth. Bapak/Ibu {{nama}},\n\n\
    Kami informasikan bahwa tagihan internet Anda dengan nomor pelanggan {{no_pelanggan}} untuk periode {{periode}} telah terbit.\n\n\
    No. Invoice : {{no_invoice}}\n\
    Paket       : {{paket}}\n\
    Jumlah      : {{jumlah}}\n\
    Jatuh tempo : {{jatuh_tempo}}\n\n\
    Pembayaran dapat dilakukan melalui transfer ke {{bank}} nomor rekening {{rekening}} atas nama PT Contoh Jaringan Nusantara. \
    Mohon cantumkan nomor invoice pada berita transfer. Bila pembayaran sudah dilakukan, abaikan pesan ini.\n\n\
    Jika ada pertanyaan, hubungi kami di {{cs}}. Terima kasih atas kepercayaan Anda menggunakan layanan kami.";

pub(crate) const ROW: [(&str, &str); 10] = [
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

/// The same message, but for a choice in it.
const CHOICE: [&str; 2] = [
    "nomor rekening {{rekening}} atas nama PT Contoh Jaringan Nusantara",
    "{% if rekening %}nomor rekening {{rekening}} atas nama PT Contoh Jaringan Nusantara{% else %}akun virtual {{no_pelanggan}}{% endif %}",
];

/// What jinja2 is asked.
#[derive(Serialize)]
struct Question<'a> {
    text: &'a str,
    row: BTreeMap<&'a str, &'a str>,
}

/// What it took for one message, and the message.
#[derive(Deserialize)]
struct Answer {
    nanoseconds: f64,
    written: String,
}

pub(crate) fn bench() -> Result<(), Failure> {
    let columns = ROW.map(|(name, _)| name);
    let values = ROW.map(|(_, value)| value);
    let filtered = TEXT
        .replace("{{jumlah}}", "{{jumlah | rupiah}}")
        .replace("{{jatuh_tempo}}", "{{jatuh_tempo | date}}");
    let [always, choice] = CHOICE;
    let with_logic = TEXT.replace(always, choice);
    let ours = MessageTemplate::text(TEXT)?.bind(&columns)?;
    let ours_filtered = MessageTemplate::text(filtered.as_str())?.bind(&columns)?;
    let ours_with_logic = MessageTemplate::text(with_logic.as_str())?.bind(&columns)?;
    let mut environment = minijinja::Environment::new();
    environment.add_template("bill", TEXT)?;
    environment.add_template("choice", &with_logic)?;
    let theirs = environment.get_template("bill")?;
    let theirs_with_logic = environment.get_template("choice")?;
    let context = || Value::from_pairs(ROW);
    let ready = context();
    let written = ours.render(&values)?.text;
    for other in [
        theirs.render(context())?,
        theirs_with_logic.render(context())?,
        ours_with_logic.render(&values)?.text,
    ] {
        if written != other {
            return Err("the engines differ".into());
        }
    }

    println!(
        "templates: a message of {} bytes, 10 variables\n",
        written.len()
    );
    let mut table = Table::new(&["", "ns/message"]);
    let mut add = |name: &str, nanoseconds: f64| {
        table.row([name.to_owned(), thousands(nanoseconds)]);
    };
    add("ours", time::each(|| ours.render(&values).is_ok()));
    add(
        "ours, with the filters rupiah and date",
        time::each(|| ours_filtered.render(&values).is_ok()),
    );
    add(
        "minijinja, a context for each row",
        time::each(|| theirs.render(context()).is_ok()),
    );
    add(
        "minijinja, a ready-made context",
        time::each(|| theirs.render(ready.clone()).is_ok()),
    );
    let jinja2 = |text| {
        let row = BTreeMap::from(ROW);
        let answer: Answer = python::ask("templates.py", &Question { text, row })?;
        if answer.written != written {
            return Err("jinja2 writes another message".into());
        }
        Ok::<_, Failure>(answer.nanoseconds)
    };
    let plain = jinja2(TEXT);
    if let Ok(nanoseconds) = plain {
        add("jinja2", nanoseconds);
    }
    add(
        "with logic: ours",
        time::each(|| ours_with_logic.render(&values).is_ok()),
    );
    add(
        "with logic: minijinja, a context for each row",
        time::each(|| theirs_with_logic.render(context()).is_ok()),
    );
    if plain.is_ok() {
        add("with logic: jinja2", jinja2(&with_logic)?);
    }
    table.print();
    if let Err(why) = plain {
        println!("skipped: the same messages with jinja2: {why}\n");
    }
    Ok(())
}
