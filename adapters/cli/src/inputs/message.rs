//! What is sent, as options.

use std::path::{Path, PathBuf};

use campaign_core::message::{ButtonDefinition, MessageDefinition, MessageTemplate};
use clap::Args;

use super::refused;
use crate::exit::{Exit, Failure};
use crate::language::Text;

/// What to send.
#[derive(Debug, Clone, Args)]
pub(crate) struct MessageArgs {
    /// The text, or the caption; {{nama}} stands for the column "nama"
    #[arg(long, value_name = "TEXT", help_heading = "Message")]
    pub(crate) template: Option<String>,
    /// The same, from a file
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Message",
        conflicts_with = "template"
    )]
    pub(crate) template_file: Option<PathBuf>,
    /// An image: a path or an address, which may hold columns
    #[arg(
        long,
        value_name = "PATH_OR_URL",
        help_heading = "Message",
        conflicts_with = "file"
    )]
    pub(crate) image: Option<String>,
    /// A document, in the same way: invoices/{{no}}.pdf
    #[arg(long, value_name = "PATH_OR_URL", help_heading = "Message")]
    pub(crate) file: Option<String>,
    /// A button, sent as a line with its link: "Bayar=https://..."; at most two
    #[arg(long, value_name = "LABEL=URL", help_heading = "Message")]
    pub(crate) button: Vec<String>,
}

impl MessageArgs {
    /// The message, checked.
    ///
    /// # Errors
    /// Naming what is wrong with it.
    pub(crate) fn read(&self) -> Result<MessageTemplate, Failure> {
        let text = template(self.template.as_deref(), self.template_file.as_deref())?;
        if text.is_none() && self.image.is_none() && self.file.is_none() {
            return Err(Failure::new(Exit::Usage, Text::NoMessage));
        }
        let buttons = self
            .button
            .iter()
            .map(|given| button(given))
            .collect::<Result<_, _>>()?;
        let definition = MessageDefinition {
            text,
            image: self.image.as_deref().map(anchored).transpose()?,
            file: self.file.as_deref().map(anchored).transpose()?,
            buttons,
            ..MessageDefinition::default()
        };
        MessageTemplate::parse(definition).map_err(refused)
    }
}

/// A text given as an option or in a file.
///
/// # Errors
/// When both are given, or the file cannot be read.
pub(crate) fn template(text: Option<&str>, file: Option<&Path>) -> Result<Option<String>, Failure> {
    match (text, file) {
        (Some(_), Some(_)) => Err(Failure::new(Exit::Usage, Text::TwoTemplates)),
        (Some(text), None) => Ok(Some(text.to_owned())),
        (None, Some(path)) => std::fs::read_to_string(path).map(Some).map_err(|error| {
            Failure::refused(Text::Unreadable {
                path: path.display().to_string(),
                why: error.to_string(),
            })
        }),
        (None, None) => Ok(None),
    }
}

fn button(given: &str) -> Result<ButtonDefinition, Failure> {
    let (label, target) = given.split_once('=').ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            Text::ButtonForm {
                given: given.to_owned(),
            },
        )
    })?;
    let (label, target) = (label.trim().to_owned(), target.trim().to_owned());
    let is_phone = target.starts_with('+');
    Ok(ButtonDefinition {
        label,
        url: (!is_phone).then(|| target.clone()),
        phone: is_phone.then_some(target),
    })
}

/// A relative path begins at the folder that the command is given in, from now on: a later `resume` may come from another one.
fn anchored(source: &str) -> Result<String, Failure> {
    let is_elsewhere = source.trim_start().starts_with("{{")
        || source.contains("://")
        || Path::new(source).is_absolute();
    if is_elsewhere {
        return Ok(source.to_owned());
    }
    let folder = std::env::current_dir().map_err(Failure::other)?;
    Ok(folder.join(source).to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_button_is_a_label_and_an_address_or_a_number() {
        let pay = button("Bayar = https://bayar.example/?no={{no}}").unwrap();
        assert_eq!(pay.url.as_deref(), Some("https://bayar.example/?no={{no}}"));
        assert_eq!(pay.label, "Bayar");
        assert_eq!(
            button("CS=+62811").unwrap().phone.as_deref(),
            Some("+62811")
        );
        assert!(button("Bayar").is_err());
    }

    #[test]
    fn paths_begin_at_the_folder_of_the_command_and_addresses_stay() {
        assert_eq!(
            anchored("https://x.example/a.png").unwrap(),
            "https://x.example/a.png"
        );
        assert_eq!(anchored("{{berkas}}").unwrap(), "{{berkas}}");
        assert!(Path::new(&anchored("a/{{no}}.pdf").unwrap()).is_absolute());
    }
}
