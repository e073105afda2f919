//! The campaign engine's gateway to WAHA.
