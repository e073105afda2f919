//! Reports as files: what a spreadsheet program, a script and the next campaign make of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod world;

use std::path::Path;
use std::process::Command;

use calamine::{Data, Range, Reader, Xlsx, open_workbook};
use serde_json::Value;
use waha_simulator::{Engine, Fault, FaultRates};
use world::{World, start};

/// What spreadsheets spoil: zeros in front, long numbers, dates, formulas, and a column named as one of the report's own.
const LIST: &str = "kode,nama,no hp,total,jatuh tempo,state,catatan\n\
    007,Budi,081234567890,250000,2026-11-30,Jawa Barat,=1+1\n\
    0042,\"Siti, S.Pd\",+62 812-3456-7891,1234567890123456789,30/11/2026,Bali,-5\n\
    8,Eko,081234567892,0.10,2026-12-01 08:30,Aceh,@x\n\
    9,Kantor,0215550123,1,2026-12-01,DKI,y\n";
const OWN_LAST: [&str; 7] = [
    "state",
    "reason",
    "remedy",
    "time",
    "corrected",
    "message",
    "account",
];

/// A campaign in which WhatsApp refused everybody.
async fn refused() -> World {
    let faults = FaultRates::none().with(Fault::AckError, 1.0);
    let world = World::start(World::usual(1).faults(faults)).await;
    world.write("list.csv", LIST);
    world.run(&start("list.csv", "mei", &[])).await.expect(5);
    world
}

fn sheet(path: &Path) -> Range<Data> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    book.worksheet_range("report").unwrap()
}

fn texts(range: &Range<Data>, row: usize) -> Vec<String> {
    let cells = range.rows().nth(row).unwrap();
    cells.iter().map(ToString::to_string).collect()
}

fn csv_rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let mut table = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = table.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_keeps_text_as_text_and_dates_as_dates() {
    let world = refused().await;
    world
        .run(&["report", "mei", "--out", "mei.xlsx"])
        .await
        .expect(0)
        .says("4 rows in mei.xlsx");
    let range = sheet(&world.path("mei.xlsx"));
    let headers = texts(&range, 0);
    let list: Vec<&str> = LIST.lines().next().unwrap().split(',').collect();
    assert_eq!(headers[0], "row");
    assert_eq!(headers[1..8], list);
    assert_eq!(headers[8..], OWN_LAST);
    let cell = |row: usize, column: usize| range.get((row, column)).unwrap().clone();
    let text = |words: &str| Data::String(words.to_owned());
    assert_eq!(cell(1, 0), Data::Float(2.0), "the row in the list");
    assert_eq!(cell(1, 1), text("007"));
    assert_eq!(cell(1, 3), text("+6281234567890"), "as the import reads it");
    assert_eq!(cell(2, 4), text("1234567890123456789"));
    assert_eq!(cell(3, 4), text("0.10"));
    assert_eq!(cell(1, 7), text("=1+1"), "text, without an apostrophe");
    assert_eq!(cell(2, 7), text("-5"));
    assert_eq!(cell(2, 5), text("30/11/2026"), "which may mean two days");
    for (row, column, moment) in [(1, 5, "2026-11-30"), (3, 5, "2026-12-01 08:30")] {
        let Data::DateTime(date) = cell(row, column) else {
            panic!("{:?} is no date", cell(row, column));
        };
        let (year, month, day, hour, minute, ..) = date.to_ymd_hms_milli();
        let read = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}");
        assert!(read.starts_with(moment), "{read} is not {moment}");
    }
    assert_eq!(cell(1, 8), text("failed"));
    assert_eq!(cell(1, 9), text("refused by WhatsApp"));
    assert!(cell(1, 10).to_string().contains("on WhatsApp"));
    assert!(
        matches!(cell(1, 11), Data::DateTime(_)),
        "{:?}",
        cell(1, 11)
    );
    assert_eq!(cell(4, 8), text("rejected"));

    let mut book: Xlsx<_> = open_workbook(world.path("mei.xlsx")).unwrap();
    let formulas = book.worksheet_formula("report").unwrap();
    assert!(formulas.is_empty(), "{formulas:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_in_a_workbook_is_that_of_the_campaigns_zone() {
    let world = World::start(World::usual(1)).await;
    world.write("list.csv", "nama,no hp\nBudi,081234567890\n");
    let mut words = start("list.csv", "mei", &[]);
    words.extend(["--zone", "Asia/Jayapura"]);
    world.run(&words).await.expect(0);
    let json = world.run(&["report", "mei", "--json"]).await.expect(0);
    let told: Value = serde_json::from_str(json.stdout.trim()).unwrap();
    world
        .run(&["report", "mei", "--format", "xlsx"])
        .await
        .expect(0);
    let range = sheet(&world.path("mei.report.xlsx"));
    let Some(Data::DateTime(date)) = range.get((1, 6)) else {
        panic!("{:?}", texts(&range, 1));
    };
    let (year, month, day, hour, minute, ..) = date.to_ymd_hms_milli();
    let read = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}");
    assert_eq!(told["time"], read);
    let zone = jiff::tz::TimeZone::get("Asia/Jayapura").unwrap();
    let local = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M", &read).unwrap();
    let moment = local.to_zoned(zone).unwrap().timestamp();
    // The clock of the campaign runs fast, by a minute a second.
    let away = moment.duration_since(jiff::Timestamp::now()).abs();
    assert!(away.as_hours() < 2, "{read} is not now in Jayapura");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_can_be_sent_to_again_as_it_is() {
    let world = refused().await;
    world.simulator.faults().set(FaultRates::none());
    for ending in ["csv", "xlsx"] {
        let (file, name) = (format!("gagal.{ending}"), format!("lagi {ending}"));
        world
            .run(&["report", "mei", "--only", "failed", "--out", &file])
            .await
            .expect(0)
            .says("3 rows");
        // What was refused they have not had; the second time they have.
        let again: &[&str] = if ending == "csv" { &[] } else { &["--again"] };
        world.run(&start(&file, &name, again)).await.expect(0);
        let [first, again] = [("mei", "a.csv"), (name.as_str(), "b.csv")].map(|(of, to)| {
            let words = [
                "report",
                of,
                "--only",
                "failed,sent,delivered,read",
                "--out",
                to,
            ]
            .map(str::to_owned);
            (words, world.path(to))
        });
        for (words, _) in [&first, &again] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            world.run(&words).await.expect(0);
        }
        let (first, again) = (csv_rows(&first.1), csv_rows(&again.1));
        assert_eq!(first[0], again[0], "the same columns, each once");
        for (first, again) in first.iter().zip(&again).skip(1) {
            assert_eq!(first[1..8], again[1..8], "{ending}");
        }
        assert_eq!(again.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_get_json_by_the_ending_or_the_option() {
    let world = refused().await;
    let told = world
        .run(&["report", "mei", "--out", "mei.json", "--json"])
        .await
        .expect(0);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["rows"], &told["rejected"]), (&4.into(), &1.into()));
    let text = std::fs::read_to_string(world.path("mei.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["values"]["kode"], "007");
    assert_eq!(rows[0]["reason"], "refused_by_whatsapp");
    let none = [
        "report", "mei", "--only", "read", "--format", "json", "--out", "-",
    ];
    let none = world.run(&none).await.expect(0);
    assert_eq!(none.stdout.trim(), "[]");
    let lines = ["report", "mei", "--out", "mei.jsonl"];
    world.run(&lines).await.expect(0);
    let lines = std::fs::read_to_string(world.path("mei.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_refused_with_what_can() {
    let world = refused().await;
    for (arguments, words) in [
        (
            &["--only", "gagal"][..],
            &["\"gagal\"", "unconfirmed", "rejected"][..],
        ),
        (
            &["--out", "mei.ods"],
            &["mei.ods", "csv, xlsx, json, jsonl"],
        ),
        (&["--format", "xlsx", "--out", "-"], &["--out report.xlsx"]),
    ] {
        let mut command = vec!["report", "mei"];
        command.extend(arguments);
        let mut ran = world.run(&command).await.expect(2);
        for words in words {
            ran = ran.says(words);
        }
    }
    world
        .run(&["report", "mei", "--out", "nowhere/mei.xlsx"])
        .await
        .expect(1)
        .says("nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_looks_up_and_never_sends() {
    // This engine sends under ids of its own, so that a look-up by ours proves nothing.
    let faults = FaultRates::none().with(Fault::ErrorBefore, 1.0);
    let world = World::start(World::usual(1).engine(Engine::Webjs).faults(faults)).await;
    world.list(3);
    world.run(&start("list.csv", "mei", &[])).await.expect(6);
    world.simulator.faults().set(FaultRates::none());
    let refresh = ["report", "mei", "--refresh", "--only", "unconfirmed"];
    world.run(&refresh).await.expect(0).says("3 rows");
    world.list(6);
    let mut capped = vec!["start", "list.csv", "--name", "juni", "--template", "b"];
    capped.extend(["--gap", "none", "--per-day", "2", "--no-wait", "--yes"]);
    world.run(&capped).await.expect(7);
    let sent = world.simulator.ledger().len();
    world
        .run(&refresh)
        .await
        .expect(7)
        .says("waha-campaign resume --all")
        .says("3 rows");
    assert_eq!(world.simulator.ledger().len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_ends_for_a_settled_campaign_without_acknowledgements() {
    let faults = FaultRates::none().with(Fault::AcksMissing, 1.0);
    let world = World::start(World::usual(1).faults(faults)).await;
    world.list(3);
    world.run(&start("list.csv", "mei", &[])).await.expect(0);
    world.simulator.faults().set(FaultRates::none());
    let refresh = ["report", "mei", "--refresh"];
    world.run(&refresh).await.expect(0).says("3 rows");
    assert_eq!(world.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_program_shows_the_report_as_it_is() {
    let world = refused().await;
    world
        .run(&["report", "mei", "--out", "mei.xlsx"])
        .await
        .expect(0);
    let Some(shown) = through_libreoffice(world.folder.path(), "mei.xlsx") else {
        println!("skipped: LibreOffice is not installed");
        return;
    };
    world.run(&["report", "mei"]).await.expect(0);
    let written = csv_rows(&world.path("mei.report.csv"));
    let shown = csv_rows(&shown);
    assert_eq!(shown.len(), written.len());
    for (shown, written) in shown.iter().zip(&written) {
        // The apostrophe guards a CSV file only: in a workbook nothing is calculated anyway.
        let written: Vec<&str> = written
            .iter()
            .map(|cell| cell.strip_prefix('\'').unwrap_or(cell))
            .collect();
        assert_eq!(*shown, written);
    }
    assert_eq!(shown[1][1], "007");
    assert_eq!(shown[1][5], "2026-11-30");
    println!(
        "LibreOffice shows {} rows as they were written",
        shown.len()
    );
}

/// The first sheet of a workbook as LibreOffice shows it; `None` where there is no LibreOffice.
fn through_libreoffice(folder: &Path, file: &str) -> Option<std::path::PathBuf> {
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.join("lo").display()
    );
    let run = Command::new("soffice")
        .arg(profile)
        .args(["--headless", "--convert-to"])
        // Separator, quote, UTF-8, from the first line, cells as they are shown.
        .arg("csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true")
        .args(["--outdir", "shown", file])
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .ok()?;
    let name = Path::new(file).with_extension("csv");
    let shown = folder.join("shown").join(name);
    assert!(shown.exists(), "{run:?}");
    Some(shown)
}
