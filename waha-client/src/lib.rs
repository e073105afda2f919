//! Typed async client of one WAHA server.
