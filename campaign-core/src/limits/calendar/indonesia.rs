//! The holidays of Indonesia, as its three ministers decree them for each year.
//!
//! Decrees of the Ministers of Religious Affairs, of Manpower, and of Administrative Reform on national holidays and joint leave
//! (*Keputusan Bersama ... tentang Hari Libur Nasional dan Cuti Bersama*, "SKB 3 Menteri"), published by the State Secretariat
//! (setneg.go.id) and the Coordinating Ministry for Human Development and Culture (kemenkopmk.go.id):
//!
//! - 2026: 1497/2025, 2/2025 and 5/2025 of 19 September 2025: 17 national holidays, 8 days of joint leave.
//! - 2027: 1205/2026, 3/2026 and 2/2026 of 15 September 2026: 18 national holidays, 8 days of joint leave.
//!
//! The decree of a year comes out in the autumn before, and may be amended within the year (that of 2025 was). The days of
//! Idulfitri and Iduladha are set for good only by the Minister of Religious Affairs shortly before.

use std::ops::RangeInclusive;

use jiff::civil::{Date, date};

/// The years whose decrees are in the tables, whole.
pub(super) const YEARS: RangeInclusive<i16> = 2026..=2027;

/// National holidays (*libur nasional*), in order.
#[rustfmt::skip]
pub(super) const NATIONAL: &[(Date, &str)] = &[
    (date(2026, 1, 1), "Tahun Baru 2026 Masehi"),
    (date(2026, 1, 16), "Isra Mikraj Nabi Muhammad SAW"),
    (date(2026, 2, 17), "Tahun Baru Imlek 2577 Kongzili"),
    (date(2026, 3, 19), "Hari Suci Nyepi (Tahun Baru Saka 1948)"),
    (date(2026, 3, 21), "Idulfitri 1447 Hijriah"),
    (date(2026, 3, 22), "Idulfitri 1447 Hijriah"),
    (date(2026, 4, 3), "Wafat Yesus Kristus"),
    (date(2026, 4, 5), "Kebangkitan Yesus Kristus (Paskah)"),
    (date(2026, 5, 1), "Hari Buruh Internasional"),
    (date(2026, 5, 14), "Kenaikan Yesus Kristus"),
    (date(2026, 5, 27), "Iduladha 1447 Hijriah"),
    (date(2026, 5, 31), "Hari Raya Waisak 2570 BE"),
    (date(2026, 6, 1), "Hari Lahir Pancasila"),
    (date(2026, 6, 16), "1 Muharam Tahun Baru Islam 1448 Hijriah"),
    (date(2026, 8, 17), "Proklamasi Kemerdekaan"),
    (date(2026, 8, 25), "Maulid Nabi Muhammad SAW"),
    (date(2026, 12, 25), "Kelahiran Yesus Kristus (Natal)"),
    (date(2027, 1, 1), "Tahun Baru 2027 Masehi"),
    (date(2027, 1, 5), "Isra Mikraj Nabi Muhammad SAW"),
    (date(2027, 2, 6), "Tahun Baru Imlek 2578 Kongzili"),
    (date(2027, 3, 8), "Hari Suci Nyepi (Tahun Baru Saka 1949)"),
    (date(2027, 3, 10), "Idulfitri 1448 Hijriah"),
    (date(2027, 3, 11), "Idulfitri 1448 Hijriah"),
    (date(2027, 3, 26), "Wafat Yesus Kristus"),
    (date(2027, 3, 28), "Kebangkitan Yesus Kristus (Paskah)"),
    (date(2027, 5, 1), "Hari Buruh Internasional"),
    (date(2027, 5, 6), "Kenaikan Yesus Kristus"),
    (date(2027, 5, 17), "Iduladha 1448 Hijriah"),
    (date(2027, 5, 20), "Hari Raya Waisak 2571 BE"),
    (date(2027, 6, 1), "Hari Lahir Pancasila"),
    (date(2027, 6, 6), "1 Muharam Tahun Baru Islam 1449 Hijriah"),
    (date(2027, 8, 15), "Maulid Nabi Muhammad SAW"),
    (date(2027, 8, 17), "Proklamasi Kemerdekaan"),
    (date(2027, 12, 25), "Kelahiran Yesus Kristus (Natal)"),
    (date(2027, 12, 26), "Isra Mikraj Nabi Muhammad SAW"),
];

/// Days of joint leave (*cuti bersama*), in order, by the holiday they go with.
#[rustfmt::skip]
pub(super) const JOINT_LEAVE: &[(Date, &str)] = &[
    (date(2026, 2, 16), "Tahun Baru Imlek 2577 Kongzili"),
    (date(2026, 3, 18), "Hari Suci Nyepi (Tahun Baru Saka 1948)"),
    (date(2026, 3, 20), "Idulfitri 1447 Hijriah"),
    (date(2026, 3, 23), "Idulfitri 1447 Hijriah"),
    (date(2026, 3, 24), "Idulfitri 1447 Hijriah"),
    (date(2026, 5, 15), "Kenaikan Yesus Kristus"),
    (date(2026, 5, 28), "Iduladha 1447 Hijriah"),
    (date(2026, 12, 24), "Kelahiran Yesus Kristus (Natal)"),
    (date(2027, 2, 5), "Tahun Baru Imlek 2578 Kongzili"),
    (date(2027, 3, 9), "Idulfitri 1448 Hijriah"),
    (date(2027, 3, 12), "Idulfitri 1448 Hijriah"),
    (date(2027, 3, 15), "Idulfitri 1448 Hijriah"),
    (date(2027, 3, 25), "Wafat Yesus Kristus"),
    (date(2027, 5, 18), "Iduladha 1448 Hijriah"),
    (date(2027, 5, 19), "Hari Raya Waisak 2571 BE"),
    (date(2027, 12, 24), "Kelahiran Yesus Kristus (Natal)"),
];

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::*;

    #[test]
    fn each_year_has_as_many_days_as_its_decree_says() {
        let of = |table: &[(Date, &str)], year| {
            table.iter().filter(|(day, _)| day.year() == year).count()
        };
        for (year, national, joint) in [(2026, 17, 8), (2027, 18, 8)] {
            assert_eq!(of(NATIONAL, year), national, "{year}");
            assert_eq!(of(JOINT_LEAVE, year), joint, "{year}");
        }
        for table in [NATIONAL, JOINT_LEAVE] {
            assert!(table.is_sorted_by(|one, other| one.0 < other.0));
            assert!(table.iter().all(|(day, _)| YEARS.contains(&day.year())));
        }
        assert!(
            !JOINT_LEAVE
                .iter()
                .any(|(day, _)| NATIONAL.iter().any(|(other, _)| day == other))
        );
    }

    /// The decrees name the weekday beside each date.
    #[test]
    fn the_days_fall_on_the_weekdays_of_the_decrees() {
        let rows = [
            (date(2026, 1, 16), Weekday::Friday),
            (date(2026, 2, 17), Weekday::Tuesday),
            (date(2026, 3, 19), Weekday::Thursday),
            (date(2026, 3, 21), Weekday::Saturday),
            (date(2026, 5, 27), Weekday::Wednesday),
            (date(2026, 8, 25), Weekday::Tuesday),
            (date(2027, 2, 6), Weekday::Saturday),
            (date(2027, 3, 10), Weekday::Wednesday),
            (date(2027, 5, 17), Weekday::Monday),
            (date(2027, 8, 15), Weekday::Sunday),
            (date(2027, 12, 26), Weekday::Sunday),
        ];
        for (day, weekday) in rows {
            assert_eq!(day.weekday(), weekday, "{day}");
            assert!(NATIONAL.iter().any(|(other, _)| *other == day), "{day}");
        }
        // Joint leave is never a Sunday.
        assert!(
            JOINT_LEAVE
                .iter()
                .all(|(day, _)| day.weekday() != Weekday::Sunday)
        );
    }
}
