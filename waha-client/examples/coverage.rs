//! Compares a server's own specification with what this client has:
//! `cargo run -p waha-client --example coverage -- http://localhost:3000` (or a file, or the address of an `openapi.json`).
//! Exits with 1 when the server has operations that the client neither has nor names, or lacks some that the client has.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::process::ExitCode;

use serde_json::Value;
use waha_client::specification::{LEFT_OUT, compare};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(place) = std::env::args().nth(1) else {
        eprintln!("usage: coverage <openapi.json | http://server:3000>");
        return Ok(ExitCode::from(2));
    };
    let coverage = compare(&read(&place).await?).ok_or("this is no OpenAPI document")?;
    let all = coverage.covered + coverage.left_out + coverage.missing.len();
    println!("{} of {all} operations have a call", coverage.covered);
    for (operation, why) in LEFT_OUT {
        println!("left out: {} {} ({why})", operation.method, operation.path);
    }
    for operation in &coverage.extra {
        println!("not there: {} {}", operation.method, operation.path);
    }
    for operation in &coverage.missing {
        println!("missing: {operation}");
    }
    Ok(ExitCode::from(u8::from(!coverage.is_whole())))
}

/// Reads a file, or asks a server. WAHA protects the page with the user and password of its dashboard: `http://user:password@host:3000`.
async fn read(place: &str) -> Result<Value, Box<dyn Error>> {
    if !place.starts_with("http") {
        return Ok(serde_json::from_slice(&std::fs::read(place)?)?);
    }
    let mut address = url::Url::parse(place)?;
    if !address.path().ends_with("json") {
        address.set_path("/-json");
    }
    let _only_here = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::get(address)
        .await
        .map_err(reqwest::Error::without_url)?;
    let body = answer
        .error_for_status()
        .map_err(reqwest::Error::without_url)?;
    Ok(body.json().await.map_err(reqwest::Error::without_url)?)
}
