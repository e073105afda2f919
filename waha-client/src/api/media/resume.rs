//! Whether an answer goes on with a file that broke off: pure, from the heads of the answers.
//!
//! What was had and what comes must be of one version of the file: the same ETag, or the same Last-Modified where there is
//! no ETag. WAHA has both and serves ranges; its ETags are weak (recorded). A weak one may not be sent with `If-Range`
//! (RFC 9110), so with it the range is asked for plainly and the answer is compared.

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE,
};

/// What the head of an answer says of its body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    status: u16,
    /// The size of the whole file, whatever part of it this is.
    pub(super) total: Option<u64>,
    /// The first and last byte of a part.
    range: Option<(u64, u64)>,
    etag: Option<String>,
    last_modified: Option<String>,
    pub(super) content_type: Option<String>,
    is_encoded: bool,
}

/// What an answer is to a file of which some bytes were had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on right behind them.
    GoesOn,
    /// The whole file, the same version: as many bytes are to be left out.
    WholeAgain,
    /// The whole file from its start, and nothing that was had belongs to it.
    Anew,
    /// All bytes were had already.
    Complete,
    /// A part that does not fit: to be asked for as a whole.
    AskForWhole,
    /// Nothing that can be used.
    Unusable(&'static str),
}

impl Head {
    pub(super) fn read(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
        let part = text(CONTENT_RANGE)
            .and_then(|text| content_range(&text))
            .unwrap_or_default();
        let total = match status {
            206 | 416 => part.total,
            _ => text(CONTENT_LENGTH).and_then(|text| text.parse().ok()),
        };
        Self {
            status,
            total,
            range: part.range,
            etag: text(ETAG).filter(|etag| !etag.is_empty()),
            last_modified: text(LAST_MODIFIED).filter(|date| !date.is_empty()),
            content_type: text(CONTENT_TYPE),
            is_encoded: text(CONTENT_ENCODING).is_some_and(|coding| {
                !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")
            }),
        }
    }

    /// Whether two answers are certainly of one version of the file.
    fn is_same_version(&self, other: &Self) -> bool {
        if let (Some(one), Some(another)) = (self.total, other.total)
            && one != another
        {
            return false;
        }
        match (&self.etag, &other.etag) {
            (Some(one), Some(another)) => opaque(one) == opaque(another),
            (None, None) => {
                self.last_modified.is_some() && self.last_modified == other.last_modified
            }
            _ => false,
        }
    }

    /// Whether a later answer can be compared with this one at all.
    fn has_validator(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// The headers that ask for what comes behind `received` bytes of `first`, or for the whole.
pub(super) fn question(first: Option<&Head>, received: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // A compressed body has no bytes that could be counted.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let Some(first) = first.filter(|first| received > 0 && first.has_validator()) else {
        return headers;
    };
    if let Ok(range) = HeaderValue::from_str(&format!("bytes={received}-")) {
        headers.insert(RANGE, range);
    }
    let strong = first.etag.as_ref().filter(|etag| !etag.starts_with("W/"));
    if let Some(etag) = strong.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        headers.insert(IF_RANGE, etag);
    }
    headers
}

/// What `now` is to a file of which `received` bytes of `first` were had.
pub(super) fn verdict(first: Option<&Head>, now: &Head, received: u64) -> Verdict {
    if now.is_encoded {
        return Verdict::Unusable("the server sent it compressed, although asked not to");
    }
    let known = first.filter(|_| received > 0);
    let same = known.is_some_and(|first| first.is_same_version(now));
    match now.status {
        206 if known.is_none() => {
            Verdict::Unusable("a part came, although the whole was asked for")
        }
        206 => {
            let fits = match (now.range, now.total) {
                (Some((from, to)), Some(total)) => from == received && to + 1 == total,
                (Some((from, _)), None) => from == received,
                (None, _) => false,
            };
            if fits && same {
                Verdict::GoesOn
            } else {
                Verdict::AskForWhole
            }
        }
        416 if known.is_none() => {
            Verdict::Unusable("no such part, although the whole was asked for")
        }
        416 => {
            // This answer often has no validator, and says of the file only how large it is now.
            let ended = known.is_some_and(|first| first.total.is_none());
            if ended && now.total == Some(received) && (same || !now.has_validator()) {
                Verdict::Complete
            } else {
                Verdict::AskForWhole
            }
        }
        _ if same => Verdict::WholeAgain,
        _ => Verdict::Anew,
    }
}

/// Weak and strong tags are compared alike here: WAHA's name size and time of the file to the millisecond (recorded).
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// What a `Content-Range` says.
#[derive(Default)]
struct ContentRange {
    range: Option<(u64, u64)>,
    total: Option<u64>,
}

/// Reads `bytes 10-69/70`, `bytes 10-69/*` and `bytes */70`.
fn content_range(text: &str) -> Option<ContentRange> {
    let (range, total) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    if range == "*" {
        return Some(ContentRange { range: None, total });
    }
    let (from, to) = range.split_once('-')?;
    let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
    let is_sound = from <= to && to < total.unwrap_or(u64::MAX);
    is_sound.then_some(ContentRange {
        range: Some((from, to)),
        total,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A head from lines such as `etag: "1"`.
    fn head(status: u16, lines: &[&str]) -> Head {
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Some((name, value)) = line.split_once(": ")
                && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
                && let Ok(value) = HeaderValue::from_str(value)
            {
                headers.insert(name, value);
            }
        }
        Head::read(status, &headers)
    }

    const TAG: &str = "etag: W/\"46-1a1fb8081df\"";
    const OTHER: &str = "etag: W/\"46-1a1fb8081e0\"";
    const DATE: &str = "last-modified: Sat, 21 Nov 2026 00:27:45 GMT";
    const LATER: &str = "last-modified: Sat, 21 Nov 2026 00:27:46 GMT";
    const LENGTH: &str = "content-length: 70";
    const REST: &str = "content-range: bytes 10-69/70";

    #[test]
    fn only_the_right_part_of_the_same_version_goes_on() {
        use Verdict::{Anew, AskForWhole, Complete, GoesOn, WholeAgain};
        let tagged = head(200, &[TAG, DATE, LENGTH]);
        let dated = head(200, &[DATE, LENGTH]);
        let unsized_ = head(200, &[TAG]);
        let bare = head(200, &[LENGTH]);
        for (first, status, lines, expected) in [
            (&tagged, 206, vec![TAG, DATE, REST], GoesOn),
            (&tagged, 206, vec!["etag: \"46-1a1fb8081df\"", REST], GoesOn),
            (&dated, 206, vec![DATE, REST], GoesOn),
            (
                &unsized_,
                206,
                vec![TAG, "content-range: bytes 10-69/*"],
                GoesOn,
            ),
            // Another version, or one that cannot be compared.
            (&tagged, 206, vec![OTHER, DATE, REST], AskForWhole),
            (&tagged, 206, vec![DATE, REST], AskForWhole),
            (&tagged, 206, vec![REST], AskForWhole),
            (&dated, 206, vec![LATER, REST], AskForWhole),
            (&dated, 206, vec![REST], AskForWhole),
            (&bare, 206, vec![REST], AskForWhole),
            // Another part than was asked for, or none that can be read.
            (
                &tagged,
                206,
                vec![TAG, "content-range: bytes 0-69/70"],
                AskForWhole,
            ),
            (
                &tagged,
                206,
                vec![TAG, "content-range: bytes 11-69/70"],
                AskForWhole,
            ),
            (
                &tagged,
                206,
                vec![TAG, "content-range: bytes 10-20/70"],
                AskForWhole,
            ),
            (
                &tagged,
                206,
                vec![TAG, "content-range: bytes 10-79/80"],
                AskForWhole,
            ),
            (
                &tagged,
                206,
                vec![TAG, "content-range: bytes 10-99/70"],
                AskForWhole,
            ),
            (
                &tagged,
                206,
                vec![TAG, "content-range: words 10-69/70"],
                AskForWhole,
            ),
            (&tagged, 206, vec![TAG], AskForWhole),
            // The whole.
            (&tagged, 200, vec![TAG, LENGTH], WholeAgain),
            (&dated, 200, vec![DATE, LENGTH], WholeAgain),
            (&tagged, 200, vec![OTHER, LENGTH], Anew),
            (&tagged, 200, vec![TAG, "content-length: 71"], Anew),
            (&tagged, 200, vec![LENGTH], Anew),
            (&bare, 200, vec![LENGTH], Anew),
            // Nothing behind what was had.
            (
                &unsized_,
                416,
                vec![TAG, "content-range: bytes */10"],
                Complete,
            ),
            (&unsized_, 416, vec!["content-range: bytes */10"], Complete),
            (
                &unsized_,
                416,
                vec![OTHER, "content-range: bytes */10"],
                AskForWhole,
            ),
            (
                &unsized_,
                416,
                vec![TAG, "content-range: bytes */9"],
                AskForWhole,
            ),
            (&unsized_, 416, vec![], AskForWhole),
            (
                &tagged,
                416,
                vec![TAG, "content-range: bytes */10"],
                AskForWhole,
            ),
        ] {
            let now = head(status, &lines);
            assert_eq!(
                verdict(Some(first), &now, 10),
                expected,
                "{first:?} {now:?}"
            );
        }
    }

    #[test]
    fn a_first_answer_must_be_whole_and_plain() {
        assert_eq!(verdict(None, &head(200, &[TAG, LENGTH]), 0), Verdict::Anew);
        for (status, lines) in [
            (206, vec![TAG, "content-range: bytes 0-69/70"]),
            (416, vec!["content-range: bytes */70"]),
            (200, vec![TAG, "content-encoding: gzip"]),
        ] {
            let verdict = verdict(None, &head(status, &lines), 0);
            assert!(matches!(verdict, Verdict::Unusable(_)), "{status}");
        }
        let plain = head(200, &["content-encoding: identity"]);
        assert_eq!(verdict(None, &plain, 0), Verdict::Anew);
    }

    #[test]
    fn a_range_is_asked_for_only_when_its_answer_can_be_compared() {
        let asked = |first: Option<&Head>, received| {
            let headers = question(first, received);
            let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
            assert_eq!(text(ACCEPT_ENCODING).as_deref(), Some("identity"));
            (text(RANGE), text(IF_RANGE))
        };
        let range = Some("bytes=10-".to_owned());
        let strong = head(200, &["etag: \"1\"", LENGTH]);
        assert_eq!(asked(None, 0), (None, None));
        assert_eq!(asked(Some(&strong), 0), (None, None));
        assert_eq!(asked(Some(&head(200, &[LENGTH])), 10), (None, None));
        assert_eq!(
            asked(Some(&strong), 10),
            (range.clone(), Some("\"1\"".to_owned()))
        );
        assert_eq!(asked(Some(&head(200, &[TAG])), 10), (range.clone(), None));
        assert_eq!(asked(Some(&head(200, &[DATE])), 10), (range, None));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_content_range_panics(text in "(bytes )?[0-9*]{0,21}-?[0-9]{0,21}/?[0-9*]{0,21}", received in any::<u64>()) {
            let first = head(200, &[TAG]);
            let now = head(206, &[TAG, &format!("content-range: {text}")]);
            let _ = verdict(Some(&first), &now, received);
        }
    }
}
