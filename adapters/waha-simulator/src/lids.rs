//! WhatsApp's second names of phone numbers: which chats' events come keyed by one, and the calls
//! that look them up.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::draws::stable_hash;
use crate::page::Page;
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::{Status, lid_of};
use crate::shapes::{c_us, s_whatsapp};
use crate::world::{World, lock};

/// The pairs this server has met: LID and phone as numbers. Only chats that are keyed by LID are
/// in here, so it stays empty unless a simulator is told of some.
#[derive(Default)]
pub(crate) struct Lids(Mutex<BTreeMap<u64, u64>>);

impl World {
    /// Whether the events of a phone number's chat come keyed by its LID.
    fn is_lid_keyed(&self, phone: &str) -> bool {
        let settings = &self.settings;
        if settings.lid_chats.is_empty() && settings.lid_share <= 0.0 {
            return false;
        }
        let drawn = || {
            let point = stable_hash(settings.seed, &[b"lid-keyed", phone.as_bytes()]) % 1_000_000;
            (point as f64) < settings.lid_share * 1_000_000.0
        };
        settings.lid_chats.contains(phone) || drawn()
    }

    /// The LID under which the events of a chat come, if they do; it can be looked up from now on.
    pub(crate) fn lid_for(&self, jid: &str) -> Option<String> {
        let phone = phone_in(jid).filter(|phone| self.is_lid_keyed(phone))?;
        let lid = lid_of(phone);
        if let (Some(number), Ok(phone)) = (number_in(&lid), phone.parse()) {
            lock(&self.lids.0).insert(number, phone);
        }
        Some(lid)
    }

    /// A chat as events name it.
    pub(crate) fn event_chat(&self, jid: &str) -> String {
        self.lid_for(jid).unwrap_or_else(|| c_us(jid))
    }

    /// The digits of a person's phone, whichever name a chat is under; a LID that nobody knows
    /// stands for itself. `None` for what is no person.
    pub(crate) fn phone_of<'a>(&self, jid: &'a str) -> Option<Cow<'a, str>> {
        if jid.ends_with("@lid") {
            return Some(match self.phone_by_lid(jid) {
                Some(phone) => phone.to_string().into(),
                None => jid.into(),
            });
        }
        phone_in(jid).map(Cow::Borrowed)
    }

    fn phone_by_lid(&self, lid: &str) -> Option<u64> {
        let number = number_in(lid)?;
        lock(&self.lids.0).get(&number).copied()
    }
}

/// The user part of a phone chat, its device cut.
fn phone_in(jid: &str) -> Option<&str> {
    let user = jid
        .strip_suffix("@s.whatsapp.net")
        .or_else(|| jid.strip_suffix("@c.us"))?;
    user.split(':').next()
}

fn number_in(lid: &str) -> Option<u64> {
    lid.strip_suffix("@lid")?.parse().ok()
}

/// `/api/{session}/lids...`: recorded for an empty list and a phone without a LID, the rest from
/// WAHA's source.
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    let known = matches!(path, [] | [_] | ["pn", _]);
    if method != "GET" || !known {
        return Err(not_routed(request));
    }
    let page = Page::of(request)?;
    world.ready(name, &[Status::Working]).await?;
    let body = match path {
        [] => {
            let pairs = lock(&world.lids.0).clone();
            page.cut(pairs.into_iter())
                .map(|(lid, phone)| pair(&format!("{lid}@lid"), Some(phone)))
                .collect::<Vec<_>>()
                .into()
        }
        ["count"] => json!({"count": lock(&world.lids.0).len()}),
        ["pn", lid] if lid.ends_with("@lid") => json!({"lid": lid, "pn": null}),
        ["pn", phone] => {
            let jid = s_whatsapp(phone);
            json!({"lid": world.lid_for(&jid), "pn": c_us(&jid)})
        }
        [lid] => {
            let lid = if lid.contains('@') {
                (*lid).to_owned()
            } else {
                format!("{lid}@lid")
            };
            if !lid.ends_with("@lid") {
                return Err(Answer::unprocessable("Invalid LID - it must end with @lid"));
            }
            pair(&lid, world.phone_by_lid(&lid))
        }
        _ => return Err(not_routed(request)),
    };
    Ok(Answer::ok(&body))
}

fn pair(lid: &str, phone: Option<u64>) -> Value {
    json!({"lid": lid, "pn": phone.map(|phone| format!("{phone}@c.us"))})
}
