//! Whatever a cell holds as a phone number: no panic, and a number read is the same number when it
//! is read again as it is written.
#![no_main]

use campaign_core::phone::{LinePolicy, Region, normalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    for policy in [LinePolicy::MobileOnly, LinePolicy::AnyLine] {
        match normalize(input, Region::ID, policy) {
            Ok(phone) => {
                let again = normalize(&phone.to_string(), Region::ID, policy);
                assert_eq!(again.ok(), Some(phone), "{phone}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
