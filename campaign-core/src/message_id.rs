//! The message id of a delivery: derived, not drawn.
//!
//! WhatsApp Web's own ids are `3EB0` and 18 hex digits. Ours have the same look, and the 18 digits
//! (72 bits) are the delivery's number and a check part, put through a permutation keyed per database.
//! So the id of a delivery is known before, during and after a crash, and any ack or look-up leads back
//! to its row without an index. An id makes "did it go out?" answerable; it does not make a repeat safe:
//! WAHA sends the same id twice when asked twice (recorded).

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::delivery::DeliveryId;

const PREFIX: &str = "3EB0";
const HALF_BITS: u32 = 36;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;
const CHECK_BITS: u32 = 2 * HALF_BITS - DeliveryId::BITS;
/// Four rounds make a Feistel network a strong permutation when the round function is one (Luby and Rackoff); two more cost nothing.
const ROUNDS: u8 = 6;

/// Makes and recognises the message ids of one database.
#[derive(Clone)]
pub struct MessageIds {
    key: [u8; 16],
}

impl fmt::Debug for MessageIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageIds(..)")
    }
}

impl MessageIds {
    /// Ids under this key. A database keeps its key for life: with another key its own ids become foreign.
    pub fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// The message id of a delivery: `3EB0` and 18 hex digits.
    ///
    /// ```
    /// use campaign_core::{delivery::{CampaignId, DeliveryId}, message_id::MessageIds};
    ///
    /// let ids = MessageIds::new([7; 16]);
    /// let delivery = DeliveryId::new(CampaignId::new(1).unwrap(), 42).unwrap();
    /// let id = ids.encode(delivery);
    /// assert!(id.starts_with("3EB0") && id.len() == 22);
    /// assert_eq!(ids.decode(&id), Some(delivery));
    /// ```
    pub fn encode(&self, delivery: DeliveryId) -> String {
        let plain =
            (u128::from(delivery.number()) << CHECK_BITS) | u128::from(self.check(delivery));
        let (mut left, mut right) = halves(plain);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        format!("{PREFIX}{left:09X}{right:09X}")
    }

    /// The delivery that a bare message id stands for, or `None` when it is not one of ours. One foreign
    /// id of this look in 65,536 passes; it still has to meet an existing row.
    pub fn decode(&self, bare_id: &str) -> Option<DeliveryId> {
        let digits = bare_id.strip_prefix(PREFIX)?;
        if digits.len() != 18 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let cipher = u128::from_str_radix(digits, 16).ok()?;
        let (mut left, mut right) = halves(cipher);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        let plain = (u128::from(left) << HALF_BITS) | u128::from(right);
        let delivery = DeliveryId::from_number(u64::try_from(plain >> CHECK_BITS).ok()?)?;
        let check = u64::try_from(plain & ((1 << CHECK_BITS) - 1)).ok()?;
        (check == self.check(delivery)).then_some(delivery)
    }

    fn check(&self, delivery: DeliveryId) -> u64 {
        self.hash(u8::MAX, delivery.number()) & ((1 << CHECK_BITS) - 1)
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        self.hash(round, half) & HALF_MASK
    }

    fn hash(&self, tweak: u8, value: u64) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u8(tweak);
        hasher.write(&value.to_le_bytes());
        hasher.finish()
    }
}

fn halves(value: u128) -> (u64, u64) {
    let mask = u128::from(HALF_MASK);
    (
        u64::try_from((value >> HALF_BITS) & mask).unwrap_or_default(),
        u64::try_from(value & mask).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_delivery_decodes_from_its_id_under_its_key_alone(
            number in 0..(1u64 << DeliveryId::BITS), key: [u8; 16], other: [u8; 16]
        ) {
            let delivery = DeliveryId::from_number(number).unwrap();
            let id = MessageIds::new(key).encode(delivery);
            prop_assert_eq!(MessageIds::new(key).decode(&id), Some(delivery));
            prop_assert_eq!(MessageIds::new(key).decode(&id.to_lowercase()), None);
            if key != other {
                prop_assert_ne!(MessageIds::new(other).decode(&id), Some(delivery));
            }
        }
    }

    #[test]
    fn neighbours_have_ids_far_apart() {
        let ids = MessageIds::new([1; 16]);
        let starts: BTreeSet<String> = (0..2_000)
            .map(|number| ids.encode(DeliveryId::from_number(number).unwrap())[4..10].to_owned())
            .collect();
        assert!(
            starts.len() > 1_990,
            "{} different starts of 2000",
            starts.len()
        );
    }

    #[test]
    fn foreign_ids_hardly_ever_pass() {
        let ours = MessageIds::new([1; 16]);
        let theirs = MessageIds::new([2; 16]);
        let passed = (0..100_000)
            .filter(|number| {
                ours.decode(&theirs.encode(DeliveryId::from_number(*number).unwrap()))
                    .is_some()
            })
            .count();
        assert!(passed < 12, "{passed} of 100,000 (1.5 expected)");
        for odd in [
            "",
            "3EB0",
            "3EB0XYZ",
            "false_1@c.us_3EB0",
            "3EB0ÄÄÄÄÄÄÄÄÄ",
            "3EB0+123456789012345678",
        ] {
            assert_eq!(ours.decode(odd), None, "{odd}");
        }
    }
}
