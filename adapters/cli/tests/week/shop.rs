//! The shop: its folder, its phone, its computer, and what is done there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use waha_simulator::{Fault, FaultRates, Simulator, Status};

use crate::clock::{Clock, SPEED};
use crate::page::{Language, Page};
use crate::verdict::Verdict;
use crate::world::{bare, phone};

const PHONE: &str = "6281200000001";
/// Where tests go.
const OWN: u64 = 6_281_200_000_002;
const PEOPLE: u32 = 46;
/// Two more, whose numbers were mistyped.
const MENDED: [u32; 2] = [900, 901];
/// Who answers that he wants no more, before his turn has come.
pub(crate) const OPTED_OUT: u32 = PEOPLE - 1;
const KEY: &str = "5f2c9b0e7d4a41c8a6e35b1d90f7c2e84b6a3d1f0c9e8b7a";

pub(crate) struct Shop {
    pub(crate) simulator: Simulator,
    home: tempfile::TempDir,
    folder: PathBuf,
    clock: Clock,
    page: Page,
}

/// A command while it runs.
pub(crate) struct Running {
    child: Child,
    shown: PathBuf,
}

impl Drop for Running {
    /// A week that fails leaves nobody behind who goes on sending.
    fn drop(&mut self) {
        let _has_ended = self.child.kill();
    }
}

impl Shop {
    pub(crate) async fn open(language: Language) -> Self {
        let simulator = Simulator::builder()
            .seed(1)
            .speed(SPEED as f64)
            .key(KEY)
            .start()
            .await
            .unwrap();
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("toko");
        fs::create_dir(&folder).unwrap();
        let settings = format!(
            "url = \"{}\"\nkey_file = \"key\"\nlang = \"{}\"\ndb = \"toko.sqlite\"\nhours = \"Mon-Sat 08:00-20:00\"\ngap = \"30s..60s\"\nper_day = \"12\"\n",
            simulator.url(),
            language.code()
        );
        let text = language.pick(
            "Hello {{nama}}, your bill of {{tagihan | rupiah}} is due on {{jatuh_tempo | date}}.\n",
            "Halo {{nama}}, tagihan Anda {{tagihan | rupiah}} jatuh tempo {{jatuh_tempo | date}}.\n",
        );
        fs::write(folder.join("waha-campaign.toml"), settings).unwrap();
        fs::write(folder.join("key"), KEY).unwrap();
        fs::write(folder.join("pesan.txt"), text).unwrap();
        fs::write(folder.join("pelanggan.csv"), list()).unwrap();
        Self {
            simulator,
            home,
            folder,
            clock: Clock::default(),
            page: Page::new(language),
        }
    }

    pub(crate) fn day(&mut self, local: &str, english: &str, indonesian: &str) {
        self.clock.put(local);
        self.page.heading(english, indonesian);
    }

    pub(crate) fn moment(&mut self, local: &str, english: &str, indonesian: &str) {
        self.clock.put(local);
        self.page.remark(english, indonesian);
    }

    pub(crate) fn remark(&mut self, english: &str, indonesian: &str) {
        self.page.remark(english, indonesian);
    }

    pub(crate) fn shows(&mut self, file: &str) {
        self.shows_some(file, usize::MAX);
    }

    pub(crate) fn shows_some(&mut self, file: &str, lines: usize) {
        let typed = match lines {
            usize::MAX => words(&["cat", file]),
            lines => words(&["head", &format!("-{lines}"), file]),
        };
        self.page.line(&format!("$ {typed}"));
        let content = fs::read_to_string(self.folder.join(file)).unwrap();
        for line in content.trim_start_matches('\u{feff}').lines().take(lines) {
            let line = self.cleaned(line);
            self.page.line(&line);
        }
    }

    /// Runs a command to its end.
    pub(crate) async fn does(&mut self, arguments: &[&str], code: i32) {
        let running = self.starts(arguments);
        self.ends(running, code).await;
    }

    /// Runs a command that shows a code, and scans it.
    pub(crate) async fn scans(&mut self, arguments: &[&str]) {
        let mut running = self.starts(arguments);
        self.waits(&mut running, "a code", |shop, shown| {
            let waits = shop.simulator.status("default") == Some(Status::ScanQrCode);
            waits && shown().lines().any(is_drawn)
        })
        .await;
        self.simulator.pair("default", PHONE).unwrap();
        self.ends(running, 0).await;
    }

    pub(crate) fn starts(&mut self, arguments: &[&str]) -> Running {
        self.page
            .line(&format!("$ waha-campaign {}", words(arguments)));
        let shown = self.home.path().join("shown");
        let screen = File::create(&shown).unwrap();
        let mut command: Command = bare(&self.folder, arguments);
        command
            .args(self.clock.arguments())
            .stdout(screen.try_clone().unwrap())
            .stderr(screen);
        Running {
            child: command.spawn().unwrap(),
            shown,
        }
    }

    /// Waits for its end, and keeps what it showed.
    pub(crate) async fn ends(&mut self, running: Running, code: i32) {
        let (running, status) = tokio::task::spawn_blocking(move || {
            let mut running = running;
            let status = running.child.wait().unwrap();
            (running, status)
        })
        .await
        .unwrap();
        let shown = || fs::read_to_string(&running.shown).unwrap();
        assert_eq!(status.code(), Some(code), "{}", shown());
        self.keep(&running.shown);
        if code != 0 {
            let (english, indonesian) = ("exit code", "kode keluar");
            let words = self.page.language.pick(english, indonesian);
            self.page.line(&format!("({words} {code})"));
        }
        self.page.line("");
    }

    /// It is gone from one moment to the next.
    pub(crate) async fn loses_power(&mut self, mut running: Running) {
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        self.keep(&running.shown);
        self.clock.restart();
    }

    fn keep(&mut self, shown: &Path) {
        let shown = fs::read_to_string(shown).unwrap();
        let mut was_drawn = false;
        for line in shown.lines() {
            let is_drawn = is_drawn(line);
            if is_drawn && !was_drawn {
                self.page.line("    [QR]");
            } else if !is_drawn {
                let line = self.cleaned(line);
                self.page.line(&line);
            }
            was_drawn = is_drawn;
        }
    }

    /// Without what is this machine's.
    fn cleaned(&self, line: &str) -> String {
        let home = self.home.path().to_str().unwrap();
        line.replace(self.simulator.url(), "http://localhost:3000")
            .replace(home, "/home/ani")
    }

    fn sent(&self) -> usize {
        self.simulator.ledger().len()
    }

    /// Waits until a command has sent so many messages.
    pub(crate) async fn sends(&self, running: &mut Running, messages: usize) {
        let messages = self.sent() + messages;
        self.waits(running, "the next message", |shop, _| {
            shop.sent() >= messages
        })
        .await;
    }

    /// Waits for something that comes about while a command runs.
    async fn waits(
        &self,
        running: &mut Running,
        what: &str,
        has_come: impl Fn(&Self, &dyn Fn() -> String) -> bool,
    ) {
        let Running { child, shown } = running;
        let shown = || fs::read_to_string(&*shown).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !has_come(self, &shown) {
            let has_ended = child.try_wait().unwrap().is_some();
            let is_late = has_ended || Instant::now() > deadline;
            assert!(!is_late, "{what} did not come about: {}", shown());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// WhatsApp refuses the next message.
    pub(crate) async fn one_is_refused(&self, running: &mut Running) {
        let faults = self.simulator.faults();
        faults.set(FaultRates::none().with(Fault::AckError, 1.0));
        self.sends(running, 1).await;
        faults.set(FaultRates::none());
    }

    pub(crate) fn writes(&self, person: u32, text: &str) {
        let from = phone(person).to_string();
        let name = format!("Pelanggan {person}");
        self.simulator
            .inbound("default", &from, &name, text)
            .unwrap();
    }

    /// Puts right what was mistyped.
    pub(crate) fn mends(&self, file: &str) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let mended = MISTYPED
            .iter()
            .zip(MENDED)
            .fold(text.clone(), |text, (wrong, person)| {
                text.replace(wrong, &local(person))
            });
        assert_ne!(mended, text);
        fs::write(path, mended).unwrap();
    }

    /// Everything but the database goes to another computer, and a backup.
    pub(crate) fn moves(&mut self, backup: &str) {
        let other = self.home.path().join("toko-baru");
        fs::create_dir(&other).unwrap();
        for file in [
            "waha-campaign.toml",
            "key",
            "pesan.txt",
            "pelanggan.csv",
            backup,
        ] {
            fs::copy(self.folder.join(file), other.join(file)).unwrap();
        }
        self.folder = other;
    }

    /// Judges the week, and keeps its page.
    pub(crate) fn close(mut self) {
        let people = (0..PEOPLE)
            .chain(MENDED)
            .filter(|person| *person != OPTED_OUT);
        let people: BTreeSet<u64> = people.map(phone).collect();
        let verdict = Verdict::of(&self.simulator.ledger(), &self.clock, &people, OWN);
        let Verdict {
            messages,
            days,
            most_in_a_day,
            smallest_gap,
            first,
            last,
        } = verdict;
        let (count, gap) = (people.len(), smallest_gap.as_secs());
        let (first, last) = (first.strftime("%H:%M"), last.strftime("%H:%M"));
        self.page
            .heading("The simulator's ledger", "Buku besar simulator");
        self.page.remark(
            "Nobody twice, nobody lost, no limit violated. As WhatsApp had it:",
            "Tidak ada yang dua kali, tidak ada yang hilang, tidak ada batas yang dilanggar. Menurut WhatsApp:",
        );
        let words = match self.page.language {
            Language::English => format!(
                "{messages} messages, 2 of them tests; {count} people have it, each once\nat most {most_in_a_day} in a day ({days} days); the shortest pause {gap} s; between {first} and {last}"
            ),
            Language::Indonesian => format!(
                "{messages} pesan, 2 di antaranya uji coba; {count} orang menerimanya, masing-masing sekali\npaling banyak {most_in_a_day} sehari ({days} hari); jeda terpendek {gap} detik; antara {first} dan {last}"
            ),
        };
        for line in words.lines() {
            self.page.line(line);
        }
        self.page.close();
    }
}

const MISTYPED: [&str; 2] = ["0813-10", "08131"];

fn list() -> String {
    let mut csv = String::from("nama,no hp,tagihan,jatuh tempo\n");
    let mut row = |name: &str, phone: &str, bill: u32| {
        csv.push_str(&format!(
            "{name},{phone},{},2026-06-{:02}\n",
            150_000 + bill * 2_500,
            10 + bill % 15
        ));
    };
    for person in 0..PEOPLE {
        row(&name(person), &local(person), person);
    }
    for (person, wrong) in MENDED.into_iter().zip(MISTYPED) {
        row(&name(person), wrong, person % 40);
    }
    // Who is on the list twice.
    row("Pak Budi", &local(0), 0);
    csv
}

fn name(person: u32) -> String {
    const FIRST: [&str; 8] = [
        "Budi", "Siti", "Agus", "Dewi", "Joko", "Rina", "Eko", "Tuti",
    ];
    const LAST: [&str; 6] = [
        "Santoso", "Aminah", "Wijaya", "Lestari", "Saputra", "Hidayat",
    ];
    let (first, last) = (
        person as usize % FIRST.len(),
        person as usize / FIRST.len() % LAST.len(),
    );
    format!("{} {}", FIRST[first], LAST[last])
}

/// A person's number as people write it.
pub(crate) fn local(person: u32) -> String {
    let digits = phone(person).to_string();
    format!("0{}-{}-{}", &digits[2..5], &digits[5..9], &digits[9..])
}

fn words(arguments: &[&str]) -> String {
    shlex::try_join(arguments.iter().copied()).unwrap()
}

/// A line of a code that is scanned.
fn is_drawn(line: &str) -> bool {
    line.contains(['█', '▀', '▄'])
}
