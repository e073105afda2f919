//! What an operator reads, in his language: chosen by flag, environment, settings file or locale.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod world;

use std::path::Path;

use world::{Ran, World, bare, ran};

const LIST: &str = "nama,no hp,total\n\
    Budi,081234567890,250000\n\
    Kantor,0215550123,900000\n\
    Siti,08123,1000\n\
    Budi,+62 812-3456-7890,250000\n\
    Ani,081298765432,175000\n";
const MESSAGE: [&str; 2] = ["--template", "Halo {{nama}}, tagihan {{total | rupiah}}"];

struct Asked<'a> {
    environment: &'a [(&'a str, &'a str)],
    settings: Option<&'a str>,
    flags: &'a [&'a str],
}

async fn plan(asked: Asked<'_>) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.csv"), LIST).unwrap();
    if let Some(settings) = asked.settings {
        std::fs::write(folder.path().join("waha-campaign.toml"), settings).unwrap();
    }
    let mut arguments = vec!["plan", "list.csv"];
    arguments.extend(MESSAGE);
    arguments.extend(asked.flags);
    let mut command = bare(folder.path(), &arguments);
    command.args(["--db", "test.sqlite"]);
    command.envs(asked.environment.iter().copied());
    ran(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_comes_from_flag_environment_file_or_locale() {
    let id = "lang = \"id\"\n";
    for (environment, settings, flags, is_indonesian) in [
        (&[][..], None, &[][..], false),
        (&[("LANG", "id_ID.UTF-8")], None, &[], true),
        (
            &[("LANG", "id_ID.UTF-8"), ("LC_ALL", "C")],
            None,
            &[],
            false,
        ),
        (&[("LANG", "en_US.UTF-8")], Some(id), &[], true),
        (&[("WAHA_CAMPAIGN_LANG", "en")], Some(id), &[], false),
        (
            &[("WAHA_CAMPAIGN_LANG", "en")],
            None,
            &["--lang", "id"],
            true,
        ),
    ] {
        let asked = Asked {
            environment,
            settings,
            flags,
        };
        let ran = plan(asked).await;
        let word = if is_indonesian {
            "Belum ada yang dikirim"
        } else {
            "Nothing was sent"
        };
        assert!(
            ran.stdout.contains(word),
            "{environment:?} {settings:?} {flags:?}: {ran:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_is_none_is_refused() {
    let environment = &[("WAHA_CAMPAIGN_LANG", "tlh")];
    let asked = Asked {
        environment,
        settings: None,
        flags: &[],
    };
    let ran = plan(asked).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("\"tlh\"") && ran.stderr.contains("en or id"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_and_its_rejects_are_indonesian_throughout() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.csv"), LIST).unwrap();
    let mut arguments = vec!["plan", "list.csv", "--lang", "id"];
    arguments.extend(MESSAGE);
    let mut command = bare(folder.path(), &arguments);
    command.args(["--db", "test.sqlite"]);
    let ran = ran(command).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "Baris     5 = 3 ditolak + 2 kiriman",
        "Ditolak: 1 nomor tidak sah, 1 telepon rumah, 1 kembar",
        "baris 3, \"no hp\": \"0215550123\" adalah telepon rumah (+62215550123): beri nomor ponsel",
        "sama dengan penerima di baris 2",
        "Halo Budi, tagihan Rp250.000",
        "antara dua pesan",
        "Untuk mengirim: waha-campaign start",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert_no_english(&ran.stdout);
    let rejects = std::fs::read_to_string(folder.path().join("list.rejects.csv")).unwrap();
    assert!(
        rejects.contains("landline: adalah telepon rumah"),
        "{rejects}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_indonesian() {
    for (arguments, words) in [
        (
            &["plan", "list.csv", "--template", "Halo {{nma}}"][..],
            &[
                "teks: baris 1, kolom",
                "tidak ada kolom untuk variabel `nma`",
                "Maksud Anda `nama`?",
            ][..],
        ),
        (
            &["plan", "tiada.csv", "--template", "a"],
            &["tidak dapat membaca"],
        ),
        (
            &[
                "plan",
                "list.csv",
                "--template",
                "a",
                "--phone-column",
                "hape",
            ],
            &["tidak ada kolom \"hape\""],
        ),
        (
            &["plan", "list.csv", "--template", "a", "--hours", "pagi"],
            &["bukan jam kirim", "di baris perintah"],
        ),
        (&["status"], &["tidak ada database"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.csv"), LIST).unwrap();
        let mut command = bare(folder.path(), arguments);
        command.args(["--db", "test.sqlite", "--lang", "id"]);
        let ran = ran(command).await;
        assert_ne!(ran.code, 0, "{ran:?}");
        assert!(ran.stderr.starts_with("galat: "), "{ran:?}");
        for words in words {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_told_of_in_indonesian_from_start_to_report() {
    let world = World::start(World::usual(1)).await;
    world.write("list.csv", LIST);
    let mut start = vec![
        "start", "list.csv", "--name", "mei", "--yes", "--lang", "id",
    ];
    start.extend(MESSAGE);
    let ran = world.run(&start).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("2 penerima; 3 baris ditolak"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("mei: tuntas"), "{ran:?}");
    assert_no_english(&ran.stdout);
    let status = world.run(&["status", "--lang", "id"]).await;
    assert!(status.stdout.contains("tuntas"), "{status:?}");
    let report = world.run(&["report", "mei", "--lang", "id"]).await;
    assert!(
        report.stdout.contains("5 baris di mei.report.csv"),
        "{report:?}"
    );
    let report = read(&world.path("mei.report.csv"));
    assert!(report.contains("adalah telepon rumah"), "{report}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Words that every English text of these commands has some of.
fn assert_no_english(text: &str) {
    for line in text.lines() {
        let words: Vec<&str> = line.split(|letter: char| !letter.is_alphabetic()).collect();
        let english = ["the", "rows", "row", "and", "left", "sent", "nothing", "of"];
        let found: Vec<_> = words.iter().filter(|word| english.contains(word)).collect();
        assert!(found.is_empty(), "{found:?} in {line:?}");
    }
}
