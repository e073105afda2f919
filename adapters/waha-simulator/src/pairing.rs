//! QR code and pairing code of a session that waits for a phone.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Body, Thrown};
use crate::request::Request;
use crate::routes::Outcome;
use crate::sessions::Status;
use crate::settings::Engine;
use crate::world::World;

pub(crate) async fn qr(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = world.ready(name, &[Status::ScanQrCode]).await?;
    let value = session.qr();
    if request.query("format") == Some("raw") {
        return Ok(Answer::ok(&json!({"value": value})));
    }
    image(world, request, &value, "image/png")
}

/// A session without a browser has nothing to show but its QR code, which it calls a JPEG.
pub(crate) async fn screenshot(world: &Arc<World>, request: &Request) -> Outcome {
    let name = request.session_name()?;
    let session = world
        .ready(name, &[Status::ScanQrCode, Status::Working])
        .await?;
    if session.status() == Status::Working {
        return Err(Answer::unprocessable(
            "Can not get screenshot for non chrome based engine.",
        ));
    }
    image(world, request, &session.qr(), "image/jpeg")
}

fn image(world: &World, request: &Request, value: &str, declared: &'static str) -> Outcome {
    let Some(png) = png(value) else {
        return Err(Answer::thrown(world, request, Thrown::error("no QR code")));
    };
    let wants_json = request
        .header("accept")
        .is_some_and(|accept| accept.contains("application/json"));
    Ok(if wants_json {
        Answer::ok(&json!({"mimetype": declared, "data": STANDARD.encode(png)}))
    } else {
        Answer::new(StatusCode::OK, Body::Image(declared, Bytes::from(png)))
    })
}

/// Black on white with the quiet zone, four pixels to a module.
fn png(value: &str) -> Option<Vec<u8>> {
    const SCALE: usize = 4;
    const QUIET: usize = 4;
    let code = qrcode::QrCode::with_error_correction_level(value, qrcode::EcLevel::L).ok()?;
    let modules = code.width();
    let dark = code.to_colors();
    let side = (modules + 2 * QUIET) * SCALE;
    let mut pixels = vec![0xFF_u8; side * side];
    for (place, pixel) in pixels.iter_mut().enumerate() {
        let (row, column) = (place / side / SCALE, place % side / SCALE);
        if let (Some(row), Some(column)) = (row.checked_sub(QUIET), column.checked_sub(QUIET))
            && row < modules
            && column < modules
            && dark[row * modules + column] == qrcode::Color::Dark
        {
            *pixel = 0;
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}

/// Refused at once when the session is not waiting for a phone (recorded: without the usual wait).
pub(crate) async fn request_code(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    if world
        .session(name)
        .is_none_or(|session| session.status() == Status::Stopped)
    {
        world.ready(name, &[Status::ScanQrCode]).await?;
    }
    let status = world
        .session(name)
        .map_or(Status::Stopped, |session| session.status());
    if status != Status::ScanQrCode {
        return Err(Answer::unprocessable(&format!(
            "Can request code only in SCAN_QR_CODE status. The current status is {}",
            status.name()
        )));
    }
    if world.settings.engine == Engine::Noweb
        && request
            .field("method")
            .is_some_and(|method| *method != Value::Null)
    {
        return Err(Answer::unprocessable(
            "NOWEB engine doesn't support any 'method', remove it and try again",
        ));
    }
    const LETTERS: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
    let mut draws = world.serial_draws("code");
    let mut part = || -> String {
        (0..4)
            .map(|_| char::from(LETTERS[draws.index(LETTERS.len())]))
            .collect()
    };
    let code = format!("{}-{}", part(), part());
    Ok(Answer::created(&json!({"code": code})))
}
