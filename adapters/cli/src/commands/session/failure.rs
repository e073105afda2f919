//! What a client's error means to somebody who looks after sessions.

use waha_client::{Error, NotSent, SessionName};

use crate::exit::{Exit, Failure};
use crate::language::Text;

/// A question that has no answer, or a wish that was refused.
pub(in crate::commands) fn of(error: &Error, url: &str, session: Option<&SessionName>) -> Failure {
    let url = url.to_owned();
    let not_ready = |text| Failure::new(Exit::NotReady, text);
    if error.is_unauthorized() {
        return not_ready(Text::KeyRefused { url });
    }
    if error.is_forbidden() {
        return not_ready(Text::SessionKeyForbidden { url });
    }
    if let Some(session) = session {
        let name = session.to_string();
        if error.is_unknown_session() {
            return not_ready(Text::SessionMissing { session: name, url });
        }
        if let Some(status) = error.session_status() {
            let status = status.to_string();
            return not_ready(Text::SessionStands { name, status });
        }
    }
    match error {
        Error::NotSent {
            why: NotSent::Invalid(why),
        } => Failure::other(why),
        Error::Answered(answer) => {
            let what = answer.to_string();
            let exit = match answer.status() {
                400 | 409 | 422 => Exit::InputRefused,
                _ => Exit::NotReady,
            };
            Failure::new(exit, Text::SessionServerSays { url, what })
        }
        _ => not_ready(Text::ServerUnreachable { url }),
    }
}

/// The same for a call that changes a session: without an answer it may have been done.
pub(super) fn of_change(error: &Error, url: &str, session: &SessionName) -> Failure {
    match error {
        Error::MaybeSent { .. } => {
            let url = url.to_owned();
            Failure::new(Exit::NotReady, Text::SessionInDoubt { url })
        }
        _ => of(error, url, Some(session)),
    }
}
