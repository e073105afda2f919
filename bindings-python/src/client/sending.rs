//! Messages: written, changed, taken back; and what is done to those that came.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use waha_client::api::chats;
use waha_client::api::chats::EditedText;
use waha_client::api::chatting::{
    self, ContactCard, ContactsMessage, ForwardedMessage, LocationMessage, PollMessage,
    SeenMessages, VideoMessage, VoiceMessage,
};
use waha_client::{
    CallOptions, ChatId, File, FileError, FileMessage, MessageId, SessionName, TextMessage,
    WahaClient,
};

use super::Calls;
use crate::call::Call;
use crate::errors::Failure;
use crate::message::Rendered;
use crate::results;

/// A file as Python programs have one.
#[derive(FromPyObject)]
pub(crate) enum Source {
    /// Its bytes, which need a name beside them.
    #[pyo3(transparent)]
    Bytes(pyo3::pybacked::PyBackedBytes),
    /// The address it is fetched from, or a path.
    #[pyo3(transparent)]
    Text(String),
    /// A path.
    #[pyo3(transparent)]
    Path(PathBuf),
}

/// A file, and how it is called.
pub(crate) struct Named {
    source: Source,
    filename: Option<String>,
}

impl Named {
    pub(crate) fn new(source: Source, filename: Option<String>) -> PyResult<Self> {
        match (&source, &filename) {
            (Source::Bytes(_), None) => Err(PyValueError::new_err(
                "bytes need a filename, which says what they are: filename=\"tagihan.pdf\"",
            )),
            _ => Ok(Self { source, filename }),
        }
    }

    async fn read(self) -> Result<File, FileError> {
        let file = match self.source {
            Source::Bytes(bytes) => {
                return File::from_named_bytes(self.filename.unwrap_or_default(), &bytes);
            }
            Source::Text(url) if url.starts_with("http://") || url.starts_with("https://") => {
                File::from_named_url(url)?
            }
            Source::Text(path) => File::from_path(path).await?,
            Source::Path(path) => File::from_path(path).await?,
        };
        Ok(match self.filename {
            Some(name) => file.named(name),
            None => file,
        })
    }
}

/// Whom it goes to, and as what.
struct Addressed {
    waha: WahaClient,
    session: SessionName,
    chat: ChatId,
    reply_to: Option<MessageId>,
}

impl Calls {
    fn addressed(
        &self,
        py: Python<'_>,
        to: &str,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Addressed> {
        Ok(Addressed {
            waha: self.waha(py)?,
            session: self.session(session)?,
            chat: self.chat(py, to)?,
            reply_to: reply_to.map(MessageId::parse),
        })
    }
}

/// A picture or another file with its caption.
async fn file(
    to: Addressed,
    file: Named,
    caption: Option<String>,
    is_image: bool,
    options: CallOptions,
) -> Result<waha_client::Sent, Failure> {
    let file = file.read().await?;
    let mut message = FileMessage::new(&to.session, &to.chat, &file);
    if let Some(caption) = &caption {
        message = message.caption(caption);
    }
    if let Some(reply_to) = &to.reply_to {
        message = message.reply_to(reply_to);
    }
    let endpoint = match is_image {
        true => chatting::send_image(&message),
        false => chatting::send_file(&message),
    };
    Ok(to.waha.call_with(endpoint, options).await?)
}

#[pymethods]
impl Calls {
    #[doc = documented!("Client.send_text")]
    #[pyo3(signature = (to, text, /, *, reply_to = None, mentions = None, link_preview = None, message_id = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_text(
        &self,
        py: Python<'_>,
        to: &str,
        text: &str,
        reply_to: Option<&str>,
        mentions: Option<Vec<String>>,
        link_preview: Option<bool>,
        message_id: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let people = mentions.iter().flatten().map(|it| self.chat(py, it));
        let people = people.collect::<PyResult<Vec<_>>>()?;
        let mut message = TextMessage::new(&to.session, &to.chat, text).mentions(&people);
        if let Some(reply_to) = &to.reply_to {
            message = message.reply_to(reply_to);
        }
        if let Some(wanted) = link_preview {
            message = message.link_preview(wanted);
        }
        if let Some(id) = message_id {
            message = message.id(id);
        }
        self.call(py, chatting::send_text(&message), results::sent)
    }

    #[doc = documented!("Client.send")]
    #[pyo3(signature = (to, message, /, *, reply_to = None, session = None))]
    fn send(
        &self,
        py: Python<'_>,
        to: &str,
        message: &Rendered,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        match message.file() {
            None => self.send_text(py, to, message.words(), reply_to, None, None, None, session),
            Some((source, is_image)) => {
                let to = self.addressed(py, to, reply_to, session)?;
                let source = Named::new(Source::Text(source.to_owned()), None)?;
                let caption = Some(message.words().to_owned()).filter(|words| !words.is_empty());
                let call = Call::new(
                    false,
                    |options| file(to, source, caption, is_image, options),
                    results::sent,
                );
                self.waited(py, call)
            }
        }
    }

    #[doc = documented!("Client.send_image")]
    #[pyo3(signature = (to, image, /, *, caption = None, filename = None, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_image(
        &self,
        py: Python<'_>,
        to: &str,
        image: Source,
        caption: Option<String>,
        filename: Option<String>,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let image = Named::new(image, filename)?;
        let call = |options| file(to, image, caption, true, options);
        self.waited(py, Call::new(false, call, results::sent))
    }

    #[doc = documented!("Client.send_file")]
    #[pyo3(signature = (to, file, /, *, caption = None, filename = None, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_file(
        &self,
        py: Python<'_>,
        to: &str,
        file: Source,
        caption: Option<String>,
        filename: Option<String>,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let source = Named::new(file, filename)?;
        let call = |options| self::file(to, source, caption, false, options);
        self.waited(py, Call::new(false, call, results::sent))
    }

    #[doc = documented!("Client.send_voice")]
    #[pyo3(signature = (to, voice, /, *, convert = false, filename = None, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_voice(
        &self,
        py: Python<'_>,
        to: &str,
        voice: Source,
        convert: bool,
        filename: Option<String>,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let voice = Named::new(voice, filename)?;
        let call = |options| async move {
            let file = voice.read().await?;
            let mut message = VoiceMessage::new(&to.session, &to.chat, &file);
            if convert {
                message = message.converted();
            }
            if let Some(reply_to) = &to.reply_to {
                message = message.reply_to(reply_to);
            }
            let endpoint = chatting::send_voice(&message);
            Ok(to.waha.call_with(endpoint, options).await?)
        };
        self.waited(py, Call::new(false, call, results::sent))
    }

    #[doc = documented!("Client.send_video")]
    #[pyo3(signature = (to, video, /, *, caption = None, convert = false, filename = None, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_video(
        &self,
        py: Python<'_>,
        to: &str,
        video: Source,
        caption: Option<String>,
        convert: bool,
        filename: Option<String>,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let video = Named::new(video, filename)?;
        let call = |options| async move {
            let file = video.read().await?;
            let mut message = VideoMessage::new(&to.session, &to.chat, &file);
            if convert {
                message = message.converted();
            }
            if let Some(caption) = &caption {
                message = message.caption(caption);
            }
            if let Some(reply_to) = &to.reply_to {
                message = message.reply_to(reply_to);
            }
            let endpoint = chatting::send_video(&message);
            Ok(to.waha.call_with(endpoint, options).await?)
        };
        self.waited(py, Call::new(false, call, results::sent))
    }

    #[doc = documented!("Client.send_location")]
    #[pyo3(signature = (to, /, *, latitude, longitude, title = "", reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_location(
        &self,
        py: Python<'_>,
        to: &str,
        latitude: f64,
        longitude: f64,
        title: &str,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let mut message = LocationMessage::new(&to.session, &to.chat, latitude, longitude, title);
        if let Some(reply_to) = &to.reply_to {
            message = message.reply_to(reply_to);
        }
        self.call(py, chatting::send_location(&message), results::sent)
    }

    #[doc = documented!("Client.send_contact")]
    #[pyo3(signature = (to, /, *, name, phone, organization = None, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_contact(
        &self,
        py: Python<'_>,
        to: &str,
        name: &str,
        phone: &str,
        organization: Option<&str>,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let whose = self.chat(py, phone)?;
        let shown = whose.phone_digits().map(|digits| format!("+{digits}"));
        let shown = shown.unwrap_or_else(|| phone.to_owned());
        let mut card = ContactCard::new(name, &shown).chat(&whose);
        if let Some(organization) = organization {
            card = card.organization(organization);
        }
        let cards = [card];
        let mut message = ContactsMessage::new(&to.session, &to.chat, &cards);
        if let Some(reply_to) = &to.reply_to {
            message = message.reply_to(reply_to);
        }
        self.call(py, chatting::send_contacts(&message), results::sent)
    }

    #[doc = documented!("Client.send_poll")]
    #[pyo3(signature = (to, question, options, /, *, multiple = false, reply_to = None, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn send_poll(
        &self,
        py: Python<'_>,
        to: &str,
        question: &str,
        options: Vec<String>,
        multiple: bool,
        reply_to: Option<&str>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let to = self.addressed(py, to, reply_to, session)?;
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut message = PollMessage::new(&to.session, &to.chat, question, &options);
        if multiple {
            message = message.multiple_answers();
        }
        if let Some(reply_to) = &to.reply_to {
            message = message.reply_to(reply_to);
        }
        self.call(py, chatting::send_poll(&message), results::sent)
    }

    #[doc = documented!("Client.forward")]
    #[pyo3(signature = (to, message, /, *, session = None))]
    fn forward(
        &self,
        py: Python<'_>,
        to: &str,
        message: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, to)?);
        let message = MessageId::parse(message);
        let forwarded = ForwardedMessage::new(&session, &chat, &message);
        self.call(py, chatting::forward(&forwarded), results::sent)
    }

    #[doc = documented!("Client.edit_message")]
    #[pyo3(signature = (chat, message, text, /, *, session = None))]
    fn edit_message(
        &self,
        py: Python<'_>,
        chat: &str,
        message: &str,
        text: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        let message = MessageId::parse(message);
        let endpoint = chats::edit_message(&session, &chat, &message, &EditedText::new(text));
        self.call(py, endpoint, results::sent)
    }

    #[doc = documented!("Client.delete_message")]
    #[pyo3(signature = (chat, message, /, *, session = None))]
    fn delete_message(
        &self,
        py: Python<'_>,
        chat: &str,
        message: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        let endpoint = chats::delete_message(&session, &chat, &MessageId::parse(message));
        self.call(py, endpoint, results::sent)
    }

    #[doc = documented!("Client.react")]
    #[pyo3(signature = (message, emoji, /, *, session = None))]
    fn react(
        &self,
        py: Python<'_>,
        message: &str,
        emoji: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let endpoint = chatting::react(&session, &MessageId::parse(message), emoji);
        self.call(py, endpoint, results::sent)
    }

    #[doc = documented!("Client.mark_seen")]
    #[pyo3(signature = (chat, /, *, session = None))]
    fn mark_seen(&self, py: Python<'_>, chat: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        let endpoint = chatting::send_seen(&SeenMessages::new(&session, &chat));
        self.call(py, endpoint, results::ids)
    }

    #[doc = documented!("Client.start_typing")]
    #[pyo3(signature = (chat, /, *, session = None))]
    fn start_typing(
        &self,
        py: Python<'_>,
        chat: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        self.call(py, chatting::start_typing(&session, &chat), results::truth)
    }

    #[doc = documented!("Client.stop_typing")]
    #[pyo3(signature = (chat, /, *, session = None))]
    fn stop_typing(
        &self,
        py: Python<'_>,
        chat: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        self.call(py, chatting::stop_typing(&session, &chat), results::truth)
    }
}
