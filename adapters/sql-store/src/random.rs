//! Numbers that nobody can guess: what a database is told by, and the key of its message ids.

use campaign_core::store::StoreError;

pub(crate) fn random() -> Result<[u8; 16], StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        StoreError::Failed(format!("the system has no random numbers: {error}").into())
    })?;
    Ok(bytes)
}
