//! What digits can mean, and which meaning is taken.

use rlibphonenumber::{
    PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, PhoneNumberType, ValidationError,
};

use super::clean::{Digits, Typed};
use super::{Line, LinePolicy, NotAPerson, PhoneNumber, Refusal, Region, Why};

/// WhatsApp numbers its groups with 18 digits that begin so.
const GROUP_PREFIX: &str = "120363";
const GROUP_DIGITS: usize = 18;

/// The number the digits stand for.
///
/// libphonenumber reads `62819329799` in Indonesia as area code 628 (so every nine-digit number
/// typed with its country code and without a plus), and knows `00` only where the country dials
/// it. People mean the country code in both cases, so that reading is tried too and preferred
/// when it is a mobile number. When both are mobile numbers, nobody but the operator can tell.
pub(super) fn choose(
    typed: &Typed,
    region: Region,
    policy: LinePolicy,
) -> Result<PhoneNumber, Refusal> {
    indonesian_mobile(typed, region).map_or_else(|| weigh(typed, region, policy), Ok)
}

fn weigh(typed: &Typed, region: Region, policy: LinePolicy) -> Result<PhoneNumber, Refusal> {
    let digits = typed.digits.as_str();
    if digits.len() == GROUP_DIGITS && digits.starts_with(GROUP_PREFIX) {
        return Err(Refusal::NotAPerson(NotAPerson::Group));
    }
    if typed.international {
        return accept(read_international(&typed.digits), policy);
    }
    let with_country_code = match digits.strip_prefix("00") {
        Some(rest) => Digits::from_ascii(rest),
        None if begins_with_country_code(digits, region) => Some(typed.digits),
        None => None,
    };
    let national = read_national(&typed.digits, region);
    match with_country_code {
        Some(digits) => between(read_international(&digits), national, policy),
        None => accept(national, policy),
    }
}

/// The short way for Indonesian mobile numbers: the library classifies, but need not parse, and
/// the second reading of `628...` is not asked for, since no mobile number of Indonesia begins
/// with 62 (both tested). Parsing twice would make `628...`, the commonest form there is, five
/// times as dear.
fn indonesian_mobile(typed: &Typed, region: Region) -> Option<PhoneNumber> {
    let digits = typed.digits.as_str();
    let at_home = region == Region::ID && !typed.international;
    let national = digits
        .strip_prefix("62")
        .filter(|_| typed.international || at_home)
        .or_else(|| digits.strip_prefix('0').filter(|_| at_home))
        .or(Some(digits).filter(|_| at_home))
        .filter(|national| national.starts_with('8'))?;
    let number = rlibphonenumber::PhoneNumber {
        country_code: 62,
        national_number: national.parse().ok()?,
        ..Default::default()
    };
    if PHONE_NUMBER_UTIL.get_number_type(&number) != PhoneNumberType::Mobile {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(national.len()).ok()?)?;
    PhoneNumber::from_digits(scale.checked_mul(62)? + number.national_number).ok()
}

/// One reading of the digits: a number that somebody can have, or why it is none.
type Reading = Result<(PhoneNumber, Option<Line>), Why>;

fn accept(reading: Reading, policy: LinePolicy) -> Result<PhoneNumber, Refusal> {
    match reading {
        Ok((number, None)) => Ok(number),
        Ok((number, Some(_))) if policy == LinePolicy::AnyLine => Ok(number),
        Ok((number, Some(line))) => Err(Refusal::Landline { number, line }),
        Err(why) => Err(Refusal::Invalid(why)),
    }
}

fn between(preferred: Reading, other: Reading, policy: LinePolicy) -> Result<PhoneNumber, Refusal> {
    let (Ok((first, first_line)), Ok((second, second_line))) = (preferred, other) else {
        return accept(preferred.or_else(|why| other.map_err(|_| why)), policy);
    };
    let alike = first_line.is_none() == second_line.is_none();
    let both_allowed = first_line.is_none() || policy == LinePolicy::AnyLine;
    if first != second && alike && both_allowed {
        return Err(Refusal::Ambiguous {
            readings: [first, second],
        });
    }
    accept(
        if first_line.is_some() && second_line.is_none() {
            other
        } else {
            preferred
        },
        policy,
    )
}

fn begins_with_country_code(digits: &str, region: Region) -> bool {
    let code = region.calling_code();
    digits
        .get(..code.checked_ilog10().map_or(0, |tens| tens as usize + 1))
        .and_then(|prefix| prefix.parse().ok())
        == Some(code)
}

fn read_international(digits: &Digits) -> Reading {
    read(digits.with_plus(), None)
}

fn read_national(digits: &Digits, region: Region) -> Reading {
    read(digits.as_str(), region.to_library())
}

fn read(text: &str, region: Option<rlibphonenumber::Region>) -> Reading {
    let number = PHONE_NUMBER_UTIL
        .parse(text, region)
        .map_err(|error| match error {
            ParseError::InvalidCountryCode => Why::UnknownCountryCode,
            ParseError::TooLongNsn => Why::TooLong,
            ParseError::NotANumber(_) | ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
                Why::TooShort
            }
        })?;
    let line = match PHONE_NUMBER_UTIL.get_number_type(&number) {
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => None,
        PhoneNumberType::FixedLine => Some(Line::Fixed),
        PhoneNumberType::VoIP => Some(Line::Internet),
        PhoneNumberType::TollFree
        | PhoneNumberType::PremiumRate
        | PhoneNumberType::SharedCost
        | PhoneNumberType::PersonalNumber
        | PhoneNumberType::Pager
        | PhoneNumberType::UAN
        | PhoneNumberType::VoiceMail => Some(Line::Service),
        PhoneNumberType::Unknown => {
            return Err(
                match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
                    Err(ValidationError::TooShort) => Why::TooShort,
                    Err(ValidationError::TooLong) => Why::TooLong,
                    Err(ValidationError::InvalidCountryCode) => Why::UnknownCountryCode,
                    Err(ValidationError::InvalidLength) | Ok(_) => Why::Unassigned,
                },
            );
        }
    };
    let text = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
    // A few service numbers are longer than E.164 allows, and a few shorter than any phone's.
    let number = PhoneNumber::from_e164_digits(&text).map_err(|_| Why::Unassigned)?;
    Ok((number, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_short_way_for_indonesia_agrees_with_the_long_one(
            international in any::<bool>(),
            text in "(0|62|620|0062)?8[0-9]{6,13}",
            at_home in any::<bool>(),
            any_line in any::<bool>(),
        ) {
            let Some(digits) = Digits::from_ascii(&text) else { return Ok(()) };
            let typed = Typed { international, digits };
            let abroad = Region::new("MY").map_err(|error| TestCaseError::fail(error.to_string()))?;
            let region = if at_home { Region::ID } else { abroad };
            let policy = if any_line { LinePolicy::AnyLine } else { LinePolicy::MobileOnly };
            prop_assert_eq!(choose(&typed, region, policy), weigh(&typed, region, policy));
        }
    }
}
