//! What people and spreadsheets write for a phone number, and what is made of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use campaign_core::phone::{
    Line, LinePolicy, NotAPerson, PhoneError, PhoneNumber, Refusal, Region, Why, normalize,
};
use proptest::prelude::*;

fn read(text: &str) -> Result<PhoneNumber, Refusal> {
    read_in("ID", text)
}

fn read_in(region: &str, text: &str) -> Result<PhoneNumber, Refusal> {
    normalize(text, Region::new(region).unwrap(), LinePolicy::MobileOnly)
        .map_err(|error: PhoneError| error.refusal)
}

#[track_caller]
fn all_read_as(expected: &str, texts: &[&str]) {
    let expected: PhoneNumber = expected.parse().unwrap();
    for text in texts {
        assert_eq!(read(text), Ok(expected), "{text:?}");
    }
}

#[track_caller]
fn all_refused(expected: Refusal, texts: &[&str]) {
    for text in texts {
        assert_eq!(read(text), Err(expected), "{text:?}");
    }
}

#[test]
fn every_usual_spelling_is_the_same_number() {
    all_read_as(
        "+6281212345678",
        &[
            "081212345678",
            "81212345678",
            "6281212345678",
            "+6281212345678",
            "006281212345678",
            "00 62 812-1234-5678",
            "+62 812-1234-5678",
            "+62 (0) 812 1234 5678",
            "+62 0812 1234 5678",
            "62 0812 1234 5678",
            "(+62) 812 1234 5678",
            "+ 62 812 1234 5678",
            "(0812) 1234-5678",
            "0812.1234.5678",
            "0812/1234/5678",
            "0812,1234,5678",
            "  081212345678\t",
            "tel:+62-812-1234-5678",
        ],
    );
}

#[test]
fn what_spreadsheets_do_to_numbers_is_undone() {
    all_read_as(
        "+6281212345678",
        &[
            "'081212345678",
            "\u{2019}081212345678",
            "\"081212345678\"",
            "=\"081212345678\"",
            "6281212345678.0",
            "6281212345678,0",
            "81212345678.00",
            "6281212345678.0 (WA)",
            "6,281,212,345,678",
            "6.281.212.345.678",
            "6,281,212,345,678.00",
            "6.281.212.345.678,00",
            "6.281212345678E+12",
            "6.281212345678e12",
            "6,281212345678E+12",
            "8.1212345678E+10",
            "6.28121234567800E+12",
        ],
    );
    all_refused(
        Refusal::DigitsLost,
        &["6.28E+12", "6,28121E+12", "6.28121234567E+12", "628E+10"],
    );
    all_refused(
        Refusal::Invalid(Why::Fraction),
        &[
            "6281212345678.5",
            "6281212345678.000",
            "6.28121234567855E+12",
        ],
    );
}

#[test]
fn unseen_and_foreign_characters_do_not_change_the_number() {
    all_read_as(
        "+6281212345678",
        &[
            "\u{202a}+62 812-1234-5678\u{202c}",
            "\u{feff}081212345678",
            "0812\u{a0}1234\u{2009}5678",
            "0812\u{200b}1234\u{ad}5678",
            "0812\u{2011}1234\u{2013}5678",
            "\u{ff0b}\u{ff16}\u{ff12}\u{ff18}\u{ff11}\u{ff12}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}\u{ff18}",
            "\u{660}\u{668}\u{661}\u{662}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}",
            "\u{966}\u{96e}\u{967}\u{968}\u{967}\u{968}\u{969}\u{96a}\u{96b}\u{96c}\u{96d}\u{96e}",
            "\u{1f4f1}081212345678",
            "\u{260e} 081212345678 \u{2705}",
        ],
    );
}

#[test]
fn labels_and_notes_are_left_out() {
    all_read_as(
        "+6281212345678",
        &[
            "081212345678 (WA)",
            "081212345678 - Budi",
            "081212345678 (istri)",
            "081212345678, WA only",
            "WA: 081212345678",
            "wa081212345678",
            "No. HP 0812-1234-5678",
            "Budi 081212345678",
            "Telp/WA : 081212345678",
        ],
    );
}

#[test]
fn a_letter_that_may_stand_for_a_digit_is_refused() {
    for text in [
        "O81212345678",
        "08121234567O",
        "08121234567 O",
        "0812l2345678",
        "08121234567?",
        "0812123456_",
        "0812xxxx5678",
        "08121234FLOWER",
        "*81212345678",
        "#81212345678",
        "0812:12345678",
        "2024-05-01 10:00:00",
    ] {
        let refusal = read(text);
        assert!(
            matches!(refusal, Err(Refusal::Invalid(Why::StrayCharacter(_)))),
            "{text:?}: {refusal:?}"
        );
    }
}

#[test]
fn whatsapp_addresses_of_persons_are_numbers_and_others_are_not() {
    all_read_as(
        "+6281212345678",
        &[
            "6281212345678@c.us",
            "6281212345678@s.whatsapp.net",
            "6281212345678@S.WHATSAPP.NET ",
            "6281212345678:12@s.whatsapp.net",
            "6281212345678.0:3@s.whatsapp.net",
            "+6281212345678@c.us",
            "https://wa.me/6281212345678",
            "wa.me/6281212345678?text=Halo%2012345678",
            "https://api.whatsapp.com/send?phone=%2B6281212345678&text=hi",
        ],
    );
    for (text, what) in [
        ("120363025246125486@g.us", NotAPerson::Group),
        ("6281212345678-1412345678@g.us", NotAPerson::Group),
        ("120363025246125486", NotAPerson::Group),
        ("91234567890123@lid", NotAPerson::Lid),
        ("120363025246125486@newsletter", NotAPerson::Channel),
        ("status@broadcast", NotAPerson::Broadcast),
    ] {
        assert_eq!(read(text), Err(Refusal::NotAPerson(what)), "{text:?}");
    }
    all_refused(
        Refusal::Invalid(Why::ForeignAddress),
        &["budi@example.com", "081212345678@gmail.com"],
    );
    all_refused(
        Refusal::Invalid(Why::UnknownCountryCode),
        &["081212345678@c.us"],
    );
    all_refused(
        Refusal::TwoNumbers,
        &["6281212345678@c.us;6281312345678@c.us"],
    );
}

#[test]
fn two_numbers_in_a_cell_are_refused() {
    all_refused(
        Refusal::TwoNumbers,
        &[
            "081212345678/081312345678",
            "081212345678 / 79",
            "081212345678, 081312345678",
            "081212345678;081312345678",
            "081212345678 | 081312345678",
            "081212345678\n081312345678",
            "081212345678 081312345678",
            "0812-1234-5678 0813-1234-5678",
            "081212345678 & 081312345678",
            "081212345678 atau 081312345678",
            "081212345678 (istri: 081312345678)",
            "+6281212345678+6281312345678",
            "081212345678 +6281312345678",
            "6281212345678-6281312345678",
            "081312345678 https://wa.me/6281212345678",
        ],
    );
}

#[test]
fn an_area_code_before_a_slash_is_not_a_second_number() {
    for text in ["021/55501234", "(021) 5550-1234", "021,55501234"] {
        assert!(
            matches!(read(text), Err(Refusal::Landline { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn extensions_are_refused() {
    all_refused(
        Refusal::Extension,
        &[
            "081212345678 ext 12",
            "081212345678 ext. 12",
            "081212345678x12",
            "081212345678 #12",
            "081212345678;ext=12",
            "081212345678 pes. 12",
            "081212345678 ekst 12",
            "081212345678,,12",
        ],
    );
}

#[test]
fn text_without_a_number_says_so() {
    all_refused(Refusal::Invalid(Why::Empty), &["", "  ", "'", "\u{200b}"]);
    all_refused(
        Refusal::Invalid(Why::NoDigits),
        &["-", "n/a", "tidak ada", "+", "wa.me/message/ABC"],
    );
    all_refused(
        Refusal::Invalid(Why::TooShort),
        &["1", "0812", "62", "+62", "+62812"],
    );
    all_refused(
        Refusal::Invalid(Why::TooLong),
        &["0812123456789012345", "123456789012345678901234567890"],
    );
    all_refused(
        Refusal::Invalid(Why::UnknownCountryCode),
        &["+081212345678", "+9991234567890"],
    );
    let prose = "x".repeat(500);
    all_refused(Refusal::Invalid(Why::TooLong), &[&prose]);
}

#[test]
fn the_country_code_without_a_plus_is_the_country_code() {
    // Area code 628 of Indonesia has landlines that are written with the same digits.
    all_read_as("+62819329799", &["62819329799", "0062819329799"]);
    let any_line = normalize("62819329799", Region::ID, LinePolicy::AnyLine);
    assert_eq!(any_line.unwrap().to_string(), "+62819329799");
    // In India 91... is also how ten-digit mobile numbers begin.
    let indian = |text| read_in("IN", text).unwrap().to_string();
    assert_eq!(indian("9198765432"), "+919198765432");
    assert_eq!(indian("919198765432"), "+919198765432");
}

#[test]
fn two_mobile_readings_are_ambiguous_and_both_are_shown() {
    // 009 was a dialling prefix of Indonesia: 00 91... (India) or 009 1... (New York)?
    let text = "00919175551234";
    let (first, second) = ("+919175551234", "+19175551234");
    let readings = [first.parse().unwrap(), second.parse().unwrap()];
    assert_eq!(read(text), Err(Refusal::Ambiguous { readings }));

    let error = normalize(text, Region::ID, LinePolicy::MobileOnly).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(first) && message.contains(second),
        "{message}"
    );
    // Where 009 is no dialling prefix there is nothing to doubt.
    assert_eq!(read_in("DE", text).unwrap().to_string(), first);
}

#[test]
fn a_landline_is_named_and_allowed_by_policy() {
    let jakarta: PhoneNumber = "+622155501234".parse().unwrap();
    assert_eq!(
        read("021-55501234"),
        Err(Refusal::Landline {
            number: jakarta,
            line: Line::Fixed
        })
    );
    assert_eq!(
        normalize("021-55501234", Region::ID, LinePolicy::AnyLine),
        Ok(jakarta)
    );
    assert!(matches!(
        read("0800 1234567"),
        Err(Refusal::Landline {
            line: Line::Service,
            ..
        })
    ));
}

#[test]
fn a_plus_overrides_the_region() {
    for (text, expected) in [
        ("+65 8123 4567", "+6581234567"),
        ("+60 12-345 6789", "+60123456789"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("0065 8123 4567", "+6581234567"),
    ] {
        assert_eq!(read(text).unwrap().to_string(), expected, "{text:?}");
    }
}

#[test]
fn an_error_names_the_text_and_the_remedy() {
    let message = |text: &str| {
        normalize(text, Region::ID, LinePolicy::MobileOnly)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("6.28E+12"),
        "\"6.28E+12\" was shortened by a spreadsheet, digits are missing: format the column as \
         text or as a number without decimals and export it again"
    );
    assert_eq!(
        message("081212345678/79"),
        "\"081212345678/79\" holds more than one number: keep one number, or give each its own row"
    );
    let long = message(&"9".repeat(300));
    assert!(long.len() < 250, "{long}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_has_an_answer(text in "\\PC{0,60}", region in "ID|US|BR|IT|RU|SG|DE|GB|MX|AR") {
        let _ = read_in(&region, &text);
    }

    #[test]
    fn a_number_that_was_read_is_read_again_as_itself(
        text in "[+'=\"]?(0|00|62|1|39|55|\\+62|\\+1|\\+39)?[0-9 ().,/eE+@:x;#\\-\u{200b}\u{a0}\u{660}]{0,24}(@c\\.us| WA|\\.0)?",
        digits in "(\\+|00|\\+62|62|0|)[1-9][0-9]{5,13}",
        region in "ID|US|BR|IT|RU|SG|DE|GB|MX|AR",
        any_line in any::<bool>(),
    ) {
        let region = Region::new(&region).unwrap();
        let policy = if any_line { LinePolicy::AnyLine } else { LinePolicy::MobileOnly };
        for text in [text, digits] {
            if let Ok(phone) = normalize(&text, region, policy) {
                prop_assert_eq!(normalize(&phone.to_string(), region, policy), Ok(phone));
                prop_assert_eq!(normalize(&phone.to_string(), Region::ID, policy), Ok(phone));
                prop_assert_eq!(phone.to_string().parse(), Ok(phone));
            }
        }
    }
}
