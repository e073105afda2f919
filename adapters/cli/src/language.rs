//! Everything an operator reads, as values; and the languages that put them into words.
//!
//! Commands name a [`Text`] and never hold a sentence. A language is one exhaustive match: a text that it lacks does not compile.

mod cause;
mod english;
mod finding;
mod indonesian;

use std::time::Duration;

use campaign_core::audience::{Fault, RejectReason};
use campaign_core::campaign::{CampaignState, Category, Share};
use campaign_core::delivery::{Reason, State};
use campaign_core::forecast::Relaxation;
use campaign_core::limits::{CalendarFault, Scope};
use sql_store::TroubleKind;

pub(crate) use self::cause::Cause;
pub(crate) use self::finding::{Evidence, Finding, Ids, Mark};
use crate::rows::RowFault;
use crate::settings::Origin;

/// A language that operators read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Language {
    /// English
    #[default]
    #[value(name = "en")]
    English,
    /// Bahasa Indonesia
    #[value(name = "id")]
    Indonesian,
}

impl Language {
    /// The language of a tag or a locale: `id`, `en`, `id_ID.UTF-8`, `en-GB`.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let code = tag.trim().split(['_', '-', '.', '@']).next()?;
        match code.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            // `in` is what old systems call it.
            "id" | "in" => Some(Self::Indonesian),
            _ => None,
        }
    }

    /// As it is written in settings.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Indonesian => "id",
        }
    }

    /// The language that the environment asks for.
    pub(crate) fn of_environment() -> Option<Self> {
        Self::of_locale(|name| std::env::var(name).ok())
    }

    /// The language of the user's locale, by the rules of POSIX: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set.
    pub(crate) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
        Self::of(&locale)
    }

    /// Puts it into words.
    pub(crate) fn say(self, text: &Text) -> String {
        match self {
            Language::English => english::say(text),
            Language::Indonesian => indonesian::say(text),
        }
    }

    /// Why a delivery stands where it stands.
    pub(crate) fn reason(self, reason: Reason) -> &'static str {
        match self {
            Language::English => english::reason(reason),
            Language::Indonesian => indonesian::reason(reason),
        }
    }

    /// What is wrong with a row, and what to do about it.
    pub(crate) fn fault(self, fault: &Fault) -> (String, String) {
        match self {
            Language::English => (fault.to_string(), fault.remedy().to_owned()),
            Language::Indonesian => indonesian::fault(fault),
        }
    }

    /// What a check found, and what to do about it.
    pub(crate) fn finding(self, finding: &Finding) -> (String, Option<String>) {
        match self {
            Language::English => english::finding(finding),
            Language::Indonesian => indonesian::finding(finding),
        }
    }

    /// What to do about it; empty when there is nothing to do.
    pub(crate) fn remedy(self, reason: Reason) -> &'static str {
        match self {
            Language::English => english::remedy(reason),
            Language::Indonesian => indonesian::remedy(reason),
        }
    }
}

/// What a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WaitText {
    Hours {
        until: Option<String>,
    },
    DailyCap {
        until: Option<String>,
    },
    WarmUp {
        until: Option<String>,
    },
    Rest {
        until: Option<String>,
    },
    Window {
        until: Option<String>,
    },
    /// A limit above the account.
    Shared {
        scope: Scope,
        until: Option<String>,
    },
    Trouble {
        trouble: String,
        since: Option<String>,
        until: Option<String>,
    },
    Session {
        status: Option<String>,
    },
    Operator,
    /// Somebody has opted out, and nobody knows whose phone that is.
    HiddenOptOut,
}

/// What takes most of a campaign's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slowest {
    Gap,
    Window,
    DailyCap,
    WarmUp,
    Rest,
    Shared,
    Hours,
    Server,
}

/// What an operator is about to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The pairing; the session stays.
    Logout,
    /// The session with its pairing and its configuration.
    Delete,
}

/// Something to tell the operator.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// Words that come from below, as they are.
    Plain(String),
    /// What is wrong with an input.
    Cause(Cause),
    Empty,
    Error {
        what: String,
    },

    // Settings
    SettingsFile {
        path: String,
        why: String,
    },
    Unreadable {
        path: String,
        why: String,
    },
    CannotWrite {
        path: String,
        why: String,
    },
    NoDataFolder,
    WrongSetting {
        what: &'static str,
        value: String,
        origin: Origin,
        why: Cause,
    },
    ServerAddress {
        url: String,
        origin: Origin,
        why: String,
    },
    FastClockRefused {
        why: String,
    },

    // Server and session
    ServerForeign {
        url: String,
    },
    ServerUnreachable {
        url: String,
    },
    KeyRefused {
        url: String,
    },
    SessionMissing {
        session: String,
        url: String,
    },
    SessionNotReady {
        session: String,
        status: String,
    },

    // Database
    NoDatabase {
        path: String,
    },
    NoCampaign {
        name: String,
        others: Vec<String>,
    },
    NoCampaigns,
    RunnerBusy {
        holder: String,
    },
    FollowsRunner {
        holder: String,
    },
    NobodySends,
    ListenerWouldSend,
    WorkersNeedServer {
        path: String,
    },
    Attends {
        sessions: u64,
        workers: u64,
    },
    JoinsAgain {
        why: String,
    },
    WorkerEnded {
        sent: u64,
    },
    NoAnswer,

    // Inputs
    NoMessage,
    TwoTemplates,
    ButtonForm {
        given: String,
    },
    Moment {
        option: &'static str,
        given: String,
    },
    Repetition {
        file: String,
        other: String,
        since: String,
    },
    StartIsPast {
        moment: String,
    },
    ExpiryIsPast {
        moment: String,
    },
    BadName {
        name: String,
    },
    Lookalikes {
        found: Vec<String>,
    },
    OtherPhoneColumns {
        used: String,
        others: Vec<String>,
    },
    HiddenRows {
        rows: u64,
    },
    RowsRefused {
        count: u64,
        shown: Vec<(u64, RowFault)>,
        how_to_skip: bool,
    },
    RowFault {
        fault: RowFault,
    },
    NobodyLeft,
    Differs {
        name: String,
        differences: Vec<(String, String, String)>,
    },
    WasCancelled {
        name: String,
    },
    IsPaused {
        name: String,
    },
    TooManyRows {
        most: u32,
    },
    Reading {
        rows: u64,
    },

    // Plan
    PlanFile {
        name: String,
        rows: u64,
        sheet: Option<String>,
        phone: String,
    },
    PlanSplit {
        deliveries: u64,
        sent_to: u64,
        skipped: u64,
        rejected: u64,
    },
    /// Who would be skipped by what is known of them, and how many would wait for a cap.
    PlanSkipped {
        counts: Vec<(Reason, u64)>,
        waiting: u64,
    },
    PlanLimited {
        limit: u32,
    },
    PlanMessage {
        line: String,
        longest: usize,
    },
    PlanFirst,
    PlanPreview {
        row: u64,
        phone: String,
        message: String,
    },
    PlanLeftOut {
        counts: Vec<(RejectReason, u64)>,
    },
    PlanReject {
        row: u64,
        column: Option<String>,
        value: String,
        fault: Fault,
    },
    PlanMore {
        count: u64,
    },
    RejectsFile {
        file: String,
        rows: u64,
    },
    PlanLimits {
        gap: Option<(Duration, Duration)>,
        per_day: Option<u32>,
        windows: Vec<(u32, Duration)>,
        /// After so many, so long at least and at most.
        rest: Option<(u32, Duration, Duration)>,
        /// How it grows, and from which day on.
        warm_up: Option<(String, String)>,
        restarts: bool,
        counts_by_hand: bool,
    },
    PlanTime {
        begins: String,
        ends: String,
        takes: Duration,
        zone: String,
        days: usize,
        slowest: Slowest,
    },
    CalendarLine {
        file: String,
        fault: CalendarFault,
    },
    PlanIf {
        change: Relaxation,
        ends: String,
        late: u64,
    },
    PlanLate {
        count: u64,
    },
    PlanNothing,
    PlanNext {
        command: String,
    },

    // Start
    GoesOn {
        name: String,
        state: CampaignState,
    },
    Imported {
        deliveries: u64,
        rejected: u64,
        skipped: u64,
    },
    Confirm {
        count: u64,
        session: String,
    },
    NotConfirmed,
    Stopping,
    Progress {
        name: String,
        state: CampaignState,
        done: u64,
        total: u64,
        handed_over: u64,
        delivered: u64,
        failed: u64,
        unconfirmed: u64,
        skipped: u64,
        per_minute: Option<f64>,
        left: Option<Duration>,
        waits: Option<WaitText>,
    },
    SumName {
        name: String,
        state: CampaignState,
    },
    SumRows {
        rows: u64,
        rejected: u64,
        deliveries: u64,
    },
    SumState {
        state: State,
        count: u64,
        reasons: Vec<(Reason, u64)>,
    },
    SumWaits {
        waits: WaitText,
    },
    Stopped {
        name: String,
    },
    Aborted {
        name: String,
    },
    StillRuns,
    WaitingEnds {
        name: String,
    },
    NextSession {
        command: String,
    },
    NextReport {
        command: String,
    },
    NextUnconfirmed {
        command: String,
    },
    NextRetry {
        command: String,
    },
    NextResume {
        command: String,
    },

    // Status
    StatusRunner {
        holder: Option<String>,
    },
    StatusLine {
        name: String,
        state: CampaignState,
        done: u64,
        total: u64,
        failed: u64,
        unconfirmed: u64,
        waits: Option<WaitText>,
    },

    // Commands
    CampaignIs {
        name: String,
        state: CampaignState,
        in_flight: u32,
    },
    NothingUnderWay,
    PausedStay {
        names: Vec<String>,
    },
    Moved {
        moved: u64,
        refused: u64,
    },
    WhichDeliveries,
    NoSuchRow {
        row: u64,
    },
    NoSuchPhone {
        phone: String,
    },
    NoUnconfirmed {
        name: String,
    },
    UnconfirmedRow {
        row: u64,
        phone: String,
        reason: Reason,
        since: String,
        missing: Option<String>,
    },
    UnconfirmedHelp {
        name: String,
    },
    ResendWarning {
        count: u64,
    },
    Refreshed {
        settled: u64,
        left: u64,
    },
    RetryReason {
        given: String,
    },

    // Report
    ReportWritten {
        file: String,
        rows: u64,
    },
    Checked {
        there: u64,
        not_there: u64,
        not_known: u64,
        left: u64,
    },
    CheckAgain {
        waits: Option<WaitText>,
    },
    RejectsMissing {
        file: String,
        rejected: u64,
        found: u64,
    },

    // Demo
    DemoBegins {
        folder: String,
        speed: f64,
    },
    DemoCommand {
        command: String,
    },
    DemoFaults {
        faults: Vec<(String, u64)>,
    },
    DemoVerdict {
        received: usize,
        twice: usize,
        lost: usize,
        wrong: usize,
        unconfirmed: usize,
    },
    DemoFiles {
        report: String,
        rejects: String,
    },

    ManWritten {
        folder: String,
    },
    ConfigLine {
        name: &'static str,
        value: Option<String>,
        origin: Origin,
    },

    // Suppression
    SuppressAdded {
        count: u64,
    },
    SuppressRemoved {
        removed: u64,
        asked: u64,
    },
    SuppressLine {
        phone: String,
        origin: campaign_core::consent::Origin,
        source: String,
        since: String,
    },
    SuppressNone,
    HiddenLine {
        lid: String,
        account: String,
        since: String,
    },
    HiddenNone,
    LidResolved {
        lid: String,
        phone: Option<String>,
    },

    // Consent
    NoConsentColumn {
        name: String,
        others: Vec<String>,
    },
    ConsentUnclear {
        count: u64,
    },
    ConsentRecorded {
        granted: u64,
        withdrawn: u64,
    },
    ConsentLine {
        phone: String,
        category: Category,
        is_granted: bool,
        source: String,
        since: String,
    },
    ConsentNone,
    NoCap,
    CapLine {
        category: Option<Category>,
        messages_max: u32,
        days: u16,
    },
    /// In Indonesian and in English; `None` for no answer.
    AnswerLine {
        texts: Option<(String, String)>,
    },
    WordsLine {
        opt_out: Vec<String>,
        opt_in: Vec<String>,
    },

    // Sessions
    SessionName {
        name: String,
        origin: Origin,
    },
    SessionServerSays {
        url: String,
        what: String,
    },
    SessionKeyForbidden {
        url: String,
    },
    /// A change of a session had no answer.
    SessionInDoubt {
        url: String,
    },
    SessionNone,
    SessionLine {
        name: String,
        status: String,
        account: Option<String>,
        push_name: Option<String>,
        keeps_messages: Option<bool>,
    },
    /// What to do about a status that is not WORKING.
    SessionNext {
        name: String,
        status: String,
    },
    SessionKeepsNone {
        name: String,
    },
    /// A command needs the session in another status.
    SessionStands {
        name: String,
        status: String,
    },
    SessionExists {
        name: String,
        status: String,
    },
    SessionCreated {
        name: String,
    },
    SessionAlready {
        name: String,
        status: String,
    },
    SessionDeleted {
        name: String,
    },
    SessionConfirm {
        name: String,
        account: Option<String>,
        loss: Loss,
    },
    SessionNeedsYes {
        name: String,
        account: Option<String>,
        loss: Loss,
    },
    SessionKept {
        name: String,
    },
    SessionWaits {
        name: String,
    },
    PairScan,
    PairScanFile {
        file: String,
    },
    PairNewFile {
        file: String,
    },
    PairUndrawable,
    PairWindow {
        columns: usize,
        lines: usize,
    },
    PairCode {
        code: String,
        phone: String,
    },
    PairPasskey,
    PairServerAway {
        url: String,
    },
    PairDone {
        name: String,
        account: Option<String>,
        push_name: Option<String>,
    },
    PairAlready {
        name: String,
        account: Option<String>,
        push_name: Option<String>,
    },
    PairLost {
        name: String,
        status: String,
    },
    PairTimedOut {
        name: String,
    },
    PairInterrupted {
        name: String,
    },

    // A campaign on its way
    CannotChange {
        name: String,
        state: CampaignState,
    },
    OtherKey {
        known: Option<String>,
        asked: String,
    },
    KeyUnknown {
        name: String,
    },
    Added {
        name: String,
        deliveries: u64,
        skipped: u64,
        rejected: u64,
        known: u64,
    },
    Edited {
        name: String,
        left: u64,
    },
    /// How many go out from which session.
    PlanShares {
        shares: Vec<(String, u64)>,
    },
    /// How many an account of several was given.
    SumAccount {
        phone: String,
        count: u64,
    },
    /// A campaign's share of its account.
    ShareIs {
        name: String,
        share: Share,
    },
    /// The same, under its name.
    SumShare {
        share: Share,
    },
    /// What a campaign said before it was edited.
    SumEarlier {
        message: String,
        until: String,
        past: u64,
    },
    SendOutcome {
        phone: String,
        state: State,
        reason: Option<Reason>,
    },
    SendForgotten {
        key: String,
    },
    BadKey {
        key: String,
    },
    OwnNumberUnknown {
        session: String,
    },
    LimitsAre {
        session: String,
        phone: String,
    },
    SharedLimitsAre {
        scope: Scope,
        /// The name of the campaign, where it is one's.
        campaign: Option<String>,
    },
    OnlyShared {
        option: &'static str,
    },
    ReplyLine {
        name: String,
        phone: String,
        at: String,
        text: String,
    },
    NoReplies,

    // Reports as files
    NoSuchState {
        given: String,
        known: Vec<&'static str>,
    },
    NoSuchFormat {
        file: String,
        known: Vec<&'static str>,
    },
    WorkbookNeedsFile,
    RefreshWouldSend,
    RefreshElsewhere,

    // Care of the database
    DatabaseTrouble {
        kind: TroubleKind,
        path: String,
        detail: String,
    },
    /// It is not known whether the last changes were saved.
    SaveUnknown {
        trouble: Box<Text>,
    },
    /// A runner cannot save, and tries again.
    StoreFails {
        trouble: Box<Text>,
    },
    DatabaseTooNew {
        path: String,
        found: u32,
        known: u32,
    },
    /// The password of the database stands where others read it.
    PasswordSeen {
        origin: Origin,
    },
    DatabaseUnknown {
        scheme: String,
    },
    /// It is no longer the database that counts.
    DatabaseMoved {
        path: String,
        to: String,
    },
    /// What only a database in a file can do.
    OnlyInFile {
        place: String,
    },
    DatabaseForeign {
        path: String,
    },
    FileExists {
        path: String,
    },
    BackupMade {
        file: String,
        bytes: u64,
        campaigns: u64,
        deliveries: u64,
    },
    NotABackup {
        path: String,
    },
    RestoreOver {
        path: String,
        backup: String,
    },
    Restored {
        path: String,
        campaigns: u64,
        deliveries: u64,
        as_of: Option<String>,
    },
    RestoreKept {
        path: String,
    },
    RestoreSuppressed {
        count: u64,
    },
    RestoreMore {
        count: u64,
        command: String,
    },
    RestoreWithdrawn {
        count: u64,
    },
    RestoreHidden {
        count: u64,
    },
    RestoreCampaigns,
    RestoreCampaign {
        name: String,
        was: CampaignState,
        is: Option<CampaignState>,
        command: String,
    },
    RestoreNothingSince,
    RestoreUnread {
        why: String,
        as_of: Option<String>,
    },
    RestoreNoneBefore {
        as_of: Option<String>,
    },
    RestoreNext {
        command: String,
    },
    PruneNone {
        days: u32,
    },
    PruneCampaign {
        name: String,
        deliveries: u64,
        last_change: String,
    },
    PruneDry {
        campaigns: u64,
        deliveries: u64,
    },
    PruneConfirm {
        campaigns: u64,
        deliveries: u64,
    },
    PruneNeedsYes,
    PruneKept,
    Pruning {
        deliveries: u64,
    },
    Pruned {
        campaigns: u64,
        deliveries: u64,
        /// `None`: there was no space to give the space back.
        freed: Option<u64>,
    },
    PruneCopies,
    MigrateToFile,
    MigrateFromServer {
        place: String,
    },
    Migrating {
        rows: u64,
    },
    Migrated {
        to: String,
        campaigns: u64,
        deliveries: u64,
        /// An earlier command had copied everything, and did not come to say so.
        had_arrived: bool,
    },
    MigrateNext {
        path: String,
        to: String,
    },
    MigrateUnknown {
        why: String,
    },
    WasPruned {
        name: String,
        when: String,
    },
    SumPruned {
        when: String,
    },

    /// What `doctor` found, in the operator's language already.
    Check {
        mark: Mark,
        check: &'static str,
        message: String,
        remedy: Option<String>,
    },
}

/// `4.2 MB`, in units of a thousand as file managers show them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while amount >= 999.95 && unit + 1 < UNITS.len() {
        amount /= 1_000.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    format!("{amount:.1} {unit}")
}

/// Names in quotes, one after the other.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_file_managers() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (4_096, "4.1 kB"),
            (999_999, "1.0 MB"),
            (12_345_678_901, "12.3 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn the_locale_names_the_language() {
        let of = |set: &[(&str, &str)]| {
            Language::of_locale(|name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("LANG", "id_ID.UTF-8")]), Some(Language::Indonesian));
        assert_eq!(of(&[("LANG", "en_US")]), Some(Language::English));
        assert_eq!(of(&[("LANG", "C.UTF-8")]), None);
        let set = [("LC_ALL", "en_GB"), ("LANG", "id_ID")];
        assert_eq!(of(&set), Some(Language::English));
        let set = [("LC_ALL", ""), ("LC_MESSAGES", "id"), ("LANG", "en")];
        assert_eq!(of(&set), Some(Language::Indonesian));
    }
}
