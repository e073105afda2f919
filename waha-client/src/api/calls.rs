//! Calls: decline one that rings. `call.received` events tell of them; making and taking calls is not in WAHA's
//! specification.

use serde::Serialize;

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};

/// The group of calls about calls.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'a>(pub(crate) &'a WahaClient);

#[derive(Serialize)]
struct Rejection<'a> {
    from: &'a ChatId,
    id: &'a str,
}

impl Calls<'_> {
    /// Declines a call: who calls, and the call's id, both as its `call.received` event has them.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn reject(
        &self,
        session: &SessionName,
        from: &ChatId,
        call_id: &str,
    ) -> Result<(), Error> {
        self.0.call(reject(session, from, call_id)).await
    }
}

/// `POST /api/{session}/calls/reject`. WAHA's specification, which leaves the answer open.
pub fn reject(session: &SessionName, from: &ChatId, call_id: &str) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/calls/reject";
    Endpoint::post(PATH, &[session.as_str()], nothing)
        .json(&Rejection { from, id: call_id })
        .waiting(Wait::Session)
}
