//! Chance from a seed: the same seed draws the same numbers.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A stream of numbers that a seed and the stream's own number determine.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    seed: u64,
    stream: u64,
    drawn: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self {
            seed,
            stream,
            drawn: 0,
        }
    }

    /// The next number, evenly from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.drawn += 1;
        let mut hasher = SipHasher13::new_with_keys(self.seed, self.stream);
        hasher.write_u64(self.drawn);
        // 53 bits are what a float holds exactly.
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_numbers_again_and_they_are_spread_evenly() {
        let draw = |seed| {
            let mut chance = Chance::new(seed, 1);
            (0..1_000).map(|_| chance.unit()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let mean = draw(7).iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
