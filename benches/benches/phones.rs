//! How long does it take to read a phone number, and how many of a column are read, beside Google's library in Rust and in Python?
//!
//! The libraries get what they document: parse for Indonesia, ask for the type, write a mobile number as E.164. What a spreadsheet did
//! to a number is not their business, so the numbers that they read are fewer.

use benches::table::{Table, thousands};
use benches::{Failure, list, python, time};
use campaign_core::phone::{LinePolicy, Region, normalize};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};
use serde::Deserialize;

const TEXTS: u32 = 1_000;

/// What phonenumbers took for a whole column, and how many of it were mobile numbers.
#[derive(Deserialize)]
struct Answer {
    nanoseconds: f64,
    mobile: usize,
}

pub(crate) fn bench() -> Result<(), Failure> {
    println!("phones: columns of {TEXTS} texts\n");
    let mut table = Table::new(&["", "ns/number", "read"]);
    let mut add = |name: String, nanoseconds: f64, read: usize| {
        let each = thousands(nanoseconds / f64::from(TEXTS));
        table.row([name, each, read.to_string()]);
    };
    let mut skipped = None;
    for (column, texts) in [
        ("0812...", list::plain_phones(TEXTS)),
        ("as people and spreadsheets write it", list::phones(TEXTS)),
    ] {
        let ours = || count(&texts, ours);
        add(format!("{column}: ours"), time::each(ours), ours());
        let bare = || count(&texts, bare);
        add(
            format!("{column}: rlibphonenumber alone"),
            time::each(bare),
            bare(),
        );
        match python::ask::<Answer>("phones.py", &texts) {
            Ok(answer) => add(
                format!("{column}: phonenumbers (Python)"),
                answer.nanoseconds,
                answer.mobile,
            ),
            Err(why) => skipped = Some(why),
        }
    }
    table.print();
    if let Some(why) = skipped {
        println!("skipped: the same columns with phonenumbers: {why}\n");
    }
    Ok(())
}

fn count(texts: &[String], is_read: fn(&str) -> bool) -> usize {
    texts.iter().filter(|text| is_read(text)).count()
}

fn ours(text: &str) -> bool {
    normalize(text, Region::ID, LinePolicy::MobileOnly).is_ok()
}

fn bare(text: &str) -> bool {
    let Ok(number) = PHONE_NUMBER_UTIL.parse(text, Some(rlibphonenumber::Region::ID)) else {
        return false;
    };
    matches!(
        PHONE_NUMBER_UTIL.get_number_type(&number),
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile
    ) && !PHONE_NUMBER_UTIL
        .format(&number, PhoneNumberFormat::E164)
        .is_empty()
}
