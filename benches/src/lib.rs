//! Benches that print tables.
