//! `waha-campaign`: send a message to everybody on a list, once.

fn main() {}
