//! What stands on a terminal, or in a log, while a campaign runs and when it has ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use waha_simulator::{Fault, FaultRates};
use world::World;

const PEOPLE: u32 = 12;

async fn troubled() -> World {
    let rates = FaultRates::none().with(Fault::AckError, 0.4);
    let world = World::start(World::usual(1).faults(rates)).await;
    world.list(PEOPLE);
    world
}

fn start() -> Vec<&'static str> {
    let mut words = vec!["start", "list.csv", "--name"];
    words.push("tagihan bulan mei untuk semua pelanggan di Jawa Barat dan sekitarnya");
    words.extend(["--template", "Halo {{nama}}", "--yes", "--log", "info"]);
    words.extend(["--gap", "5s..8s", "--per-day", "none"]);
    words
}

#[cfg(unix)]
mod terminal {
    use waha_simulator::FaultRates;

    use super::{start, troubled};
    use crate::world::World;
    use crate::world::terminal::{Terminal, Window};

    async fn shown(world: &World, columns: u16, environment: &[(&str, &str)]) -> (String, Window) {
        let mut command = world.command(&start());
        command.envs(environment.iter().copied());
        let terminal = Terminal::run(command, 24, columns);
        terminal.shows("waha-campaign report").await;
        let text = terminal.text();
        let _failures = terminal.ended().await;
        let window = Window::of(&text, columns.into());
        (text, window)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_line_is_wider_than_the_window_and_no_bar_stays_behind() {
        for (columns, environment) in [
            (
                80,
                &[("TERM", "xterm-256color"), ("LANG", "id_ID.UTF-8")][..],
            ),
            (120, &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]),
            (80, &[("TERM", "xterm"), ("NO_COLOR", "1"), ("LC_ALL", "C")]),
        ] {
            let world = troubled().await;
            let (text, window) = shown(&world, columns, environment).await;
            assert!(text.contains(" %  "), "a bar was drawn: {text}");
            let commands = |line: &&String| !line.contains("waha-campaign");
            let wide: Vec<_> = window.too_wide.iter().filter(commands).collect();
            assert!(wide.is_empty(), "{columns} {environment:?}: {wide:#?}");
            let bars: Vec<_> = window
                .lines
                .iter()
                .filter(|line| line.contains(" %  "))
                .collect();
            assert!(bars.is_empty(), "{columns} {environment:?}: {bars:#?}");
            let is_ascii = environment.contains(&("LC_ALL", "C"));
            assert_eq!(text.is_ascii(), is_ascii, "{environment:?}: {text}");
            let colors = text.split("\u{1b}[").filter(|part| {
                part.split_once('m')
                    .is_some_and(|(codes, _)| codes.chars().all(|c| c.is_ascii_digit() || c == ';'))
            });
            assert!(
                colors.count() == 0 || environment.iter().all(|(name, _)| *name != "NO_COLOR"),
                "{text}"
            );
            world.simulator.faults().set(FaultRates::none());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_terminal_that_cannot_redraw_gets_plain_lines() {
        let world = troubled().await;
        let (text, window) = shown(&world, 80, &[("TERM", "dumb"), ("LANG", "C")]).await;
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(
            text.contains(&format!("/{}", super::PEOPLE)),
            "progress is told: {text}"
        );
        let commands = |line: &&String| !line.contains("waha-campaign");
        let wide: Vec<_> = window.too_wide.iter().filter(commands).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_gets_plain_lines_and_nothing_drawn() {
    let world = troubled().await;
    for term in ["xterm-256color", "dumb"] {
        let mut command = world.command(&start());
        command.envs([("TERM", term), ("LANG", "id_ID.UTF-8")]);
        let ran = world::ran(command).await;
        assert!([0, 5].contains(&ran.code), "{ran:?}");
        for text in [&ran.stdout, &ran.stderr] {
            let strange = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(strange, None, "{text}");
            assert!(text.is_ascii(), "{text}");
        }
        let told = ran
            .stderr
            .lines()
            .filter(|line| line.contains(&format!("/{PEOPLE}, ")));
        if term == "xterm-256color" {
            assert!(told.count() >= 1, "progress is told: {}", ran.stderr);
        }
    }
}
