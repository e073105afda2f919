//! Sends one message, twice over: once the answer comes back, once it is lost on the way.
//!
//! ```sh
//! cargo run -p examples --example send_one
//! ```
//!
//! A lost answer is the moment at which programs send twice. Here the id of the message is known before it is sent, so that
//! afterwards WAHA can be asked whether it has it.

use std::error::Error;

use examples::say;
use waha_client::{ChatId, SessionName, TextMessage, WahaClient};
use waha_simulator::{Fault, FaultRates, Simulator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A WAHA without WhatsApp. With a real one: its address, its key, and no simulator.
    let simulator = Simulator::builder()
        .session("default", "6281200000001")
        .store_default(true)
        .start()
        .await?;
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;

    greet(&waha, "6281234567890").await?;
    simulator
        .faults()
        .set(FaultRates::none().with(Fault::AnswerLost, 1.0));
    greet(&waha, "6281234567891").await?;

    let ledger = simulator.ledger();
    say(format_args!(
        "the simulator's own ledger: {} messages, {} people who got one twice",
        ledger.len(),
        ledger.duplicates().len()
    ));
    simulator.shutdown().await;
    Ok(())
}

async fn greet(waha: &WahaClient, phone: &str) -> Result<(), Box<dyn Error>> {
    let session = SessionName::new("default")?;
    let chat = ChatId::phone(phone)?;
    let id = waha.chatting().new_message_id(&session).await?;
    let message = TextMessage::new(&session, &chat, "Halo!").id(&id);
    match waha.chatting().send_text(&message).await {
        Ok(sent) => say(format_args!("accepted as {:?}", sent.id)),
        Err(error) if error.is_not_sent() => say(format_args!("safe to send again: {error}")),
        Err(error) if error.may_have_been_sent() => {
            say(format_args!("no answer ({error}); looking it up"));
            match waha.chats().message(&session, &chat, &id).await? {
                Some(found) => say(format_args!("it went out, acknowledged as {:?}", found.ack)),
                None => say("WAHA does not have it yet: that alone proves nothing"),
            }
        }
        Err(error) => say(format_args!("refused: {error}")),
    }
    Ok(())
}
