//! What WhatsApp allows the account towards new chats, asked of WhatsApp anew. Servers after 2026.7.1 have it (WAHA source);
//! none is recorded. What the server knows already stands beside the account: [`Me::new_chats`](crate::types::Me::new_chats).

use super::Sessions;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::{MessageCapping, ReachoutTimelock};

impl Sessions<'_> {
    /// The account's quota of new chats, asked of WhatsApp. The server notes the answer beside the account.
    ///
    /// # Errors
    ///
    /// 404 from servers that do not have it, 501 on engines that cannot.
    pub async fn capping(&self, session: &SessionName) -> Result<MessageCapping, Error> {
        self.0.call(capping(session)).await
    }

    /// The lock on new chats, asked of WhatsApp. The server notes the answer beside the account.
    ///
    /// # Errors
    ///
    /// 404 from servers that do not have it, 501 on engines that cannot.
    pub async fn timelock(&self, session: &SessionName) -> Result<ReachoutTimelock, Error> {
        self.0.call(timelock(session)).await
    }
}

/// `GET /api/sessions/{session}/capping`. WAHA's source, which has it for NOWEB and GOWS at least.
pub fn capping(session: &SessionName) -> Endpoint<MessageCapping> {
    const PATH: &str = "/api/sessions/{session}/capping";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}

/// `GET /api/sessions/{session}/timelock`. WAHA's source, which has it for NOWEB and GOWS at least.
pub fn timelock(session: &SessionName) -> Endpoint<ReachoutTimelock> {
    const PATH: &str = "/api/sessions/{session}/timelock";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}
