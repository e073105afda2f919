//! The way to WhatsApp: a WAHA server, or a gateway that the program has made.

use std::sync::Arc;

use campaign_core::clock::Clock;
use campaign_core::engine::Settings;
use campaign_core::gateway::{Gateway, Notice};
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use waha_client::WahaClient;
use waha_gateway::WahaGateway;

use super::failure::{Failure, Outcome};
use crate::gateway::OwnGateway;

/// Where WAHA listens unless told.
const ADDRESS: &str = "http://localhost:3000";

/// What is the same for every way is asked of its [`Gateway`].
#[derive(Clone)]
pub(super) enum Way {
    Waha {
        client: WahaClient,
        gateway: WahaGateway,
    },
    Own(OwnGateway),
}

impl Way {
    /// To a WAHA server: the one of the environment unless told.
    pub(super) fn to_waha(
        url: Option<String>,
        key: Option<String>,
        clock: &Arc<dyn Clock>,
    ) -> Outcome<Self> {
        let setting = |given: Option<String>, name| given.or_else(|| std::env::var(name).ok());
        let address = setting(url, "WAHA_URL").unwrap_or_else(|| ADDRESS.to_owned());
        let mut builder = WahaClient::builder(&*address)
            .user_agent(concat!("waha-campaign-python/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = setting(key, "WAHA_API_KEY") {
            builder = builder.api_key(SecretString::from(key));
        }
        let client = builder
            .build()
            .map_err(|error| Failure::Argument(error.to_string()))?;
        Ok(Self::Waha {
            gateway: WahaGateway::new(client.clone(), clock.clone(), Default::default()),
            client,
        })
    }

    pub(super) fn gateway(&self) -> Arc<dyn Gateway> {
        match self {
            Self::Waha { gateway, .. } => Arc::new(gateway.clone()),
            Self::Own(gateway) => Arc::new(gateway.clone()),
        }
    }

    /// What it tells without being asked, from now on.
    pub(super) fn notices(&self) -> BoxStream<'static, Notice> {
        match self {
            Self::Waha { gateway, .. } => gateway.listen(&[]),
            Self::Own(gateway) => gateway.listen(),
        }
    }

    /// The engine's waits.
    pub(super) fn waits(&self, settings: Settings) -> Settings {
        match self {
            Self::Waha { .. } => settings,
            Self::Own(gateway) => gateway.waits(settings),
        }
    }

    /// The server whose limits count, by the name that observations have for it.
    pub(super) fn server(&self) -> Option<String> {
        match self {
            Self::Waha { client, .. } => Some(waha_gateway::server_name(client)),
            Self::Own(_) => None,
        }
    }

    /// What people call it: a server's address, without a password, or a class.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Waha { client, .. } => client.address().to_string(),
            Self::Own(gateway) => gateway.name().to_owned(),
        }
    }
}
