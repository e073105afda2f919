//! SQL stores of the campaign engine.
