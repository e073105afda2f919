//! A week of an operator's, played with the real binary on the simulator, once in each language, and judged by the simulator's ledger.
//!
//! What his terminal shows is the documentation `docs/week.md` and `docs/week.id.md`: `make week` writes it anew, and a week that goes
//! another way than those pages say fails here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../world/mod.rs"]
mod world;

mod clock;
mod page;
mod shop;
mod verdict;

use page::Language;
use shop::Shop;

const NAME: &str = "tagihan juni";
const LIST: &str = "pelanggan.csv";
const START: [&str; 7] = [
    "start",
    LIST,
    "--name",
    NAME,
    "--template-file",
    "pesan.txt",
    "--yes",
];
const GO_ON: [&str; 3] = ["resume", "--all", "--no-wait"];

#[tokio::test(flavor = "multi_thread")]
async fn a_week_in_english_ends_with_everybody_served_once() {
    play(Language::English).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_in_indonesian_ends_with_everybody_served_once() {
    play(Language::Indonesian).await;
}

async fn play(language: Language) {
    let mut shop = Shop::open(language).await;
    monday(&mut shop).await;
    tuesday(&mut shop).await;
    wednesday(&mut shop).await;
    thursday(&mut shop).await;
    friday(&mut shop).await;
    saturday(&mut shop).await;
    december(&mut shop).await;
    shop.close();
}

async fn monday(shop: &mut Shop) {
    shop.day(
        "2026-06-01T07:40",
        "Monday: the phone is paired, the list is looked through, and sending begins",
        "Senin: ponsel dipasangkan, daftar diperiksa, dan pengiriman dimulai",
    );
    shop.shows("waha-campaign.toml");
    shop.shows("pesan.txt");
    shop.does(&["session", "create"], 0).await;
    shop.scans(&["session", "qr"]).await;
    shop.does(&["doctor"], 0).await;
    let plan = ["plan", LIST, "--template-file", "pesan.txt"];
    shop.does(&plan, 0).await;
    let test = [
        "test",
        LIST,
        "--template-file",
        "pesan.txt",
        "--to",
        "0812-0000-0002",
        "--rows",
        "2",
    ];
    shop.does(&test, 0).await;

    shop.moment(
        "2026-06-01T08:00",
        "Eight o'clock. After a few messages the power fails.",
        "Pukul delapan. Setelah beberapa pesan, listrik padam.",
    );
    let mut started = shop.starts(&START);
    shop.sends(&mut started, 4).await;
    shop.loses_power(started).await;
    shop.remark(
        "The same command again: it looks up what was under way, goes on with the others, and ends at the day's limit.",
        "Perintah yang sama sekali lagi: yang sedang dikirim diperiksa dulu, lalu sisanya dilanjutkan, sampai batas hari itu.",
    );
    let mut again = START.to_vec();
    again.push("--no-wait");
    shop.does(&again, 7).await;
    shop.does(&["status", NAME], 0).await;
}

async fn tuesday(shop: &mut Shop) {
    shop.day(
        "2026-06-02T19:55",
        "Tuesday: cron goes on, and the night comes",
        "Selasa: cron melanjutkan, lalu malam tiba",
    );
    shop.does(&GO_ON, 7).await;
}

async fn wednesday(shop: &mut Shop) {
    shop.day(
        "2026-06-03T09:00",
        "Wednesday: somebody removes the linked device on the phone",
        "Rabu: seseorang menghapus perangkat tertaut di ponsel",
    );
    let mut going_on = shop.starts(&GO_ON);
    shop.sends(&mut going_on, 3).await;
    shop.simulator.unlink("default").unwrap();
    shop.ends(going_on, 7).await;
    shop.does(&["session", "list"], 0).await;
    shop.does(&GO_ON, 4).await;
    shop.does(&["session", "logout", "default", "--yes"], 0)
        .await;
    shop.scans(&["session", "qr"]).await;
    shop.does(&GO_ON, 7).await;
}

async fn thursday(shop: &mut Shop) {
    shop.day(
        "2026-06-04T09:00",
        "Thursday: rejected rows are mended and added, and somebody wants no more messages",
        "Kamis: baris yang ditolak diperbaiki dan ditambahkan, dan seseorang tidak mau menerima pesan lagi",
    );
    let rejects = format!("{NAME}.rejects.csv");
    shop.shows(&rejects);
    shop.mends(&rejects);
    shop.remark(
        "The two numbers are put right in that file. Whoever is in the campaign already stays out, and stays in the file.",
        "Kedua nomor diperbaiki di file itu. Yang sudah ada di kampanye tidak ikut lagi, dan tetap ada di file itu.",
    );
    shop.does(&["add", NAME, &rejects], 7).await;
    let mut going_on = shop.starts(&GO_ON);
    shop.sends(&mut going_on, 2).await;
    shop.writes(shop::OPTED_OUT, "STOP, jangan kirim lagi");
    shop.ends(going_on, 7).await;
    shop.does(&["replies", NAME], 0).await;
    shop.does(&["suppress", "add", &shop::local(shop::OPTED_OUT)], 0)
        .await;
}

async fn friday(shop: &mut Shop) {
    shop.day(
        "2026-06-05T09:00",
        "Friday: the last ones, what went wrong, and a backup",
        "Jumat: yang terakhir, yang gagal, dan cadangan",
    );
    let mut going_on = shop.starts(&GO_ON);
    shop.sends(&mut going_on, 1).await;
    shop.one_is_refused(&mut going_on).await;
    shop.ends(going_on, 5).await;
    let left = ["report", NAME, "--only", "failed,skipped,rejected"];
    shop.does(&[&left[..], &["--out", "sisa.xlsx"]].concat(), 0)
        .await;
    shop.does(&["retry", NAME], 7).await;
    shop.does(&["resume", NAME], 0).await;
    shop.does(&["report", NAME], 0).await;
    shop.shows_some(&format!("{NAME}.report.csv"), 4);
    shop.does(&["backup", "toko-2026-06-05.sqlite"], 0).await;
}

async fn saturday(shop: &mut Shop) {
    shop.day(
        "2026-06-06T09:00",
        "Saturday: a new computer",
        "Sabtu: komputer baru",
    );
    shop.moves("toko-2026-06-05.sqlite");
    shop.does(&["restore", "toko-2026-06-05.sqlite"], 0).await;
    shop.remark(
        "The command of Monday once more: everybody has it already, and nobody gets it twice.",
        "Perintah hari Senin sekali lagi: semua sudah menerimanya, dan tidak ada yang menerima dua kali.",
    );
    let mut again = START.to_vec();
    again.push("--no-wait");
    shop.does(&again, 0).await;
}

async fn december(shop: &mut Shop) {
    shop.day(
        "2026-12-14T09:00",
        "Half a year later: the people's data go",
        "Setengah tahun kemudian: data orang dihapus",
    );
    shop.does(&["prune", "--older-than", "180d", "--yes"], 0)
        .await;
    shop.does(&["status", NAME], 0).await;
}
