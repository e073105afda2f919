//! This process, for people: who is named to whoever wants to send from the same database.

pub(crate) fn holder() -> String {
    format!("process {} on {}", std::process::id(), host())
}

pub(crate) fn somebody() -> String {
    "another process".to_owned()
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "this computer".to_owned())
}
