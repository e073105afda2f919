//! Settings and where they come from: flags, then the environment, then `./waha-campaign.toml`, then the user's configuration.
//!
//! The API key comes from `WAHA_API_KEY` or from a file, never from a command line or a settings file: those are seen and copied.

mod place;
mod shown;

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use etcetera::{BaseStrategy as _, choose_base_strategy};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

pub(crate) use self::place::Place;
use crate::exit::{Exit, Failure};
use crate::language::{Cause, Language, Text};

/// The settings file looked for in the current folder, and in the user's configuration folder.
const FILE_NAME: &str = "waha-campaign.toml";
const DATABASE_NAME: &str = "waha-campaign.sqlite";
const DATABASE_FOLDER: &str = "waha-campaign";
/// WAHA's own default port.
const DEFAULT_URL: &str = "http://localhost:3000";
const DEFAULT_SESSION: &str = "default";
const DEFAULT_REGION: &str = "ID";
const DEFAULT_LOG: &str = "warn";

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArgs {
    /// The WAHA server [env WAHA_URL; http://localhost:3000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// A file that holds the API key; or put the key in WAHA_API_KEY
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The database: a file, or postgres://user@host/name; by default one per user, so that limits hold over all campaigns
    #[arg(long, global = true, value_name = "FILE or URL")]
    pub(crate) db: Option<PathBuf>,
    /// A file that holds the password of the database's URL; or put it in WAHA_CAMPAIGN_DB_PASSWORD
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) db_password_file: Option<PathBuf>,
    /// Settings from this file instead of ./waha-campaign.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Answers as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The language of what you read: en, id [env WAHA_CAMPAIGN_LANG, LANG]
    #[arg(long, global = true, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: Option<Language>,
    /// What to log to standard error: error, warn, info, debug, or by part: waha_client=debug
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// Against a simulator only: the clock runs so many times as fast
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "N",
        requires = "clock_origin"
    )]
    pub(crate) clock_speed: Option<f64>,
    /// Against a simulator only: the moment at which that clock shows the true time
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "UNIX_SECONDS",
        requires = "clock_speed"
    )]
    pub(crate) clock_origin: Option<i64>,
    /// Against a simulator only: as if the machine had been started anew so many times
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "N",
        default_value_t = 0,
        requires = "clock_speed"
    )]
    pub(crate) clock_restarts: u64,
}

/// One place's worth of settings. In a file, its keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    url: Option<String>,
    key_file: Option<PathBuf>,
    db: Option<PathBuf>,
    db_password_file: Option<PathBuf>,
    log: Option<String>,
    lang: Option<String>,
    session: Option<OneOrMore>,
    if_held: Option<String>,
    region: Option<String>,
    zone: Option<String>,
    hours: Option<String>,
    gap: Option<String>,
    per_day: Option<String>,
    #[serde(default)]
    window: Vec<String>,
    preset: Option<String>,
    rest: Option<String>,
    warm_up: Option<String>,
    restart: Option<String>,
    count_by_hand: Option<String>,
    #[serde(default)]
    engine: EngineLayer,
    #[serde(skip)]
    origin: Origin,
}

/// Names in a settings file: one, several with commas between them, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn names(self) -> Vec<String> {
        match self {
            OneOrMore::One(names) => names.split(',').map(|it| it.trim().to_owned()).collect(),
            OneOrMore::More(names) => names,
        }
    }
}

/// The engine's waits, in seconds, for those who must change them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineLayer {
    seed: Option<u64>,
    send_deadline_seconds: Option<f64>,
    hold_horizon_text_seconds: Option<f64>,
    hold_horizon_media_seconds: Option<f64>,
    absence_horizon_text_seconds: Option<f64>,
    absence_horizon_media_seconds: Option<f64>,
    silence_seconds: Option<f64>,
    ack_time_seconds: Option<f64>,
    observe_every_seconds: Option<f64>,
    hold_min_seconds: Option<f64>,
    hold_max_seconds: Option<f64>,
    restriction_hold_seconds: Option<f64>,
    pause_min_seconds: Option<f64>,
    pause_max_seconds: Option<f64>,
    in_flight_max: Option<u16>,
    lease_seconds: Option<f64>,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    Flag,
    Environment,
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("by default"),
            Origin::Flag => f.write_str("on the command line"),
            Origin::Environment => f.write_str("in the environment"),
            Origin::File(path) => write!(f, "in {}", path.display()),
        }
    }
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl Setting<String> {
    /// It cannot be used, and why.
    pub(crate) fn wrong(&self, what: &'static str, why: impl Into<Cause>) -> Failure {
        Failure::new(
            Exit::Usage,
            Text::WrongSetting {
                what,
                value: self.value.clone(),
                origin: self.origin.clone(),
                why: why.into(),
            },
        )
    }
}

/// The clock of a simulator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FastClock {
    pub(crate) speed: f64,
    pub(crate) origin_seconds: i64,
    pub(crate) restarts: u64,
}

/// All settings of one run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) url: Setting<String>,
    pub(crate) key: Option<Setting<SecretString>>,
    pub(crate) db: Setting<Place>,
    pub(crate) log: Setting<String>,
    pub(crate) language: Setting<Language>,
    pub(crate) is_json: bool,
    pub(crate) fast_clock: Option<FastClock>,
    db_password: Option<SecretString>,
    layers: Vec<Layer>,
}

impl Settings {
    /// Settings as flags, environment and files give them.
    ///
    /// # Errors
    /// Naming the file and what is wrong in it.
    pub(crate) fn load(args: &GlobalArgs) -> Result<Self, Failure> {
        let mut layers = vec![from_environment()];
        match &args.config {
            Some(path) => layers.push(read_file(path)?.ok_or_else(|| {
                let why = io::Error::from(io::ErrorKind::NotFound);
                unreadable(path, &why)
            })?),
            None => layers.extend(read_file(Path::new(FILE_NAME))?),
        }
        if let Ok(folders) = choose_base_strategy() {
            let folder = folders.config_dir().join(DATABASE_FOLDER);
            layers.extend(read_file(&folder.join(FILE_NAME))?);
        }
        Self::assemble(args, layers)
    }

    /// Settings that owe nothing to flags, environment or files but how to answer: for a demonstration.
    pub(crate) fn alone(url: String, key: SecretString, db: PathBuf, other: &Settings) -> Self {
        Self {
            url: Setting {
                value: url,
                origin: Origin::Default,
            },
            key: Some(Setting {
                value: key,
                origin: Origin::Default,
            }),
            db: Setting {
                value: Place::File(db),
                origin: Origin::Default,
            },
            log: other.log.clone(),
            language: other.language.clone(),
            is_json: other.is_json,
            fast_clock: None,
            db_password: None,
            layers: Vec::new(),
        }
    }

    fn assemble(args: &GlobalArgs, layers: Vec<Layer>) -> Result<Self, Failure> {
        let url = first(
            &args.url,
            &layers,
            |layer| &layer.url,
            || DEFAULT_URL.to_owned(),
        );
        let db = match first_set(&args.db, &layers, |layer| &layer.db) {
            Some(db) => db,
            None => Setting {
                value: default_database()?,
                origin: Origin::Default,
            },
        };
        let password_file = first_set(&args.db_password_file, &layers, |layer| {
            &layer.db_password_file
        });
        let db_password = read_secret("WAHA_CAMPAIGN_DB_PASSWORD", password_file.as_ref())?;
        let db_password = db_password.map(|set| set.value);
        let db = Place::of(db, db_password.as_ref())?;
        let log = first(
            &args.log,
            &layers,
            |layer| &layer.log,
            || DEFAULT_LOG.to_owned(),
        );
        let key_file = first_set(&args.key_file, &layers, |layer| &layer.key_file);
        let fast_clock = args
            .clock_speed
            .zip(args.clock_origin)
            .map(|(speed, origin_seconds)| FastClock {
                speed,
                origin_seconds,
                restarts: args.clock_restarts,
            });
        Ok(Self {
            url,
            key: read_secret("WAHA_API_KEY", key_file.as_ref())?,
            db,
            language: language(args, &layers)?,
            log,
            is_json: args.json,
            fast_clock,
            db_password,
            layers,
        })
    }

    /// Another database, that an argument names.
    ///
    /// # Errors
    /// As for the one that is set.
    pub(crate) fn place(&self, given: &Path) -> Result<Place, Failure> {
        let given = Setting {
            value: given.to_owned(),
            origin: Origin::Flag,
        };
        Ok(Place::of(given, self.db_password.as_ref())?.value)
    }

    /// The session, for what is about one of them: the first, where several are set.
    pub(crate) fn session(&self, flag: &Option<String>) -> Setting<String> {
        let flag: Vec<String> = flag.iter().cloned().collect();
        let all = self.sessions(&flag);
        Setting {
            value: all
                .value
                .into_iter()
                .next()
                .unwrap_or_else(|| DEFAULT_SESSION.to_owned()),
            origin: all.origin,
        }
    }

    /// The sessions that a campaign is sent from.
    pub(crate) fn sessions(&self, flag: &[String]) -> Setting<Vec<String>> {
        let flag = (!flag.is_empty()).then(|| OneOrMore::More(flag.to_vec()));
        let set = first(
            &flag,
            &self.layers,
            |layer| &layer.session,
            || OneOrMore::One(DEFAULT_SESSION.to_owned()),
        );
        Setting {
            value: set.value.names(),
            origin: set.origin,
        }
    }

    pub(crate) fn if_held(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.if_held)
    }

    pub(crate) fn region(&self, flag: &Option<String>) -> Setting<String> {
        first(
            flag,
            &self.layers,
            |layer| &layer.region,
            || DEFAULT_REGION.to_owned(),
        )
    }

    pub(crate) fn zone(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.zone)
    }

    pub(crate) fn hours(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.hours)
    }

    pub(crate) fn gap(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.gap)
    }

    pub(crate) fn per_day(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.per_day)
    }

    pub(crate) fn windows(&self, flag: &[String]) -> Option<Setting<Vec<String>>> {
        if !flag.is_empty() {
            return Some(Setting {
                value: flag.to_vec(),
                origin: Origin::Flag,
            });
        }
        self.layers
            .iter()
            .find(|layer| !layer.window.is_empty())
            .map(|layer| Setting {
                value: layer.window.clone(),
                origin: layer.origin.clone(),
            })
    }

    pub(crate) fn preset(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.preset)
    }

    pub(crate) fn rest(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.rest)
    }

    pub(crate) fn warm_up(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.warm_up)
    }

    pub(crate) fn restart(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.restart)
    }

    pub(crate) fn count_by_hand(&self, flag: &Option<String>) -> Option<Setting<String>> {
        first_set(flag, &self.layers, |layer| &layer.count_by_hand)
    }

    /// What the wall clock shows: on a simulator's clock, what that shows.
    pub(crate) fn wall(&self) -> Timestamp {
        let now = Timestamp::now();
        let Some(clock) = self.fast_clock else {
            return now;
        };
        let origin = Timestamp::from_second(clock.origin_seconds).unwrap_or(now);
        let passed = now.duration_since(origin).as_secs_f64() * clock.speed;
        SignedDuration::try_from_secs_f64(passed)
            .ok()
            .and_then(|passed| origin.checked_add(passed).ok())
            .unwrap_or(now)
    }

    /// The engine's waits. Its chance is drawn anew for each run unless a seed is set.
    pub(crate) fn engine(&self) -> campaign_core::engine::Settings {
        use std::hash::{BuildHasher, Hasher, RandomState};

        let mut engine = campaign_core::engine::Settings {
            seed: RandomState::new().build_hasher().finish(),
            ..Default::default()
        };
        for layer in self.layers.iter().rev().map(|layer| &layer.engine) {
            if let Some(seed) = layer.seed {
                engine.seed = seed;
            }
            for (wait, seconds) in [
                (&mut engine.send_deadline, layer.send_deadline_seconds),
                (
                    &mut engine.hold_horizon_text,
                    layer.hold_horizon_text_seconds,
                ),
                (
                    &mut engine.hold_horizon_media,
                    layer.hold_horizon_media_seconds,
                ),
                (
                    &mut engine.absence_horizon_text,
                    layer.absence_horizon_text_seconds,
                ),
                (
                    &mut engine.absence_horizon_media,
                    layer.absence_horizon_media_seconds,
                ),
                (&mut engine.silence, layer.silence_seconds),
                (&mut engine.ack_time, layer.ack_time_seconds),
                (&mut engine.observe_every, layer.observe_every_seconds),
                (&mut engine.hold_min, layer.hold_min_seconds),
                (&mut engine.hold_max, layer.hold_max_seconds),
                (&mut engine.restriction_hold, layer.restriction_hold_seconds),
                (&mut engine.pause_min, layer.pause_min_seconds),
                (&mut engine.pause_max, layer.pause_max_seconds),
            ] {
                if let Some(seconds) = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                    *wait = seconds;
                }
            }
        }
        engine
    }

    /// For how long a worker has its lease from when it renewed it: all workers of a database must have the same.
    pub(crate) fn lease(&self) -> Option<Duration> {
        let seconds = self
            .layers
            .iter()
            .find_map(|layer| layer.engine.lease_seconds)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Sends under way at once on a lane without a gap.
    pub(crate) fn in_flight_max(&self) -> Option<u16> {
        self.layers
            .iter()
            .find_map(|layer| layer.engine.in_flight_max)
    }
}

fn first_set<T: Clone>(
    flag: &Option<T>,
    layers: &[Layer],
    of: impl Fn(&Layer) -> &Option<T>,
) -> Option<Setting<T>> {
    let flag = flag.clone().map(|value| Setting {
        value,
        origin: Origin::Flag,
    });
    flag.or_else(|| {
        layers.iter().find_map(|layer| {
            Some(Setting {
                value: of(layer).clone()?,
                origin: layer.origin.clone(),
            })
        })
    })
}

fn first<T: Clone>(
    flag: &Option<T>,
    layers: &[Layer],
    of: impl Fn(&Layer) -> &Option<T>,
    default: impl FnOnce() -> T,
) -> Setting<T> {
    first_set(flag, layers, of).unwrap_or_else(|| Setting {
        value: default(),
        origin: Origin::Default,
    })
}

/// By flag, `WAHA_CAMPAIGN_LANG` or settings file; else the system's, else English.
fn language(args: &GlobalArgs, layers: &[Layer]) -> Result<Setting<Language>, Failure> {
    let of = |value, origin| Setting { value, origin };
    if let Some(language) = args.lang {
        return Ok(of(language, Origin::Flag));
    }
    let Some(set) = first_set(&None, layers, |layer| &layer.lang) else {
        return Ok(match Language::of_environment() {
            Some(language) => of(language, Origin::Environment),
            None => of(Language::default(), Origin::Default),
        });
    };
    match Language::of(&set.value) {
        Some(language) => Ok(of(language, set.origin)),
        None => Err(set.wrong("lang", Cause::Example("en or id"))),
    }
}

fn from_environment() -> Layer {
    // A variable that is set to nothing is not set: compose files leave such ones behind.
    let named = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let ours = |name: &str| named(&format!("WAHA_CAMPAIGN_{name}"));
    Layer {
        url: named("WAHA_URL").or_else(|| named("WAHA_BASE_URL")),
        key_file: ours("KEY_FILE").map(PathBuf::from),
        db: ours("DB").map(PathBuf::from),
        db_password_file: ours("DB_PASSWORD_FILE").map(PathBuf::from),
        log: ours("LOG"),
        lang: ours("LANG"),
        session: ours("SESSION").map(OneOrMore::One),
        if_held: ours("IF_HELD"),
        region: ours("REGION"),
        zone: ours("ZONE"),
        hours: ours("HOURS"),
        gap: ours("GAP"),
        per_day: ours("PER_DAY"),
        window: ours("WINDOW")
            .map(|windows| {
                windows
                    .split(',')
                    .map(|one| one.trim().to_owned())
                    .collect()
            })
            .unwrap_or_default(),
        preset: ours("PRESET"),
        rest: ours("REST"),
        warm_up: ours("WARM_UP"),
        restart: ours("RESTART"),
        count_by_hand: ours("COUNT_BY_HAND"),
        engine: EngineLayer::default(),
        origin: Origin::Environment,
    }
}

fn read_file(path: &Path) -> Result<Option<Layer>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut layer: Layer = toml::from_str(&text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            Text::SettingsFile {
                path: path.display().to_string(),
                why: error.to_string(),
            },
        )
    })?;
    // Paths in a settings file begin at that file, wherever the program is called from.
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = [&mut layer.key_file, &mut layer.db_password_file];
    for relative in files.into_iter().flatten() {
        *relative = folder.join(&relative);
    }
    let db = layer.db.as_deref().and_then(place::file);
    if let Some(file) = db.map(|file| folder.join(file)) {
        layer.db = Some(file);
    }
    layer.origin = Origin::File(path.to_owned());
    Ok(Some(layer))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        Text::Unreadable {
            path: path.display().to_string(),
            why: error.to_string(),
        },
    )
}

fn read_secret(
    variable: &str,
    file: Option<&Setting<PathBuf>>,
) -> Result<Option<Setting<SecretString>>, Failure> {
    if let Ok(key) = env::var(variable)
        && !key.trim().is_empty()
    {
        return Ok(Some(Setting {
            value: key.trim().to_owned().into(),
            origin: Origin::Environment,
        }));
    }
    let Some(Setting { value: path, .. }) = file else {
        return Ok(None);
    };
    let key = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let key = key.trim();
    Ok((!key.is_empty()).then(|| Setting {
        value: key.to_owned().into(),
        origin: Origin::File(path.clone()),
    }))
}

/// One database per user. Limits belong to a WhatsApp account: with a database per folder each of them would allow a whole day's worth again.
fn default_database() -> Result<PathBuf, Failure> {
    let folders =
        choose_base_strategy().map_err(|_| Failure::new(Exit::Usage, Text::NoDataFolder))?;
    let folder = if cfg!(windows) {
        // LOCALAPPDATA: Windows copies the other folder from computer to computer when somebody logs on, under a running database too.
        folders.cache_dir()
    } else {
        folders.data_dir()
    };
    Ok(folder.join(DATABASE_FOLDER).join(DATABASE_NAME))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn layer(origin: Origin, session: Option<&str>) -> Layer {
        Layer {
            session: session.map(|name| OneOrMore::One(name.to_owned())),
            origin,
            ..Layer::default()
        }
    }

    #[test]
    fn flags_come_before_the_environment_and_that_before_files() {
        let file = Origin::File("f.toml".into());
        let args = GlobalArgs {
            db: Some("x.sqlite".into()),
            ..GlobalArgs::default()
        };
        let settings = |layers| Settings::assemble(&args, layers).unwrap();
        let both = settings(vec![
            layer(Origin::Environment, Some("env")),
            layer(file.clone(), Some("file")),
        ]);
        assert_eq!(both.session(&Some("flag".into())).origin, Origin::Flag);
        assert_eq!(both.session(&None).value, "env");
        let one = settings(vec![
            layer(Origin::Environment, None),
            layer(file.clone(), Some("file")),
        ]);
        assert_eq!(
            one.session(&None),
            Setting {
                value: "file".to_owned(),
                origin: file
            }
        );
        assert_eq!(settings(vec![]).session(&None).value, DEFAULT_SESSION);
        let several = settings(vec![layer(Origin::Environment, Some("toko, toko2"))]);
        assert_eq!(several.sessions(&[]).value, ["toko", "toko2"]);
        assert_eq!(several.session(&None).value, "toko");
        let listed: Layer = toml::from_str("session = [\"a\", \"b\"]").unwrap();
        assert_eq!(settings(vec![listed]).sessions(&[]).value, ["a", "b"]);
    }

    #[test]
    fn a_settings_file_may_not_hold_a_key_or_anything_unknown() {
        assert!(toml::from_str::<Layer>("api_key = \"secret\"").is_err());
        assert!(toml::from_str::<Layer>("[engine]\nsilence = 3").is_err());
        let layer: Layer =
            toml::from_str("window = [\"30/1m\"]\n[engine]\nsilence_seconds = 1.5").unwrap();
        assert_eq!(layer.window, ["30/1m"]);
        assert_eq!(layer.engine.silence_seconds, Some(1.5));
    }
}
