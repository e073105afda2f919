//! Messages of GOWS: a string id and the whatsmeow event below it, as its source builds them.

use serde_json::{Value, json};

use super::{Form, c_us, noweb, s_whatsapp, sender};
use crate::messages::Message;
use crate::sessions::Account;

pub(super) fn message(account: &Account, message: &Message) -> Value {
    let chat = c_us(&message.jid);
    let is_group = message.participant.is_some();
    let suffix = if is_group {
        format!("_{}@c.us", account.phone)
    } else {
        String::new()
    };
    let at = jiff::Timestamp::from_second(i64::try_from(message.at_s).unwrap_or_default())
        .unwrap_or_default();
    json!({
        "id": format!("{}_{chat}_{}{suffix}", message.from_me, message.id),
        "_data": {
            "Info": {
                "Chat": &*message.jid,
                "Sender": s_whatsapp(&sender(account, message)),
                "IsFromMe": message.from_me,
                "IsGroup": is_group,
                "ID": &*message.id,
                "ServerID": 0,
                "Type": "",
                "PushName": message.push_name.as_deref().unwrap_or_default(),
                "Timestamp": at.to_string(),
            },
            "Message": noweb::content(account, message, Form::Event),
        },
    })
}
