//! How the fault of a send shows: an answer before it, a delay of it, an answer that is lost.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::answer::{Answer, Body, Thrown};
use crate::draws::Draws;
use crate::faults::Fault;
use crate::request::Request;
use crate::settings::Engine;
use crate::world::World;

/// Faults that answer (or cut) before anything is sent.
pub(super) fn fails_before(
    world: &World,
    request: &Request,
    fault: Option<Fault>,
    draws: &mut Draws,
) -> Option<Answer> {
    let fault = fault?;
    let answer = match fault {
        Fault::ErrorBefore => {
            let message = ["Timed Out", "Connection Closed"][draws.index(2)];
            Answer::thrown(world, request, Thrown::boom(message, Value::Null))
        }
        Fault::ResetBefore => Answer::Reset,
        Fault::Timelock => Answer::thrown(world, request, timelock(world.settings.engine)),
        Fault::RateOverlimit => {
            Answer::thrown(world, request, Thrown::boom("rate-overlimit", 429.into()))
        }
        Fault::TooManyRequests => {
            let wait = world
                .clock
                .scaled(Duration::from_secs(1 + draws.next_u64() % 10));
            Answer::new(
                StatusCode::TOO_MANY_REQUESTS,
                Body::Html("<html><head><title>429 Too Many Requests</title></head></html>\r\n"),
            )
            .with(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_secs().max(1)),
            )
        }
        Fault::BadGatewayBefore => bad_gateway(),
        _ => return None,
    };
    world.faults.happened(fault);
    Some(answer)
}

/// Faults that delay the hand-over; the message goes out afterwards whoever still waits.
pub(super) async fn holds(world: &World, fault: Option<Fault>, draws: &mut Draws) {
    match fault {
        Some(Fault::Latency) => {
            let wait = draws.between(Duration::from_millis(50), Duration::from_secs(3));
            world.clock.pause(wait).await;
        }
        Some(Fault::Late) => {
            let bands = &world.settings.late_bands;
            if let Some((low, high)) = bands.get(draws.index(bands.len())).copied() {
                world.clock.pause(draws.between(low, high)).await;
            }
        }
        Some(Fault::Held) => world.gate.pass(&world.clock).await,
        _ => return,
    }
    fault
        .into_iter()
        .for_each(|fault| world.faults.happened(fault));
}

/// Faults that lose the answer of a message that was sent.
pub(super) fn fails_after(
    world: &World,
    request: &Request,
    fault: Option<Fault>,
) -> Option<Answer> {
    let fault = fault?;
    let answer = match fault {
        Fault::ErrorAfter => Answer::thrown(world, request, Thrown::boom("Timed Out", Value::Null)),
        Fault::ResetAfter => Answer::Reset,
        Fault::AnswerLost => Answer::Close,
        Fault::BadGatewayAfter => bad_gateway(),
        _ => return None,
    };
    world.faults.happened(fault);
    Some(answer)
}

fn bad_gateway() -> Answer {
    Answer::new(
        StatusCode::BAD_GATEWAY,
        Body::Html(
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n",
        ),
    )
}

/// WhatsApp's reach-out timelock. Not recorded: built from how the engines' sources report the
/// server's error 463 (whatsmeow names the number in its error, Baileys carries it as data).
pub(super) fn timelock(engine: Engine) -> Thrown {
    match engine {
        Engine::Gows => Thrown::error("2 UNKNOWN: server returned error 463")
            .own("code", 2)
            .own("details", "server returned error 463"),
        _ => Thrown::boom("server returned error 463", 463.into()),
    }
}
