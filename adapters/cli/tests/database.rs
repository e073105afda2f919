//! The database and the operator: copies of it, people taken out of it, and what goes wrong with its file. Each trouble is told with the
//! file and a remedy, and nothing is lost by it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use world::{Ran, World, bare, ended, ran, until};

/// A command about the database alone, in a folder.
fn alone(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(folder, arguments);
    command.args(["--db", "test.sqlite"]);
    command
}

async fn run(folder: &Path, arguments: &[&str]) -> Ran {
    ran(alone(folder, arguments)).await
}

/// A database that holds so many suppressed numbers, and its file.
async fn filled(folder: &Path, numbers: u32) -> PathBuf {
    let mut csv = String::from("no hp,catatan\n");
    for number in 0..numbers {
        csv.push_str(&format!("0813{number:08},x\n"));
    }
    fs::write(folder.join("list.csv"), csv).unwrap();
    let source = "a source that takes some room in the file, so that it has many pages";
    run(
        folder,
        &["suppress", "import", "list.csv", "--source", source],
    )
    .await
    .expect(0);
    folder.join("test.sqlite")
}

async fn listed(folder: &Path) -> usize {
    let list = run(folder, &["suppress", "list", "--json"]).await.expect(0);
    list.stdout.lines().count()
}

fn start<'a>(list: &'a str, name: &'a str) -> [&'a str; 9] {
    [
        "start",
        list,
        "--name",
        name,
        "--template",
        "Halo {{nama}}",
        "--gap",
        "none",
        "--yes",
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_sending_comes_back_and_nobody_gets_it_twice() {
    let world = World::start(World::usual(1)).await;
    world.list(40);
    let mut arguments = start("list.csv", "promo").to_vec();
    arguments[7] = "18s";
    let runner = world.spawn(&arguments);
    until("somebody has it", || !world.simulator.ledger().is_empty()).await;

    let made = world
        .run(&["backup", "copy.sqlite", "--json"])
        .await
        .expect(0);
    let made = made.json();
    assert_eq!(
        (&made["campaigns"], &made["deliveries"]),
        (&1.into(), &40.into())
    );
    let copy = world.path("copy.sqlite");
    assert_eq!(made["bytes"], fs::metadata(&copy).unwrap().len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let before = fs::read(&copy).unwrap();
    world
        .run(&["backup", "copy.sqlite"])
        .await
        .expect(3)
        .says("copy.sqlite is there already");
    assert_eq!(fs::read(&copy).unwrap(), before);

    let at_copy = world.simulator.ledger().len();
    until("more have it", || world.simulator.ledger().len() > at_copy).await;
    world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(3)
        .says("is already sending from this database");
    stop(runner).await;

    world
        .run(&["restore", "copy.sqlite"])
        .await
        .expect(3)
        .says("there is a database already")
        .says("waha-campaign restore copy.sqlite --replace");
    let restored = world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(0);
    restored
        .says("40 deliveries again")
        .says("is kept as")
        .says("waha-campaign resume --all");
    assert!(world.path("test.sqlite.before-restore").exists());

    let resumed = world.run(&["resume", "--all"]).await;
    assert!([0, 6].contains(&resumed.code), "{resumed:?}");
    world.judge(40, "after the backup came back");
}

/// A list that is brought in again where nobody is known any more would go to everybody twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_sends_nothing_until_its_backup_is_brought_back() {
    let world = World::start(World::usual(1)).await;
    world.list(12);
    let arguments = start("list.csv", "promo");
    world.run(&arguments).await.expect(0);
    world.run(&["backup", "copy.sqlite"]).await.expect(0);
    fs::remove_file(world.database()).unwrap();

    for command in [&arguments[..], &["status"], &["resume", "--all"]] {
        let refused = world.run(command).await.expect(1);
        refused
            .says("messages were sent from it")
            .says("waha-campaign restore FILE --replace")
            .says("test.sqlite.seen");
        assert!(!world.database().exists(), "{command:?}");
    }
    world
        .run(&["doctor"])
        .await
        .expect(1)
        .says("problem  database")
        .says("messages were sent from it");
    world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(0);
    world.run(&["resume", "--all"]).await;
    world.run(&arguments).await;
    world.judge(12, "after the backup came back");
}

/// Tells it once to end, and waits.
async fn stop(child: std::process::Child) {
    let id = i32::try_from(child.id()).unwrap();
    let process = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    ended(child).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_whole_backup_of_ours_is_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = filled(folder, 3_000).await;
    run(folder, &["backup", "copy.sqlite"]).await.expect(0);
    let copy = fs::read(folder.join("copy.sqlite")).unwrap();
    let before = fs::read(&database).unwrap();
    let bad = folder.join("bad.sqlite");
    let refused = async |words: &str| {
        run(folder, &["restore", "bad.sqlite", "--replace"])
            .await
            .expect(3)
            .says("bad.sqlite")
            .says(words);
        assert_eq!(fs::read(&database).unwrap(), before);
    };
    refused("cannot be opened").await;
    fs::write(&bad, "no database").unwrap();
    refused("is not a database").await;
    fs::write(&bad, "").unwrap();
    refused("is no backup of this program").await;
    let mut damaged = copy.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4_096].fill(0x5a);
    fs::write(&bad, damaged).unwrap();
    refused("is damaged").await;
    fs::write(&bad, &copy).unwrap();
    newer(&bad);
    refused("is of a newer version").await;

    // Where there is none, nothing stands in the way.
    fs::remove_file(&database).unwrap();
    run(folder, &["restore", "copy.sqlite"]).await.expect(0);
    assert_eq!(listed(folder).await, 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_keeps_who_opted_out_since_and_names_what_was_cancelled() {
    let world = World::start(World::usual(1)).await;
    world.list(3);
    for name in ["promo akhir", "tetap"] {
        let mut arguments = start("list.csv", name).to_vec();
        arguments.extend(["--at", "2099-01-01T08:00", "--no-wait", "--again"]);
        world.run(&arguments).await.expect(7);
    }
    world
        .run(&["suppress", "add", "081277770001"])
        .await
        .expect(0);
    world.run(&["backup", "copy.sqlite"]).await.expect(0);

    let nothing = world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(0);
    nothing.says("Nobody came on the suppression list");

    world
        .run(&[
            "suppress",
            "add",
            "081277770002",
            "--source",
            "by telephone",
        ])
        .await
        .expect(0);
    world.run(&["cancel", "promo akhir"]).await.expect(0);
    let present = world.path("test.sqlite");
    let newer = fs::read(&present).unwrap();
    let restored = world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(0)
        .says("1 number came on the suppression list after the backup was made")
        .says("+6281277770002  since ")
        .says("by telephone")
        .says("promo akhir was cancelled and is scheduled again")
        .says("waha-campaign cancel \"promo akhir\"");
    assert!(!restored.stdout.contains("+6281277770001"), "{restored:?}");
    assert!(!restored.stdout.contains("tetap was"), "{restored:?}");
    let list = world.run(&["suppress", "list"]).await.expect(0);
    list.says("+6281277770001").says("+6281277770002");
    world
        .run(&["cancel", "promo akhir"])
        .await
        .expect(0)
        .says("cancelled");

    // The same for programs, and in Indonesian.
    fs::write(&present, &newer).unwrap();
    let told = world
        .run(&["restore", "copy.sqlite", "--replace", "--json"])
        .await
        .expect(0)
        .json();
    let since = &told["since"];
    assert_eq!(since["unread"], serde_json::Value::Null);
    assert_eq!(since["suppressed"], 1);
    assert_eq!(since["suppressed_first"][0]["phone"], "+6281277770002");
    assert_eq!(since["suppressed_first"][0]["source"], "by telephone");
    assert_eq!(since["campaigns"], 1);
    assert_eq!(since["campaigns_first"][0]["was"], "cancelled");
    assert_eq!(since["campaigns_first"][0]["is"], "scheduled");
    assert_eq!(
        since["campaigns_first"][0]["command"],
        "waha-campaign cancel \"promo akhir\""
    );
    fs::write(&present, &newer).unwrap();
    world
        .run(&["restore", "copy.sqlite", "--replace", "--lang", "id"])
        .await
        .expect(0)
        .says("1 nomor masuk daftar larangan kirim setelah cadangan dibuat")
        .says("promo akhir tadinya dibatalkan dan kini kembali terjadwal");

    // What nobody can know is said.
    fs::write(&present, "nothing is left of it").unwrap();
    world
        .run(&["restore", "copy.sqlite", "--replace"])
        .await
        .expect(0)
        .says("Not all of the database that was there can be read")
        .says("cannot be known");
    fs::remove_file(&present).unwrap();
    world
        .run(&["restore", "copy.sqlite"])
        .await
        .expect(0)
        .says("There was no database here")
        .says("waha-campaign suppress add PHONE");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_a_restore_leaves_a_whole_database_and_loses_neither() {
    const BACKED_UP: usize = 20_000;
    const PRESENT: usize = 20_001;
    let made = tempfile::tempdir().unwrap();
    filled(made.path(), BACKED_UP as u32).await;
    run(made.path(), &["backup", "copy.sqlite"]).await.expect(0);
    run(made.path(), &["suppress", "add", "081299999999"])
        .await
        .expect(0);
    for moment in ["", ".lock", ".restoring", ".before-restore"] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for file in ["test.sqlite", "test.sqlite.seen", "copy.sqlite"] {
            fs::copy(made.path().join(file), folder.join(file)).unwrap();
        }
        let mut child = alone(folder, &["restore", "copy.sqlite", "--replace"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let sign = folder.join(format!("test.sqlite{moment}"));
        until(moment, || {
            sign.exists() || child.try_wait().unwrap().is_some()
        })
        .await;
        let _ended = child.kill();
        ended(child).await;

        // Whichever it is: whoever opted out after the backup was made is on the list.
        assert_eq!(listed(folder).await, PRESENT, "{moment}");
        let kept = "test.sqlite.before-restore";
        if folder.join(kept).exists() {
            let list = bare(folder, &["suppress", "list", "--json", "--db", kept]);
            assert_eq!(ran(list).await.expect(0).stdout.lines().count(), PRESENT);
        }
        // What was begun and not finished does not stand in the way.
        run(folder, &["restore", "copy.sqlite", "--replace"])
            .await
            .expect(0)
            .says("came on the suppression list after the backup was made");
        assert_eq!(listed(folder).await, PRESENT, "{moment}");
    }
}

fn newer(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_campaigns_keep_their_counts_and_their_names() {
    let world = World::start(World::usual(1)).await;
    world.list(30);
    world.run(&start("list.csv", "lama")).await.expect(0);
    let again = [&start("list.csv", "baru")[..], &["--again"]].concat();
    world.run(&again).await.expect(0);
    {
        let database = Connection::open(world.database()).unwrap();
        let old = "campaign WHERE name = 'lama'";
        let aged = format!(
            "UPDATE delivery SET changed_at = changed_at - 200 * 86400000000 WHERE id >> 32 = (SELECT id FROM {old});
             UPDATE campaign SET created_at = created_at - 200 * 86400000000 WHERE name = 'lama';"
        );
        database.execute_batch(&aged).unwrap();
    }
    world.run(&["prune", "--older-than", "30d"]).await.expect(2);
    world
        .run(&["prune", "--older-than", "365d"])
        .await
        .expect(0)
        .says("nothing to prune");
    let dry = world.run(&["prune", "--dry-run", "--json"]).await.expect(0);
    assert_eq!(dry.json()["campaigns"][0]["name"], "lama");
    assert_eq!(dry.json()["campaigns"].as_array().unwrap().len(), 1);
    world.run(&["report", "lama"]).await.expect(0);
    world.run(&["prune"]).await.expect(2).says("add --yes");
    world.run(&["report", "lama"]).await.expect(0);
    {
        let runner = fs::File::open(world.path("test.sqlite.lock")).unwrap();
        runner.lock().unwrap();
        world
            .run(&["prune", "--yes"])
            .await
            .expect(7)
            .says("is already sending");
    }

    world
        .run(&["prune", "--yes"])
        .await
        .expect(0)
        .says("30 recipients taken out of 1 campaign")
        .says("freed")
        .says("still hold them");
    let status = (world.run(&["status", "lama", "--json"]).await.expect(0)).json();
    let status = &status["campaigns"][0];
    assert_eq!(
        (&status["deliveries"], &status["rows"]),
        (&30.into(), &30.into())
    );
    assert_eq!(status["state"], "settled");
    assert!(status["pruned_at"].is_string());
    world
        .run(&["status", "lama"])
        .await
        .expect(0)
        .says("were taken out on");
    for refused in [
        &["report", "lama"][..],
        &["retry", "lama"],
        &["resume", "lama"],
        &["add", "lama", "list.csv"],
    ] {
        world.run(refused).await.expect(3).says("were taken out on");
    }
    world
        .run(&start("list.csv", "lama"))
        .await
        .expect(3)
        .says("take another name");
    assert_eq!(world.simulator.ledger().len(), 60);
    world
        .run(&["report", "baru"])
        .await
        .expect(0)
        .says("30 rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_keeps_locked_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = filled(folder, 10).await;
    let other = Connection::open(&database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Who only reads is not kept waiting by who writes.
    assert_eq!(listed(folder).await, 10);
    run(folder, &["suppress", "add", "081299999999"])
        .await
        .expect(1)
        .says("test.sqlite locked: close it")
        .says("Nothing was changed");
    other.execute_batch("ROLLBACK").unwrap();
    run(folder, &["suppress", "add", "081299999999"])
        .await
        .expect(0);
    assert_eq!(listed(folder).await, 11);

    other
        .execute_batch(
            "PRAGMA journal_mode = delete; PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE",
        )
        .unwrap();
    run(folder, &["status", "--lang", "id"])
        .await
        .expect(1)
        .says("program lain mengunci test.sqlite");
    drop(other);
    assert_eq!(listed(folder).await, 11);
}

/// The user that nobody is; root may write everything.
#[cfg(unix)]
const NOBODY: u32 = 65_534;

/// The binary as a user without rights, whoever runs the tests.
#[cfg(unix)]
fn unprivileged(folder: &Path, arguments: &[&str]) -> Command {
    use std::os::unix::process::CommandExt;
    let usual = alone(folder, arguments);
    if !rustix::process::geteuid().is_root() {
        return usual;
    }
    // The user may not get to where it was built.
    let binary = folder.join("waha-campaign");
    if !binary.exists() {
        fs::copy(usual.get_program(), &binary).unwrap();
    }
    let mut command = Command::new(binary);
    command
        .args(usual.get_args())
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .uid(NOBODY)
        .gid(NOBODY);
    command
}

#[cfg(unix)]
fn own(path: &Path, user: u32, mode: u32) {
    use std::os::unix::fs::{PermissionsExt, chown};
    if rustix::process::geteuid().is_root() {
        chown(path, Some(user), Some(user)).unwrap();
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_this_user_may_not_write_is_told_of_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = filled(folder, 10).await;
    let files = || {
        fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|file| file.to_str().unwrap().contains("test.sqlite"))
    };
    let before = fs::read(&database).unwrap();
    let add = ["suppress", "add", "081299999999"];
    let doctor = ["doctor", "--url", "http://127.0.0.1:9"];
    let refused = async |what: &str| {
        ran(unprivileged(folder, &doctor))
            .await
            .says("problem  database")
            .says("cannot be written by this user");
        ran(unprivileged(folder, &add))
            .await
            .expect(1)
            .says("test.sqlite")
            .says("cannot be written by this user")
            .says("--db");
        assert_eq!(fs::read(&database).unwrap(), before, "{what}");
    };
    if rustix::process::geteuid().is_root() {
        files().for_each(|file| own(&file, 0, 0o644));
        own(folder, 0, 0o755);
        refused("another user's files").await;
    }
    files().for_each(|file| own(&file, NOBODY, 0o600));
    own(folder, NOBODY, 0o555);
    refused("a folder that takes no new files").await;

    // The same user, once it has the rights.
    own(folder, NOBODY, 0o755);
    let told = ran(unprivileged(folder, &doctor)).await;
    assert!(!told.stdout.contains("problem  database"), "{told:?}");
    ran(unprivileged(folder, &add)).await.expect(0);
    let list = ran(unprivileged(folder, &["suppress", "list", "--json"])).await;
    assert_eq!(list.expect(0).stdout.lines().count(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_and_another_program_s_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = filled(folder, 10).await;
    newer(&database);
    let before = fs::read(&database).unwrap();
    for command in [
        &["status"][..],
        &["suppress", "add", "081299999999"],
        &["prune", "--yes"],
    ] {
        run(folder, command)
            .await
            .expect(1)
            .says("test.sqlite is of a newer version")
            .says("use the newer program");
        assert_eq!(fs::read(&database).unwrap(), before);
    }
    fs::remove_file(&database).unwrap();
    let other = Connection::open(&database).unwrap();
    other
        .execute_batch("CREATE TABLE contact (name TEXT)")
        .unwrap();
    drop(other);
    let before = fs::read(&database).unwrap();
    run(folder, &["status"])
        .await
        .expect(3)
        .says("test.sqlite is no database of this program");
    assert_eq!(fs::read(&database).unwrap(), before);
}

/// The command where no file may grow beyond so many blocks: to SQLite that is a disk that takes no more.
#[cfg(unix)]
fn limited(usual: &Command, blocks: u32) -> Command {
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""))
        .arg("sh")
        .arg(usual.get_program())
        .args(usual.get_args())
        .current_dir(usual.get_current_dir().unwrap())
        .env_clear()
        .envs(
            usual
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    limited
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_costs_nothing_that_was_saved() {
    let world = World::start(World::usual(1)).await;
    world.list(5);
    world.run(&start("list.csv", "erste")).await.expect(0);
    let long = "x".repeat(3_000);
    let mut csv = String::from("nama,no hp,catatan\n");
    for person in 0..200 {
        csv.push_str(&format!("Orang {person},0813{person:08},{long}\n"));
    }
    world.write("long.csv", &csv);
    let usual = world.command(&start("long.csv", "zweite"));
    ran(limited(&usual, 500))
        .await
        .expect(1)
        .says("test.sqlite")
        .says("free space")
        .says("Nothing that was saved is lost");

    let status = (world.run(&["status", "erste", "--json"]).await.expect(0)).json();
    assert_eq!(status["campaigns"][0]["state"], "settled");
    assert_eq!(world.simulator.ledger().len(), 5);
    world.run(&start("long.csv", "zweite")).await.expect(0);
    assert_eq!(world.simulator.ledger().len(), 205);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_while_sending_stops_it_with_a_word_and_nobody_gets_it_twice() {
    let world = World::start(World::usual(1)).await;
    world.list(60);
    let mut arguments = start("list.csv", "promo").to_vec();
    arguments[7] = "2s";
    let said = world.path("said.txt");
    let runner = limited(&world.command(&arguments), 740)
        .stdout(std::process::Stdio::null())
        .stderr(fs::File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let told = || {
        fs::read_to_string(&said)
            .unwrap()
            .contains("the database does not work")
    };
    until("the operator is told", told).await;
    let words = fs::read_to_string(&said).unwrap();
    assert!(
        words.contains("test.sqlite") && words.contains("free space"),
        "{words}"
    );
    assert_eq!(
        words.matches("the database does not work").count(),
        1,
        "{words}"
    );
    let sent = world.simulator.ledger().len();
    assert!((1..60).contains(&sent), "{sent}");
    // What cannot be saved cannot be brought to an end either: the second word ends it at once.
    let mut runner = runner;
    let id = rustix::process::Pid::from_child(&runner);
    for _ in 0..2 {
        let _gone = rustix::process::kill_process(id, rustix::process::Signal::INT);
        until("it takes the word", || {
            let words = fs::read_to_string(&said).unwrap();
            words.contains("stopping") || runner.try_wait().unwrap().is_some()
        })
        .await;
    }
    assert_ne!(ended(runner).await, 0);

    let resumed = world.run(&["resume", "--all"]).await;
    assert!([0, 6].contains(&resumed.code), "{resumed:?}");
    world.judge(60, "after the disk was full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_told_of_and_a_backup_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = filled(folder, 5_000).await;
    run(folder, &["backup", "copy.sqlite"]).await.expect(0);
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 8_192 * 4_096;
    bytes[middle..middle + 4_096].fill(0x5a);
    fs::write(&database, &bytes).unwrap();

    run(folder, &["suppress", "list", "--json"])
        .await
        .expect(1)
        .says("test.sqlite is damaged")
        .says("waha-campaign restore FILE --replace");
    run(folder, &["suppress", "list", "--lang", "id"])
        .await
        .expect(1)
        .says("test.sqlite rusak");
    run(folder, &["backup", "bad.sqlite"])
        .await
        .expect(1)
        .says("test.sqlite is damaged");
    assert!(!folder.join("bad.sqlite").exists(), "half a backup is none");

    run(
        folder,
        &["restore", "copy.sqlite", "--replace", "--lang", "id"],
    )
    .await
    .expect(0)
    .says("disimpan sebagai")
    .says("waha-campaign resume --all");
    // SQLite notes in the first page that the file was closed well.
    let kept = fs::read(folder.join("test.sqlite.before-restore")).unwrap();
    assert!(kept[4_096..] == bytes[4_096..]);
    assert_eq!(listed(folder).await, 5_000);
}
