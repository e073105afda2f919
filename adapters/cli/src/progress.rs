//! Progress on standard error: a bar for a person at a terminal, a plain line every few seconds otherwise.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::CampaignId;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::language::Text;
use crate::output::Output;
use crate::screen;
use crate::view::{Pace, View, progress};

const LINE_EVERY: Duration = Duration::from_secs(5);
/// A line that says nothing new, in a log that is read from time to time.
const SAME_LINE_EVERY: Duration = Duration::from_secs(60);

/// Shows how campaigns go.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    output: &'a Output,
    bars: Option<MultiProgress>,
    shown: BTreeMap<CampaignId, Shown>,
    last_line: Option<Instant>,
}

#[derive(Debug, Default)]
struct Shown {
    pace: Pace,
    bar: Option<ProgressBar>,
    told: Option<(String, Instant)>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(output: &'a Output) -> Self {
        let bars = output
            .is_watched()
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(4)));
        screen::set_bars(bars.clone());
        Self {
            output,
            bars,
            shown: BTreeMap::new(),
            last_line: None,
        }
    }

    pub(crate) fn show(&mut self, views: &[View]) {
        let is_time = self
            .last_line
            .is_none_or(|last| last.elapsed() >= LINE_EVERY);
        let has_begun = |view: &&View| {
            !matches!(
                view.record.state,
                CampaignState::Importing | CampaignState::Frozen
            )
        };
        for view in views.iter().filter(has_begun) {
            let shown = self.shown.entry(view.record.id).or_default();
            let text = progress(view, shown.pace.of(view));
            match &self.bars {
                Some(bars) => {
                    let bar = shown.bar.get_or_insert_with(|| bars.add(bar()));
                    bar.set_length(view.counts().total());
                    bar.set_position(view.done());
                    bar.set_message(self.output.words(&text));
                    bar.tick();
                }
                None if is_time && !self.output.is_json() => {
                    let words = self.output.words(&text);
                    let is_stale = |(told, at): &(String, Instant)| {
                        *told == words && at.elapsed() < SAME_LINE_EVERY
                    };
                    if !shown.told.as_ref().is_some_and(is_stale) {
                        self.output.note(&text);
                        shown.told = Some((words, Instant::now()));
                    }
                }
                None => {}
            }
        }
        if is_time && views.iter().any(|view| has_begun(&view)) {
            self.last_line = Some(Instant::now());
        }
    }

    /// Takes the bars off the terminal.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            // What cannot be taken off a terminal stays there.
            let _still_there = bars.clear();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        screen::set_bars(None);
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(if screen::knows_unicode() {
        style
    } else {
        style.progress_chars("#-")
    })
}

/// One line about work that is not sending: reading a file.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(output: &'a Output) -> Self {
        let bar = output.is_watched().then(|| {
            let style = ProgressStyle::with_template("{spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(if screen::knows_unicode() {
                style
            } else {
                style.tick_chars("-\\|/ ")
            })
        });
        Self {
            output,
            bar,
            last_line: Instant::now(),
        }
    }

    pub(crate) fn show(&mut self, rows: u64) {
        self.show_text(&Text::Reading { rows });
    }

    pub(crate) fn show_text(&mut self, text: &Text) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(self.output.words(text));
                bar.tick();
            }
            None if self.last_line.elapsed() >= LINE_EVERY && !self.output.is_json() => {
                self.last_line = Instant::now();
                self.output.note(text);
            }
            None => {}
        }
    }
}

impl Drop for Counter<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
