//! Typed-in text to a phone number, or the reason why not.
//!
//! [`PhoneNumber`] is the identity of a person everywhere in the engine: an E.164 number in eight
//! bytes. [`normalize`] reads what people and spreadsheets write: which ranges exist and which are
//! mobile is libphonenumber's knowledge, mess and double meaning are settled here. Whether a
//! number is on WhatsApp is not asked here.

mod clean;
mod error;
mod masked;
mod number;
mod reading;
mod region;

pub use error::{Line, NotAPerson, PhoneError, Refusal, Why};
pub use masked::masked;
pub use number::{Masked, PhoneNumber, UnlikelyNumber};
pub use region::{Region, UnknownRegion};

/// Which lines a campaign may write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinePolicy {
    /// Mobile numbers, and numbers of countries where mobile and fixed lines look the same.
    #[default]
    MobileOnly,
    /// Also landlines and service numbers: a business may have registered one with WhatsApp.
    AnyLine,
}

/// Reads typed-in text as a phone number; `region` is where a number without its country code
/// belongs.
///
/// Understood are brackets, dashes, dots, spaces and digits of any alphabet, labels before and
/// notes after the number, a spreadsheet's apostrophe or `.0`, `00` for `+`, WhatsApp's own
/// `@c.us` and `wa.me/`. What could mean two people is refused, never guessed: [`Refusal`] has an
/// answer for each case.
///
/// ```
/// use campaign_core::phone::{LinePolicy, PhoneError, Refusal, Region, normalize};
///
/// let read = |text| normalize(text, Region::ID, LinePolicy::MobileOnly);
/// assert_eq!(read("0812-1234-5678 (WA)")?.to_string(), "+6281212345678");
/// assert_eq!(read("6281212345678.0")?.to_string(), "+6281212345678");
///
/// let refusal = |text| read(text).unwrap_err().refusal;
/// assert_eq!(refusal("6.28E+12"), Refusal::DigitsLost);
/// assert!(matches!(refusal("021 5550 1234"), Refusal::Landline { .. }));
/// # Ok::<(), PhoneError>(())
/// ```
///
/// # Errors
/// [`PhoneError`], which names the text and the remedy.
pub fn normalize(
    input: &str,
    region: Region,
    policy: LinePolicy,
) -> Result<PhoneNumber, PhoneError> {
    clean::plain(input)
        .map_or_else(|| clean::clean(input), Ok)
        .and_then(|typed| reading::choose(&typed, region, policy))
        .map_err(|refusal| PhoneError::new(input, refusal))
}
