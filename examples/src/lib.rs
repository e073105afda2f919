//! Runnable examples, one file each in `examples/`. They need no server: a simulated WAHA runs in the same process.
//!
//! The code in the README is compiled as a test of this crate, so that it cannot grow old.

use std::fmt::Display;

/// Prints a line. The other crates never print; examples do.
#[allow(clippy::print_stdout)]
pub fn say(line: impl Display) {
    println!("{line}");
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
