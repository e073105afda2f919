//! Our reading of phone numbers against Google's, as PyPI's `phonenumbers` answers for the same
//! texts. Every difference belongs to a named class with its argument; one that does not, fails.
//!
//! `tests/phones_oracle.py` writes the texts and the answers; `PHONES_ORACLE` names that file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::phone::{Line, LinePolicy, PhoneNumber, Refusal, Region, Why, normalize};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    region: Region,
    kind: String,
    input: String,
    made_from: Option<String>,
    plain: Option<String>,
    with_plus: Option<String>,
    oracle: Option<Answer>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    e164: String,
    line: String,
    extension: bool,
}

type Outcome = Result<PhoneNumber, Refusal>;

/// Why our answer is another than Google's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    BareCountryCode,
    DoubleZero,
    SpreadsheetFloat,
    SpreadsheetExponent,
    DigitsLost,
    WhatsAppAddress,
    NotAPerson,
    Link,
    Note,
    TwoNumbers,
    Extension,
    StrayCharacter,
    OutsideE164,
}

impl Class {
    fn argument(self) -> &'static str {
        match self {
            Self::BareCountryCode => {
                "digits that begin with the country's own code and make a mobile number that way are meant so"
            }
            Self::DoubleZero => "people write 00 for + whatever their country dials",
            Self::SpreadsheetFloat => "the zero after the point was added by a spreadsheet",
            Self::SpreadsheetExponent => {
                "the exponent is a spreadsheet's notation for the same digits"
            }
            Self::DigitsLost => "digits that a spreadsheet left out cannot be known",
            Self::WhatsAppAddress => {
                "WhatsApp's own address of a person begins with the country code"
            }
            Self::NotAPerson => "the address of a group or of a hidden identity is no phone number",
            Self::Link => "a wa.me link holds the number, the rest of it is no part of the number",
            Self::Note => "a note behind the number does not spell digits on a telephone's keys",
            Self::TwoNumbers => {
                "two numbers in a cell are two people, or one person's choice that is not ours"
            }
            Self::Extension => "WhatsApp does not reach an extension",
            Self::StrayCharacter => "a letter or sign among digits may stand for a digit",
            Self::OutsideE164 => {
                "some service numbers have more digits than E.164 allows or fewer than any telephone, and WhatsApp has none of them"
            }
        }
    }
}

fn read(text: &str, region: Region, policy: LinePolicy) -> Outcome {
    normalize(text, region, policy).map_err(|error| error.refusal)
}

fn is(number: PhoneNumber, answer: &Answer) -> bool {
    number.to_string() == answer.e164
}

/// True when both say the same, line and all.
fn agrees(oracle: Option<&Answer>, mobile_only: Outcome, any_line: Outcome) -> bool {
    let Some(answer) = oracle else {
        return matches!(any_line, Err(Refusal::Invalid(_)));
    };
    let with_policy = match (answer.line.as_str(), mobile_only) {
        ("mobile", Ok(number)) => is(number, answer),
        ("fixed", Err(Refusal::Landline { number, line })) => {
            is(number, answer) && line == Line::Fixed
        }
        ("internet", Err(Refusal::Landline { number, line })) => {
            is(number, answer) && line == Line::Internet
        }
        ("service", Err(Refusal::Landline { number, line })) => {
            is(number, answer) && line == Line::Service
        }
        _ => false,
    };
    !answer.extension && with_policy && any_line.is_ok_and(|number| is(number, answer))
}

/// The class of a difference, from what was typed and what we answered; `None` fails the test.
fn class(case: &Case, mobile_only: Outcome, any_line: Outcome) -> Option<Class> {
    let taken_for = |wanted: &str| match (any_line, mobile_only) {
        (Ok(number), Ok(again) | Err(Refusal::Landline { number: again, .. })) => {
            number == again && number.to_string() == wanted
        }
        _ => false,
    };
    let asked_about = |wanted: &str| {
        matches!(any_line, Err(Refusal::Ambiguous { readings })
            if readings.iter().any(|reading| reading.to_string() == wanted))
    };
    let as_with_plus =
        (case.with_plus.as_deref()).is_some_and(|number| taken_for(number) || asked_about(number));
    let as_made = case.made_from.as_deref().is_some_and(taken_for);
    // The plain digits are compared with Google by themselves, as another kind of text.
    let as_plain = case.plain.as_deref().is_some_and(|plain| {
        read(plain, case.region, LinePolicy::AnyLine) == any_line
            && read(plain, case.region, LinePolicy::MobileOnly) == mobile_only
    });
    let stray = matches!(any_line, Err(Refusal::Invalid(Why::StrayCharacter(_))));
    let not_a_person = matches!(any_line, Err(Refusal::NotAPerson(_)));
    let outside_e164 = any_line.is_err()
        && (case.oracle.as_ref().map(|answer| &answer.e164))
            .or(case.made_from.as_ref())
            .is_some_and(|number| !(8..=16).contains(&number.len()));

    let (class, holds) = match case.kind.split(',').next()? {
        _ if outside_e164 => (Class::OutsideE164, true),
        _ if case.input.starts_with("00") => (Class::DoubleZero, as_with_plus),
        "bare country code" | "national number alone" | "random digits" => {
            (Class::BareCountryCode, as_with_plus)
        }
        "float" | "thousands" => (Class::SpreadsheetFloat, as_plain),
        "exponent" if case.made_from.is_some() => (Class::SpreadsheetExponent, as_plain),
        "exponent" => (Class::DigitsLost, any_line == Err(Refusal::DigitsLost)),
        "person address" | "device address" => (Class::WhatsAppAddress, as_made),
        "group address" | "hidden address" => (Class::NotAPerson, not_a_person),
        "link" => (Class::Link, as_made),
        "note" => (Class::Note, as_made),
        "two numbers" => (Class::TwoNumbers, any_line == Err(Refusal::TwoNumbers)),
        "extension" => (Class::Extension, any_line == Err(Refusal::Extension)),
        "letter for a digit" | "sign for a digit" => (Class::StrayCharacter, stray),
        _ => return None,
    };
    holds.then_some(class)
}

#[test]
fn every_difference_from_google_has_a_name_and_an_argument() {
    let Some(path) = std::env::var_os("PHONES_ORACLE") else {
        println!("skipped: PHONES_ORACLE is not set");
        return;
    };
    let answers = std::fs::read_to_string(path).unwrap();
    let mut compared = 0;
    let mut regions = BTreeSet::new();
    let mut named: BTreeMap<Class, (usize, String)> = BTreeMap::new();
    let mut unnamed = Vec::new();
    let mut mistaken = 0;
    for line in answers.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let mobile_only = read(&case.input, case.region, LinePolicy::MobileOnly);
        let any_line = read(&case.input, case.region, LinePolicy::AnyLine);
        compared += 1;
        regions.insert(case.region);
        if let (Some(made_from), Ok(number)) = (&case.made_from, any_line) {
            mistaken += usize::from(*made_from != number.to_string());
        }
        if agrees(case.oracle.as_ref(), mobile_only, any_line) {
            continue;
        }
        match class(&case, mobile_only, any_line) {
            Some(class) => {
                let example = || (0, format!("{:?} in {}", case.input, case.region));
                named.entry(class).or_insert_with(example).0 += 1;
            }
            None => unnamed.push(format!("{case:?}: {any_line:?}")),
        }
    }
    println!("{compared} texts of {} regions compared", regions.len());
    println!("{mistaken} read by both as another number than they were made from");
    for (class, (count, example)) in &named {
        println!("{count:6} {class:?} ({example}): {}", class.argument());
    }
    assert!(compared >= 20_000 && regions.len() >= 30, "too few");
    assert!(
        unnamed.is_empty(),
        "{} differences have no name:\n{}",
        unnamed.len(),
        unnamed[..unnamed.len().min(30)].join("\n")
    );
}
