//! The open hours of one day.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// From one time of day to a later one of the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first moment that is inside.
    pub opens: Time,
    /// The first moment that is outside again; `None` is midnight.
    pub closes: Option<Time>,
}

impl Span {
    /// All of a day.
    pub const DAY: Span = Span {
        opens: Time::midnight(),
        closes: None,
    };

    /// Whether a time of day is inside.
    pub fn contains(&self, time: Time) -> bool {
        self.opens <= time && self.closes.is_none_or(|closes| time < closes)
    }
}

/// The spans of one day: in order, apart from each other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(in crate::limits) struct Spans(Vec<Span>);

impl Spans {
    /// # Errors
    /// What is wrong with them.
    pub(in crate::limits) fn new(mut spans: Vec<Span>) -> Result<Self, &'static str> {
        spans.sort_by_key(|span| span.opens);
        let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            if span.closes.is_some_and(|closes| closes <= span.opens) {
                return Err("it must close after it opens, on the same day");
            }
            match apart.last_mut() {
                Some(last) if last.contains(span.opens) => {
                    return Err("two spans of a day overlap");
                }
                Some(last) if last.closes == Some(span.opens) => last.closes = span.closes,
                _ => apart.push(span),
            }
        }
        Ok(Self(apart))
    }

    pub(in crate::limits) fn as_slice(&self) -> &[Span] {
        &self.0
    }
}

/// As databases have it: nothing, one span, or several. Those of before there could be several have nothing or one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Closed(Option<()>),
    One(Span),
    Several(Vec<Span>),
}

impl TryFrom<Stored> for Spans {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, &'static str> {
        match stored {
            Stored::Closed(_) => Ok(Self::default()),
            Stored::One(span) => Self::new(vec![span]),
            Stored::Several(spans) => Self::new(spans),
        }
    }
}

impl From<Spans> for Stored {
    fn from(Spans(spans): Spans) -> Self {
        match spans.as_slice() {
            [] => Stored::Closed(None),
            [span] => Stored::One(*span),
            _ => Stored::Several(spans),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn span(opens: i8, closes: i8) -> Span {
        Span {
            opens: time(opens, 0, 0, 0),
            closes: (closes < 24).then(|| time(closes, 0, 0, 0)),
        }
    }

    #[test]
    fn spans_are_put_in_order_joined_where_they_touch_and_refused_where_they_overlap() {
        let rows = [
            (vec![], Ok(vec![])),
            (vec![(13, 20), (8, 12)], Ok(vec![(8, 12), (13, 20)])),
            (vec![(8, 12), (12, 20)], Ok(vec![(8, 20)])),
            (vec![(8, 24)], Ok(vec![(8, 24)])),
            (vec![(8, 12), (11, 20)], Err("two spans of a day overlap")),
            (vec![(8, 24), (11, 20)], Err("two spans of a day overlap")),
            (vec![(8, 12), (8, 12)], Err("two spans of a day overlap")),
            (
                vec![(8, 8)],
                Err("it must close after it opens, on the same day"),
            ),
        ];
        for (given, wanted) in rows {
            let of = |pairs: Vec<(i8, i8)>| pairs.into_iter().map(|(a, b)| span(a, b)).collect();
            let found = Spans::new(of(given.clone())).map(|spans| spans.0);
            assert_eq!(found, wanted.map(of), "{given:?}");
        }
    }
}
