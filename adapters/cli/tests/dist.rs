//! What is shipped beside the program: units, container, compose file, pages for operators.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(here().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in `${NAME}` and `${NAME:?...}`.
fn variables(text: &str) -> BTreeSet<&str> {
    let named = text.split("${").skip(1);
    named
        .map(|rest| rest.split(['}', ':']).next().unwrap())
        .collect()
}

#[test]
fn the_compose_file_has_no_secret_and_no_open_door() {
    let text = read("dist/compose.yaml");
    let documents = YamlLoader::load_from_str(&text).unwrap();
    let compose = &documents[0];
    let services = compose["services"].as_hash().unwrap();
    assert_eq!(services.len(), 2);
    let volumes = compose["volumes"].as_hash().unwrap();
    for (name, service) in services {
        let name = name.as_str().unwrap();
        for port in service["ports"].as_vec().into_iter().flatten() {
            let port = port.as_str().unwrap();
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        for (variable, value) in service["environment"].as_hash().unwrap() {
            let variable = variable.as_str().unwrap();
            let value = value
                .as_str()
                .unwrap_or_else(|| panic!("{variable} is no text"));
            let is_secret = ["KEY", "PASSWORD", "SECRET", "TOKEN"]
                .iter()
                .any(|word| variable.contains(word));
            assert!(!is_secret || value.starts_with("${"), "{name}: {variable}");
        }
        for volume in service["volumes"].as_vec().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            let is_named = volumes.contains_key(&Yaml::String(source.to_owned()));
            assert!(is_named || source.starts_with("${"), "{name}: {source}");
        }
    }
    let waha = &compose["services"]["waha"];
    assert!(waha["healthcheck"]["test"].as_vec().is_some());
    let sessions = waha["volumes"].as_vec().unwrap()[0].as_str();
    assert_eq!(sessions, Some("sessions:/app/.sessions"));

    let example = read("dist/.env.example");
    let lines = example.lines().filter(|line| !line.starts_with('#'));
    let given: BTreeSet<&str> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(variables(&text), given, "as many in one as in the other");
    assert!(
        example.contains("\nWAHA_API_KEY=\n"),
        "no key is given away"
    );
    let image = example
        .lines()
        .find_map(|line| line.strip_prefix("WAHA_IMAGE="));
    assert!(image.is_some_and(|image| !image.ends_with(":latest")));
}

#[test]
fn variables_of_waha_are_those_of_its_own_documentation() {
    // https://waha.devlike.pro/docs/how-to/config/ and the example of its repository.
    const KNOWN: [&str; 7] = [
        "WAHA_API_KEY",
        "WHATSAPP_DEFAULT_ENGINE",
        "WHATSAPP_RESTART_ALL_SESSIONS",
        "WAHA_DASHBOARD_ENABLED",
        "WHATSAPP_SWAGGER_ENABLED",
        "WAHA_PRINT_QR",
        "TZ",
    ];
    let documents = YamlLoader::load_from_str(&read("dist/compose.yaml")).unwrap();
    let environment = &documents[0]["services"]["waha"]["environment"];
    for (variable, _) in environment.as_hash().unwrap() {
        let variable = variable.as_str().unwrap();
        assert!(KNOWN.contains(&variable), "{variable}");
    }
}

#[test]
fn the_container_is_built_from_what_is_there_and_is_nobody_special() {
    let text = read("dist/Dockerfile").replace("\\\n", " ");
    let words =
        |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let mut stages = BTreeSet::new();
    let mut user = None;
    for line in text.lines().map(words).filter(|line| !line.is_empty()) {
        match line[0].as_str() {
            "FROM" => {
                let image = &line[1];
                assert!(
                    image.contains(':') && !image.ends_with(":latest"),
                    "{image}"
                );
                user = None;
                stages.extend(line.get(3).cloned());
            }
            "COPY" => match line[1].strip_prefix("--from=") {
                Some(stage) => assert!(stages.contains(stage), "{stage}"),
                None => assert!(here().join("../..").join(&line[1]).exists(), "{}", line[1]),
            },
            "USER" => user = Some(line[1].clone()),
            "ENV" | "ARG" => assert!(!line[1].contains("KEY"), "{line:?}"),
            _ => {}
        }
    }
    assert!(user.is_some_and(|user| user.parse::<u32>().is_ok_and(|id| id > 0)));
    let version = env!("CARGO_PKG_RUST_VERSION");
    let oldest = version
        .rsplit_once(".0")
        .map_or(version, |(oldest, _)| oldest);
    assert!(
        text.contains(&format!("FROM rust:{oldest}-")),
        "built with {oldest}"
    );
    match Command::new("hadolint")
        .arg(here().join("dist/Dockerfile"))
        .output()
    {
        Ok(run) => assert!(run.status.success(), "{run:?}"),
        Err(_) => println!("skipped: hadolint is not installed"),
    }
}

#[test]
fn the_units_are_good_units_and_hold_no_key() {
    let service = read("dist/systemd/waha-campaign.service");
    let has = |line: &str| service.lines().any(|other| other == line);
    for line in [
        "EnvironmentFile=/etc/waha-campaign/environment",
        "ExecStart=/usr/local/bin/waha-campaign resume --all --no-wait",
        "StateDirectory=waha-campaign",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
    ] {
        assert!(has(line), "{line}");
    }
    assert!(!service.contains("API_KEY"));
    assert!(!read("dist/systemd/environment").contains("API_KEY"));
    for file in ["service", "timer"] {
        for line in read(&format!("dist/systemd/waha-campaign.{file}")).lines() {
            let is_good = line.is_empty() || line.starts_with(['#', '[']) || line.contains('=');
            assert!(is_good, "{line}");
        }
    }
    // The program must be where the unit says; here it is where it was built.
    let folder = tempfile::tempdir().unwrap();
    for file in ["waha-campaign.service", "waha-campaign.timer"] {
        let unit = read(&format!("dist/systemd/{file}"));
        let unit = unit.replace(
            "/usr/local/bin/waha-campaign",
            env!("CARGO_BIN_EXE_waha-campaign"),
        );
        std::fs::write(folder.path().join(file), unit).unwrap();
    }
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(folder.path().join("waha-campaign.service"))
        .arg(folder.path().join("waha-campaign.timer"))
        .output();
    match verify {
        Ok(run) => assert!(run.status.success() && run.stderr.is_empty(), "{run:?}"),
        Err(_) => println!("skipped: systemd-analyze is not installed"),
    }
}

fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for (place, part) in page.split("```").enumerate() {
        if place % 2 == 1 {
            blocks.push(part.to_owned());
        }
    }
    blocks
}

#[test]
fn both_pages_for_operators_say_the_same() {
    let pages = [read("docs/operators.md"), read("docs/operators.id.md")];
    let [english, indonesian] = &pages;
    let [first, second] = [english, indonesian].map(|page| blocks(page));
    assert_eq!(first.len(), second.len());
    // Names, texts and files are in the language of the page; the commands are not.
    const NAMES: [&str; 2] = ["try", "coba"];
    let commands = |block: &String| -> Vec<String> {
        let words = block.lines().map(|line| {
            let words = line.split_whitespace().take(3);
            words
                .filter(|word| !word.contains('.') && !NAMES.contains(word))
                .collect::<Vec<_>>()
                .join(" ")
        });
        words
            .filter(|line| line.starts_with("waha") || line.starts_with("docker"))
            .collect()
    };
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(commands(first), commands(second));
    }
    for page in &pages {
        let codes = page.lines().filter(|line| {
            let code = line.strip_prefix("| ").and_then(|line| line.chars().next());
            code.is_some_and(|code| code.is_ascii_digit())
        });
        assert_eq!(codes.count(), 8, "every exit code is there");
        for command in [
            "backup",
            "restore",
            "prune",
            "doctor",
            "resume --all --no-wait",
        ] {
            assert!(
                page.contains(&format!("waha-campaign {command}")),
                "{command}"
            );
        }
    }
}

#[test]
fn the_pages_lead_to_what_is_there() {
    let root = here().join("../..");
    for (page, folder) in [
        (read("../../README.md"), root.clone()),
        (read("docs/operators.md"), here().join("docs")),
        (read("docs/operators.id.md"), here().join("docs")),
        (read("docs/scaling.md"), here().join("docs")),
    ] {
        for link in page.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if !link.contains("://") {
                assert!(folder.join(Path::new(link)).exists(), "{link}");
            }
        }
    }
    assert!(read("../../README.md").contains("adapters/cli/docs/operators.md"));
}
