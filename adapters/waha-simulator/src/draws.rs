//! Chance from a seed: the same key always yields the same stream, whatever else happens.

use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;

/// A short deterministic stream of random numbers (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Draws(u64);

impl Draws {
    /// The stream that belongs to `parts` under `seed`.
    pub(crate) fn keyed(seed: u64, parts: &[&[u8]], nth: u64) -> Self {
        let mut hasher = SipHasher13::new_with_keys(seed, 0x9E37_79B9_7F4A_7C15);
        for part in parts {
            hasher.write(part);
            hasher.write_u8(0xFF);
        }
        hasher.write_u64(nth);
        Self(hasher.finish())
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        if high <= low {
            return low;
        }
        low + (high - low).mul_f64(self.unit())
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        (self.next_u64() % length.max(1) as u64) as usize
    }
}

/// A stable number for a key, the same on every machine.
pub(crate) fn stable_hash(seed: u64, parts: &[&[u8]]) -> u64 {
    Draws::keyed(seed, parts, 0).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_draws_the_same_and_another_key_does_not() {
        let stream = |seed, key: &[u8], nth| {
            let mut draws = Draws::keyed(seed, &[key], nth);
            [draws.next_u64(), draws.next_u64()]
        };
        assert_eq!(stream(1, b"chat", 0), stream(1, b"chat", 0));
        assert_ne!(stream(1, b"chat", 0), stream(1, b"chat", 1));
        assert_ne!(stream(1, b"chat", 0), stream(2, b"chat", 0));
        assert_ne!(stream(1, b"chat", 0), stream(1, b"cha", 0));
    }

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(
            stable_hash(1, &[b"ab", b"c"]),
            stable_hash(1, &[b"a", b"bc"])
        );
    }
}
