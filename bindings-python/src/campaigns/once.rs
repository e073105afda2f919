//! One message to one person, once for each key.

use campaign_core::delivery::CampaignId;
use campaign_core::gateway::Session;
use campaign_core::message::{MessageDefinition, MessageTemplate};
use campaign_core::once::{OnceKey, SendOnce, Stands, leave, look, stands};
use campaign_core::phone::PhoneNumber;
use pyo3::prelude::*;

use super::failure::{Failure, Outcome};
use super::{Shared, Store, campaign_id, definition, wrong};
use crate::errors;
use crate::message::Rendered;

/// As Python gives it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Given {
    key: String,
    phone: String,
    session: String,
    category: String,
    urgent: bool,
    hours: Option<String>,
    zone: Option<String>,
    expires_at: Option<String>,
}

impl Given {
    fn read(&self, message: MessageTemplate, values: Values) -> PyResult<SendOnce> {
        let phone: PhoneNumber = self.phone.parse().map_err(|error| wrong("phone", error))?;
        let session = Session::new(&self.session);
        let category = definition::category(&self.category)?;
        let zone = definition::zone(self.zone.as_deref())?;
        Ok(SendOnce {
            values,
            category,
            is_urgent: self.urgent,
            hours: definition::hours(self.hours.as_deref(), category, &zone)?,
            zone,
            expires_at: definition::moment("expires_at", self.expires_at.as_deref())?,
            ..SendOnce::new(once_key(&self.key)?, session, phone, message)
        })
    }
}

/// Where it stands: phone, state, reason, and the server's words.
type Standing = (String, &'static str, Option<&'static str>, Option<String>);

#[pymethods]
impl Store {
    /// Leaves a message for whoever sends: the number of the campaign that it is, and whether it is new.
    fn leave_message(
        &self,
        py: Python<'_>,
        given: Given,
        message: &Bound<'_, Rendered>,
    ) -> PyResult<(u32, bool)> {
        let (message, values) = as_it_is(py, message.get())?;
        let once = given.read(message, values)?;
        self.done(
            py,
            |shared| async move { shared.leave_message(&once).await },
        )
    }

    /// Where it stands.
    fn message_stands(&self, py: Python<'_>, campaign: u32, key: &str) -> PyResult<Standing> {
        let (campaign, key) = (campaign_id(campaign)?, once_key(key)?);
        let stands = self.done(
            py,
            |shared| async move { shared.stands(campaign, &key).await },
        )?;
        Ok((
            stands.phone.to_string(),
            stands.standing.state.name(),
            stands.standing.reason.map(|it| it.name()),
            stands.message.map(String::from),
        ))
    }
}

impl Shared {
    async fn leave_message(&self, once: &SendOnce) -> Outcome<(u32, bool)> {
        let now = self.clock.now();
        let is_past = once.expires_at.is_some_and(|moment| moment < now.wall);
        // What was left in time may be left again at any time.
        if is_past && look(&*self.store, &once.key).await?.is_none() {
            return Err(Failure::Argument("expires_at is in the past".to_owned()));
        }
        let left = leave(&*self.store, once, now).await?;
        Ok((left.campaign.number(), left.is_new))
    }

    async fn stands(&self, campaign: CampaignId, key: &OnceKey) -> Outcome<Stands> {
        Ok(stands(&*self.store, campaign, key).await?)
    }
}

fn once_key(key: &str) -> PyResult<OnceKey> {
    key.parse().map_err(|error| wrong("key", error))
}

/// By the names of variables.
type Values = Vec<(Box<str>, Box<str>)>;

/// A message that says just this: its words are values, which are never read as a template.
fn as_it_is(py: Python<'_>, rendered: &Rendered) -> PyResult<(MessageTemplate, Values)> {
    let (text, file) = (rendered.words(), rendered.file());
    let variable = |name: &str| format!("{{{{ {name} }}}}");
    let has_text = !text.trim().is_empty();
    let place = file.map(|_| variable("media"));
    let is_image = file.is_some_and(|(_, is_image)| is_image);
    let definition = MessageDefinition {
        text: has_text.then(|| variable("text")),
        image: place.clone().filter(|_| is_image),
        file: place.filter(|_| !is_image),
        ..MessageDefinition::default()
    };
    let message = MessageTemplate::parse(definition);
    let message = message.map_err(|error| errors::message(py, &error))?;
    let text = has_text.then(|| ("text".into(), text.into()));
    let media = file.map(|(media, _)| ("media".into(), media.into()));
    Ok((message, text.into_iter().chain(media).collect()))
}
