//! How long one call takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::median;

/// Nanoseconds of one call: the median of several rounds.
pub fn each<T>(mut work: impl FnMut() -> T) -> f64 {
    const ROUNDS: usize = 15;
    const ROUND: Duration = Duration::from_millis(100);
    let rounds = (0..ROUNDS).map(|_| {
        let (began, mut calls) = (Instant::now(), 0_u32);
        while began.elapsed() < ROUND {
            for _ in 0..100 {
                black_box(work());
            }
            calls += 100;
        }
        began.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    });
    median(rounds.collect())
}
