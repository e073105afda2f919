//! What is wrong with a line of a calendar of one's own.

use campaign_core::limits::CalendarFault;

/// What the core adds to whatever is wrong with hours.
const HOURS_REMEDY: &str = ": write 08:00-12:00, or leave it out for a closed day";

/// The line as it is shown in every language, with the words around it.
pub(super) fn line(fault: &CalendarFault) -> String {
    let CalendarFault {
        line,
        field,
        value,
        why,
    } = fault;
    let (why, remedy) = match why.strip_suffix(HOURS_REMEDY) {
        Some(why) => (why, ": tulis 08:00-12:00, atau kosongkan bila tutup"),
        None => (why.as_str(), ""),
    };
    let (part, reason) = (part(field), reason(why));
    format!("baris {line}, {part}: {value:?}: {reason}{remedy}")
}

fn part(field: &str) -> &str {
    match field {
        "date" => "tanggal",
        "name" => "nama",
        "hours" => "jam",
        _ => "seluruh baris",
    }
}

/// What the core says in English; words that are new to this table are shown as they are.
fn reason(why: &str) -> &str {
    match why {
        "a line has a date, a name and hours: put a name with a separator in it in double quotes" => {
            "satu baris berisi tanggal, nama, dan jam: apit nama yang memuat pemisah dengan tanda kutip ganda"
        }
        "a line above gives this date other hours: leave one of them out" => {
            "baris di atasnya memberi tanggal ini jam yang lain: hapus salah satunya"
        }
        "a double quote is not closed on its line" => {
            "tanda kutip ganda tidak ditutup di baris itu"
        }
        "a date is not written as 2026-12-24" => "tanggal ditulis seperti 2026-12-24",
        "a range of dates ends before it begins" => "rentang tanggal berakhir sebelum dimulai",
        "a range of dates is longer than a year" => "rentang tanggal lebih dari setahun",
        "a time range is missing" => "rentang jam belum ada",
        "the opening time is not HH:MM" => "jam buka ditulis JJ:MM",
        "the closing time is not HH:MM" => "jam tutup ditulis JJ:MM",
        "it must close after it opens, on the same day" => {
            "jam tutup harus sesudah jam buka, di hari yang sama"
        }
        "two spans of a day overlap" => "dua rentang jam di satu hari bertumpuk",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use campaign_core::limits::OwnCalendar;

    use super::*;

    #[test]
    fn what_the_core_finds_wrong_is_said_in_indonesian() {
        let lines = [
            "31/12/2026, Tutup",
            "2026-12-31, Tutup, 08:00-12:00, lagi",
            "2026-12-31, \"Tutup",
            "2026-12-31..2026-12-30, Tutup",
            "2026-01-01..2028-01-01, Tutup",
            "2026-12-31, Tutup, pagi",
            "2026-12-31, Tutup, 8-12:00",
            "2026-12-31, Tutup, 08:00-siang",
            "2026-12-31, Tutup, 12:00-08:00",
            "2026-12-31, Tutup, \"08:00-12:00, 11:00-13:00\"",
            "2026-12-31, Tutup\n2026-12-31, Buka, 08:00-09:00",
        ];
        for text in lines {
            let calendar = OwnCalendar::read(text);
            let fault = calendar.faults.first().unwrap();
            let words = line(fault);
            let english = fault.why.split(':').next().unwrap();
            assert!(!words.contains(english), "{words}");
            assert!(words.starts_with("baris "), "{words}");
            assert!(!words.contains("write 08:00"), "{words}");
        }
    }
}
