use jiff::civil::date;
use jiff::tz::{TimeZone, db};
use proptest::prelude::*;

use super::*;

fn ts(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn jakarta() -> Zone {
    "Asia/Jakarta".parse().unwrap()
}

fn hours(text: &str) -> Hours {
    Hours::parse(text, jakarta()).unwrap()
}

/// Each moment with when the hours close and when they open next, as the clock of their zone reads.
fn check(text: &str, rows: &[(&str, Option<&str>, Option<&str>)]) {
    let hours = hours(text);
    let read = |reading: &str| {
        let reading: jiff::civil::DateTime = reading.parse().unwrap();
        reading
            .to_zoned(hours.zone.time_zone().clone())
            .unwrap()
            .timestamp()
    };
    for (moment, closes, opens) in rows {
        let at = read(moment);
        assert_eq!(
            hours.closes_after(at),
            closes.map(read),
            "{text}: {moment} closes"
        );
        assert_eq!(
            hours.next_open(at),
            opens.map(read),
            "{text}: {moment} opens"
        );
    }
}

#[test]
fn hours_open_and_close_by_the_clock_of_their_zone() {
    let hours = hours("Mon-Sat 08:00-20:00");
    // 2026-11-21 is a Saturday; Jakarta is seven hours ahead of UTC.
    let rows = [
        ("2026-11-21T00:59:59Z", None, Some("2026-11-21T01:00:00Z")),
        (
            "2026-11-21T01:00:00Z",
            Some("2026-11-21T13:00:00Z"),
            Some("2026-11-21T01:00:00Z"),
        ),
        (
            "2026-11-21T12:59:59Z",
            Some("2026-11-21T13:00:00Z"),
            Some("2026-11-21T12:59:59Z"),
        ),
        ("2026-11-21T13:00:00Z", None, Some("2026-11-23T01:00:00Z")),
        ("2026-11-22T05:00:00Z", None, Some("2026-11-23T01:00:00Z")),
    ];
    for (moment, closes, next) in rows {
        assert_eq!(hours.closes_after(ts(moment)), closes.map(ts), "{moment}");
        assert_eq!(hours.next_open(ts(moment)), next.map(ts), "{moment}");
    }
}

#[test]
fn a_day_may_last_until_midnight_and_a_week_may_have_one_day() {
    let all_day = hours("00:00-24:00");
    assert_eq!(
        all_day.closes_after(ts("2026-11-21T00:00:00Z")),
        Some(ts("2026-11-21T17:00:00Z"))
    );
    let sunday = hours("Min 10:00-11:00");
    assert_eq!(
        sunday.next_open(ts("2026-11-22T04:00:00Z")),
        Some(ts("2026-11-29T03:00:00Z"))
    );
    assert_eq!(hours("Sat-Mon 10:00-11:00").weekdays_open(), 3);
}

impl Hours {
    fn weekdays_open(&self) -> usize {
        self.days
            .iter()
            .filter(|spans| !spans.as_slice().is_empty())
            .count()
    }
}

#[test]
fn a_day_may_have_a_break_and_midnight_belongs_to_the_day_it_begins() {
    check(
        "Mon-Fri 08:00-12:00, 13:00-20:00, Sat 22:00-24:00",
        &[
            (
                "2026-11-20T08:00",
                Some("2026-11-20T12:00"),
                Some("2026-11-20T08:00"),
            ),
            ("2026-11-20T12:00", None, Some("2026-11-20T13:00")),
            (
                "2026-11-20T13:00",
                Some("2026-11-20T20:00"),
                Some("2026-11-20T13:00"),
            ),
            ("2026-11-20T20:00", None, Some("2026-11-21T22:00")),
            (
                "2026-11-21T23:59:59",
                Some("2026-11-22T00:00"),
                Some("2026-11-21T23:59:59"),
            ),
            ("2026-11-22T00:00", None, Some("2026-11-23T08:00")),
        ],
    );
}

#[test]
fn holidays_are_closed_unless_a_date_says_otherwise() {
    // Joint leave on Thursday 24, a national holiday on Friday 25 December 2026.
    check(
        "Mon-Sat 08:00-20:00 except id-national",
        &[
            (
                "2026-12-24T09:00",
                Some("2026-12-24T20:00"),
                Some("2026-12-24T09:00"),
            ),
            ("2026-12-25T09:00", None, Some("2026-12-26T08:00")),
        ],
    );
    check(
        "Mon-Sat 08:00-20:00 except id-national, id-joint-leave",
        &[("2026-12-23T20:00", None, Some("2026-12-26T08:00"))],
    );
    check(
        "Mon-Sat 08:00-20:00 except id-joint-leave",
        &[("2026-12-23T20:00", None, Some("2026-12-25T08:00"))],
    );
    check(
        "Mon-Sat 08:00-20:00 except id-national, 2026-12-25 10:00-11:00, 2026-12-26..2027-01-02",
        &[
            ("2026-12-25T09:00", None, Some("2026-12-25T10:00")),
            ("2026-12-25T11:00", None, Some("2027-01-04T08:00")),
        ],
    );
    check(
        "closed except 2026-12-27 10:00-11:00, 14:00-15:00",
        &[
            ("2026-11-01T09:00", None, Some("2026-12-27T10:00")),
            ("2026-12-27T11:00", None, Some("2026-12-27T14:00")),
            ("2026-12-27T15:00", None, None),
        ],
    );
    check(
        "closed except 9000-01-01 10:00-11:00",
        &[("2026-11-01T09:00", None, Some("9000-01-01T10:00"))],
    );
    assert_eq!(
        hours("08:00-20:00 except id-national").holiday(date(2026, 12, 25)),
        Some("Kelahiran Yesus Kristus (Natal)")
    );
    assert_eq!(hours("08:00-20:00").holiday(date(2026, 12, 25)), None);
}

#[test]
fn a_holiday_begins_and_ends_where_the_recipient_lives() {
    let jakarta = hours("00:00-24:00 except 2026-12-25");
    let jayapura = jakarta.in_zone("WIT".parse().unwrap());
    // 15:30 UTC on the 24th is 22:30 in Jakarta and 00:30 of the holiday in Jayapura, two hours ahead.
    let evening = ts("2026-12-24T15:30:00Z");
    assert_eq!(
        jakarta.closes_after(evening),
        Some(ts("2026-12-24T17:00:00Z"))
    );
    assert_eq!(jayapura.closes_after(evening), None);
    assert_eq!(
        jayapura.next_open(evening),
        Some(ts("2026-12-25T15:00:00Z"))
    );
    assert_eq!(
        jakarta.next_open(ts("2026-12-25T15:00:00Z")),
        Some(ts("2026-12-25T17:00:00Z"))
    );
}

#[test]
fn days_of_years_that_a_calendar_does_not_know_are_closed_and_told() {
    let national = hours("Mon-Sat 08:00-20:00 except id-national, 2028-02-01 09:00-10:00");
    assert_eq!(national.known_until(), Some(date(2027, 12, 31)));
    assert_eq!(
        national.check_known(date(2026, 11, 21), date(2027, 12, 31)),
        Ok(())
    );
    let error = national
        .check_known(date(2027, 12, 31), date(2028, 1, 1))
        .unwrap_err();
    assert_eq!(
        (error.calendar, error.year),
        (Calendar::IndonesiaNational, 2028)
    );
    check(
        "Mon-Sat 08:00-20:00 except id-national, 2028-02-01 09:00-10:00",
        &[
            ("2027-12-31T20:00", None, Some("2028-02-01T09:00")),
            // A Monday, of which nobody knows yet whether it is a holiday.
            ("2028-01-03T09:00", None, Some("2028-02-01T09:00")),
            ("2028-02-01T10:00", None, None),
            ("2025-06-01T09:00", None, Some("2026-01-02T08:00")),
        ],
    );
    let every_day = hours("Mon-Sat 08:00-20:00 except 2026-12-25");
    assert_eq!(every_day.known_until(), None);
    assert_eq!(
        every_day.check_known(date(1900, 1, 1), date(2900, 1, 1)),
        Ok(())
    );
}

#[test]
fn hours_keep_their_clock_time_when_summer_time_begins() {
    let berlin = Hours::parse("08:00-20:00", "Europe/Berlin".parse().unwrap()).unwrap();
    assert_eq!(
        berlin.next_open(ts("2026-03-28T22:00:00Z")),
        Some(ts("2026-03-29T06:00:00Z"))
    );
    assert_eq!(
        berlin.next_open(ts("2026-03-27T22:00:00Z")),
        Some(ts("2026-03-28T07:00:00Z"))
    );
}

#[test]
fn hours_in_a_time_that_is_skipped_or_comes_twice_never_reach_outside() {
    let berlin = |text: &str| Hours::parse(text, "Europe/Berlin".parse().unwrap()).unwrap();
    // 02:00 to 03:00 is skipped at 01:00 UTC.
    let eve = ts("2026-03-29T00:00:00Z");
    assert_eq!(
        berlin("02:30-02:45").next_open(eve),
        Some(ts("2026-03-30T00:30:00Z"))
    );
    assert_eq!(
        berlin("02:30-03:15").next_open(eve),
        Some(ts("2026-03-29T01:00:00Z"))
    );
    assert_eq!(
        berlin("02:30-03:15").closes_after(ts("2026-03-29T01:00:00Z")),
        Some(ts("2026-03-29T01:15:00Z"))
    );
    // 02:00 to 03:00 comes twice, from 00:00 UTC and from 01:00 UTC.
    let night = berlin("02:15-03:30");
    assert_eq!(
        night.next_open(ts("2026-10-25T00:20:00Z")),
        Some(ts("2026-10-25T01:15:00Z"))
    );
    let night = berlin("01:00-02:30");
    assert_eq!(
        night.closes_after(ts("2026-10-25T00:00:00Z")),
        Some(ts("2026-10-25T00:30:00Z"))
    );
    assert_eq!(night.closes_after(ts("2026-10-25T01:00:00Z")), None);
}

#[test]
fn what_does_not_name_hours_is_refused_with_the_reason() {
    let rows = [
        ("", "a time range is missing"),
        ("8-20", "a time range is missing"),
        ("08:00", "a time range is missing"),
        ("Mon-Sat", "a time range is missing"),
        (
            "20:00-08:00",
            "it must close after it opens, on the same day",
        ),
        (
            "08:00-08:00",
            "it must close after it opens, on the same day",
        ),
        ("Moo 08:00-20:00", "the weekday is not Mon to Sun"),
        ("25:00-26:00", "the opening time is not HH:MM"),
        ("08:00-26:00", "the closing time is not HH:MM"),
        ("Mon 08:00-09:00, Mon 10:00-11:00", "a day is named twice"),
        ("08:00-12:00, 11:00-13:00", "two spans of a day overlap"),
        ("08:00-12:00,", "a time range is missing"),
        (":30-12:00", "a time range is missing"),
        ("08:00-20:00 Mars", "there is no such time zone"),
        ("08:00-20:00 except", "a date is not written as 2026-12-24"),
        (
            "08:00-20:00 except holidays",
            "there is no such calendar: use id-national or id-joint-leave",
        ),
        (
            "08:00-20:00 except 25-12-2026",
            "a date is not written as 2026-12-24",
        ),
        (
            "08:00-20:00 except 2026-12-25T08:00",
            "a date is not written as 2026-12-24",
        ),
        (
            "08:00-20:00 except 09:00-10:00",
            "hours stand before any date",
        ),
        (
            "08:00-20:00 except :30-10:00",
            "a date is not written as 2026-12-24",
        ),
        (
            "08:00-20:00 except 2026-12-24..2026-12-26, 2026-12-25",
            "a date is named twice",
        ),
        (
            "08:00-20:00 except 2026-12-25 10:00-09:00",
            "it must close after it opens, on the same day",
        ),
        (
            "08:00-20:00 except 2026-01-01..9999-12-31",
            "a range of dates is longer than a year",
        ),
    ];
    for (text, why) in rows {
        let error = Hours::parse(text, jakarta()).unwrap_err();
        assert_eq!((error.text.as_str(), error.why), (text, why));
    }
}

#[test]
fn hours_are_read_as_people_write_them_and_written_in_one_way() {
    let rows = [
        ("08:00-20:00", "08:00-20:00 Asia/Jakarta"),
        ("Mon-Sat 08:00 - 20:00", "Mon-Sat 08:00-20:00 Asia/Jakarta"),
        (
            "Senin–Sabtu 08.00–20.00",
            "Mon-Sat 08:00-20:00 Asia/Jakarta",
        ),
        ("8:00-24:00 wita", "08:00-24:00 Asia/Makassar"),
        (
            "Mon-Fri 08:00-20:00, Sat 08:00-20:00",
            "Mon-Sat 08:00-20:00 Asia/Jakarta",
        ),
        (
            "13:00-20:00, 08:00-12:00",
            "08:00-12:00, 13:00-20:00 Asia/Jakarta",
        ),
        ("08:00-12:00, 12:00-20:00", "08:00-20:00 Asia/Jakarta"),
        (
            "Sun 09:00-10:00, Wed 09:00-10:00",
            "Wed 09:00-10:00, Sun 09:00-10:00 Asia/Jakarta",
        ),
        ("tutup", "closed Asia/Jakarta"),
        (
            "Senin-Sabtu 08:00-20:00 WIT kecuali cuti-bersama, libur-nasional",
            "Mon-Sat 08:00-20:00 Asia/Jayapura except id-national, id-joint-leave",
        ),
        (
            "08:00-20:00 Except 2026-12-25, 2026-12-24, 2026-12-31 8:00-12:00",
            "08:00-20:00 Asia/Jakarta except 2026-12-24..2026-12-25, 2026-12-31 08:00-12:00",
        ),
        (
            "08:00-20:00 except 2026-01-01..2026-12-31, 2027-01-01..2027-12-31",
            "08:00-20:00 Asia/Jakarta except 2026-01-01..2027-01-01, 2027-01-02..2027-12-31",
        ),
        (
            "collection-notices except id-joint-leave",
            "Mon-Sat 08:00-20:00 Asia/Jakarta except id-national, id-joint-leave",
        ),
    ];
    for (text, written) in rows {
        assert_eq!(hours(text).to_string(), written, "{text}");
    }
}

#[test]
fn hours_that_older_databases_hold_are_read_as_they_were() {
    let span = r#"{"opens":"08:00:00","closes":"20:00:00"}"#;
    let night = r#"{"opens":"18:00:00","closes":null}"#;
    let json = format!(
        r#"{{"zone":"Asia/Jakarta","days":[{span},{span},{span},{span},{span},{night},null]}}"#
    );
    let read: Hours = serde_json::from_str(&json).unwrap();
    assert_eq!(read, hours("Mon-Fri 08:00-20:00, Sat 18:00-24:00"));
    // What is no more than that is still written so.
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

#[test]
fn hours_are_stored_whole_and_a_calendar_nobody_knows_is_refused() {
    let text = "Mon 08:00-12:00, 13:00-20:00 Asia/Jakarta except id-national, 2026-12-24, 2026-12-31 08:00-12:00";
    let json = serde_json::to_string(&hours(text)).unwrap();
    assert_eq!(serde_json::from_str::<Hours>(&json).unwrap(), hours(text));
    let unknown = json.replace("id-national", "my-national");
    assert!(serde_json::from_str::<Hours>(&unknown).is_err());
}

fn any_spans() -> impl Strategy<Value = Spans> {
    // Minutes of a day, in pairs: 1440 is midnight. Half past a quarter of the time, to fall into skipped hours.
    prop::collection::vec((0u16..48, 1u16..24), 0..3).prop_map(|pairs| {
        let time = |half: u16| Time::new((half / 2) as i8, (half % 2 * 30) as i8, 0, 0).unwrap();
        let mut spans: Vec<Span> = Vec::new();
        for (opens, length) in pairs {
            let closes = opens + length;
            let span = Span {
                opens: time(opens),
                closes: (closes < 48).then(|| time(closes)),
            };
            let mut more = spans.clone();
            more.push(span);
            if Spans::new(more.clone()).is_ok() {
                spans = more;
            }
        }
        Spans::new(spans).unwrap()
    })
}

fn any_hours() -> impl Strategy<Value = Hours> {
    let zones: Vec<String> = db().available().map(|name| name.to_string()).collect();
    let zone = prop::sample::select(zones).prop_filter_map("a zone", |name| name.parse().ok());
    let days = prop::array::uniform7(any_spans());
    let calendars = prop::collection::btree_set(prop::sample::select(&Calendar::ALL[..]), 0..2);
    let dates = prop::collection::btree_map(any_day(), any_spans(), 0..6);
    (zone, days, calendars, dates).prop_map(|(zone, days, calendars, dates)| Hours {
        zone,
        days,
        calendars,
        dates,
    })
}

fn any_day() -> impl Strategy<Value = Date> {
    (0i32..3 * 365).prop_map(|days| date(2025, 10, 1).checked_add(days.days()).unwrap())
}

/// Any moment, and often one within a few hours of a change of the zone's clocks.
fn any_moment() -> impl Strategy<Value = (i64, Option<usize>)> {
    let seconds = ts("2025-10-01T00:00:00Z").as_second()..ts("2028-10-01T00:00:00Z").as_second();
    (seconds, prop::option::of(0usize..6))
}

fn moment_of(zone: &TimeZone, (seconds, change): (i64, Option<usize>)) -> Timestamp {
    let anywhere = Timestamp::from_second(seconds).unwrap();
    let near = change.and_then(|index| zone.following(ts("2025-10-01T00:00:00Z")).nth(index));
    let Some(change) = near else { return anywhere };
    let hours = 4 * 3_600;
    Timestamp::from_second(change.timestamp().as_second() + seconds % (2 * hours) - hours)
        .unwrap_or(anywhere)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_hours_say_of_any_moment_what_the_clock_there_says(hours in any_hours(), at in any_moment()) {
        let moment = moment_of(hours.zone.time_zone(), at);
        let is_allowed = |moment: Timestamp| {
            let there = moment.to_zoned(hours.zone.time_zone().clone());
            hours.spans_on(there.date()).iter().any(|span| span.contains(there.time()))
        };
        let just_before = |moment: Timestamp| moment - jiff::SignedDuration::from_nanos(1);
        if let Some(closes) = hours.closes_after(moment) {
            prop_assert!(closes > moment);
            prop_assert!(is_allowed(moment));
            prop_assert!(is_allowed(just_before(closes)), "until it closes at {closes}");
            prop_assert_eq!(hours.next_open(moment), Some(moment));
            prop_assert_eq!(hours.closes_after(just_before(closes)), Some(closes));
        }
        match hours.next_open(moment) {
            Some(opens) => {
                prop_assert!(opens >= moment);
                prop_assert!(is_allowed(opens), "it opens at {opens}");
                prop_assert!(hours.closes_after(opens).is_some_and(|closes| closes > opens));
                if opens > moment {
                    prop_assert_eq!(hours.closes_after(moment), None);
                    prop_assert_eq!(hours.closes_after(just_before(opens)), None);
                    let half_way = moment + opens.duration_since(moment) / 2;
                    prop_assert_eq!(hours.next_open(half_way), Some(opens));
                    let changes = hours.zone.time_zone().following(moment - jiff::SignedDuration::from_hours(48));
                    if changes.take_while(|change| change.timestamp() <= opens).next().is_none() {
                        for part in 0..20 {
                            let wait = opens.duration_since(moment) / 20 * part;
                            let is_known = hours.known_until().is_none_or(|last| hours.zone.date(moment) <= last);
                            prop_assert!(!is_allowed(moment + wait) || !is_known, "missed {}", moment + wait);
                        }
                    }
                }
            }
            None => prop_assert_eq!(hours.closes_after(moment), None),
        }
    }

    #[test]
    fn hours_are_never_open_on_a_holiday_and_never_where_nothing_is_known(
        hours in any_hours(), at in any_moment()
    ) {
        let moment = moment_of(hours.zone.time_zone(), at);
        let day = hours.zone.date(moment);
        if hours.closes_after(moment).is_some() && !hours.dates.contains_key(&day) {
            for calendar in &hours.calendars {
                prop_assert_eq!(calendar.holiday(day), Ok(None));
            }
        }
    }

    #[test]
    fn hours_are_read_as_they_were_written(hours in any_hours()) {
        let text = hours.to_string();
        prop_assert_eq!(Hours::parse(&text, Zone::default()).unwrap(), hours.clone(), "{}", text);
        let json = serde_json::to_string(&hours).unwrap();
        prop_assert_eq!(serde_json::from_str::<Hours>(&json).unwrap(), hours);
    }

    #[test]
    fn no_text_makes_reading_panic(text in "[-A-Za-z0-9:., ]{0,60}|.{0,40}") {
        let _ = Hours::parse(&text, Zone::default());
        let _ = OwnCalendar::read(&text);
    }
}
