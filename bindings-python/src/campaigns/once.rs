//! One message to one person, once for each key.

use campaign_core::delivery::CampaignId;
use campaign_core::gateway::Session;
use campaign_core::message::{MessageDefinition, MessageTemplate};
use campaign_core::once::{OnceKey, SendOnce, Stands, leave, stands};
use campaign_core::phone::PhoneNumber;
use pyo3::prelude::*;

use super::failure::Outcome;
use super::{Shared, Store, campaign_id, definition, wrong};
use crate::errors;
use crate::message::Rendered;

/// Where it stands: phone, state, reason, and the server's words.
type Standing = (String, &'static str, Option<&'static str>, Option<String>);

#[pymethods]
impl Store {
    /// Leaves a message for whoever sends: the number of the campaign that it is, and whether it is new.
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn leave_message(
        &self,
        py: Python<'_>,
        key: &str,
        phone: &str,
        message: &Bound<'_, Rendered>,
        session: &str,
        category: &str,
        is_urgent: bool,
    ) -> PyResult<(u32, bool)> {
        let (message, values) = as_it_is(py, message.get())?;
        let phone: PhoneNumber = phone.parse().map_err(|error| wrong("phone", error))?;
        let once = SendOnce {
            values,
            category: definition::category(category)?,
            is_urgent,
            ..SendOnce::new(once_key(key)?, Session::new(session), phone, message)
        };
        self.done(py, |shared| async move {
            let left = leave(&*shared.store, &once, shared.clock.now()).await?;
            Ok((left.campaign.number(), left.is_new))
        })
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
