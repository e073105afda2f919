//! What a campaign is made of, from what Python gives.

use std::path::PathBuf;

use campaign_core::audience::Options;
use campaign_core::campaign::{
    Category, Definition, Missing, NumberCheck, Priority, Sessions, Source, Weight,
};
use campaign_core::consent::ConsentRule;
use campaign_core::gateway::Session;
use campaign_core::limits::{Hours, HoursPreset, Zone};
use campaign_core::message::MessageTemplate;
use campaign_core::phone::{LinePolicy, Region};
use jiff::Timestamp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::wrong;

/// Rows read, checked and imported at once.
const PAGE_ROWS: usize = 5_000;

/// As Python gives it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Given {
    name: String,
    sessions: Vec<String>,
    category: String,
    priority: String,
    weight: u8,
    consent: bool,
    check: String,
    again: bool,
    hours: Option<String>,
    zone: Option<String>,
    starts_at: Option<String>,
    expires_at: Option<String>,
    region: String,
    landlines: bool,
    phone: Option<String>,
    key: Option<String>,
    sheet: Option<String>,
    /// Where the list is, and what it is called.
    path: PathBuf,
    list: String,
    /// The list was written by [`super::rows`], and this is its hash.
    rows_hash: Option<String>,
    /// Its columns.
    columns: Vec<String>,
}

/// What is read and checked of it.
pub(super) struct Inputs {
    pub(super) definition: Definition,
    pub(super) options: Options,
    pub(super) path: PathBuf,
    /// The columns of a program's own list, whose rows count from the first of them.
    pub(super) own_columns: Option<Vec<String>>,
}

impl Given {
    pub(super) fn read(self, message: &MessageTemplate) -> PyResult<Inputs> {
        check_name(&self.name)?;
        let zone = zone(self.zone.as_deref())?;
        let category = category(&self.category)?;
        let region = Region::new(&self.region).map_err(|error| wrong("region", error))?;
        let sessions = self.sessions.iter().map(|name| Session::new(name));
        let sessions = Sessions::new(sessions).map_err(|error| wrong("session", error))?;
        let options = Options {
            region,
            lines: match self.landlines {
                true => LinePolicy::AnyLine,
                false => LinePolicy::MobileOnly,
            },
            sheet: self.sheet.clone(),
            phone: self.phone.clone(),
            key: self.key.clone(),
            encoding: self.rows_hash.is_some().then(|| "utf-8".to_owned()),
            page_rows: PAGE_ROWS,
            ..Options::default()
        };
        let definition = Definition {
            category,
            priority: one_of("priority", &Priority::ALL, Priority::name, &self.priority)?,
            weight: Weight::try_from(self.weight).map_err(|error| wrong("weight", error))?,
            consent: match self.consent {
                true => ConsentRule::Required,
                false => ConsentRule::NotRequired,
            },
            check: number_check(&self.check)?,
            may_repeat: self.again,
            // Whoever's message cannot be made is a rejected row.
            missing: Missing::Skip,
            hours: hours(self.hours.as_deref(), category, &zone)?,
            starts_at: moment("starts_at", self.starts_at.as_deref())?,
            expires_at: moment("expires_at", self.expires_at.as_deref())?,
            source: Source {
                sha256: self.rows_hash.clone().unwrap_or_default(),
                options: self.described(),
                key: self.key.clone(),
                name: self.list,
                ..Source::default()
            },
            zone,
            ..Definition::new(self.name, sessions, message.clone())
        };
        Ok(Inputs {
            definition,
            options,
            path: self.path,
            own_columns: self.rows_hash.map(|_| self.columns),
        })
    }

    /// How the list is read, in a line that tells it from another way.
    fn described(&self) -> String {
        let mut said = vec![format!("region {}", self.region)];
        let named = [
            ("phone", &self.phone),
            ("key", &self.key),
            ("sheet", &self.sheet),
        ];
        for (what, name) in named {
            said.extend(name.as_ref().map(|name| format!("{what} {name:?}")));
        }
        said.extend(self.landlines.then(|| "landlines".to_owned()));
        said.join(", ")
    }
}

/// The names that the command line takes as well: files are called by them, and a colon is for the engine's own.
fn check_name(name: &str) -> PyResult<()> {
    let is_good = !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= 100
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|it| it.is_control() || "/\\:*?\"<>|".contains(it));
    match is_good {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!(
            "{name:?} cannot be a campaign's name: give 1 to 100 characters that a file's name may have"
        ))),
    }
}

/// By its name.
pub(super) fn category(name: &str) -> PyResult<Category> {
    one_of("category", &Category::ALL, Category::name, name)
}

/// By its name; otherwise the usual one.
pub(super) fn zone(name: Option<&str>) -> PyResult<Zone> {
    let zone = name.map(str::parse).transpose();
    Ok(zone
        .map_err(|error| wrong("zone", error))?
        .unwrap_or_default())
}

/// When it may be sent; at any hour, unless it is told.
pub(super) fn hours(
    text: Option<&str>,
    category: Category,
    zone: &Zone,
) -> PyResult<Option<Hours>> {
    let Some(text) = text else {
        return Ok(None);
    };
    if text.trim() == "category" {
        return Ok(Some(HoursPreset::of(category).hours(zone.clone())));
    }
    let hours = Hours::parse(text, zone.clone());
    hours.map(Some).map_err(|error| wrong("hours", error))
}

fn number_check(name: &str) -> PyResult<NumberCheck> {
    let known = [NumberCheck::Known, NumberCheck::New, NumberCheck::Never];
    let name_of = |it| match it {
        NumberCheck::New => "new",
        NumberCheck::Never => "never",
        _ => "known",
    };
    one_of("check", &known, name_of, name)
}

fn one_of<T: Copy>(
    what: &str,
    known: &[T],
    name_of: impl Fn(T) -> &'static str,
    given: &str,
) -> PyResult<T> {
    let found = known.iter().copied().find(|it| name_of(*it) == given);
    found.ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|it| name_of(*it)).collect();
        wrong(
            what,
            format_args!("{given:?} is not one of {}", names.join(", ")),
        )
    })
}

pub(super) fn moment(what: &str, text: Option<&str>) -> PyResult<Option<Timestamp>> {
    let read = text.map(|text| text.parse::<Timestamp>());
    read.transpose().map_err(|error| wrong(what, error))
}
