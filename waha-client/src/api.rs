//! The API, one module per tag of WAHA's specification. A group is reached from the client: `waha.sessions().list(..)`.
//!
//! Every call exists twice: as a method that performs it, and in the group's `endpoint` functions as a value.

pub mod apps;
pub mod calls;
pub mod channels;
pub mod chats;
pub mod chatting;
pub mod contacts;
pub mod events;
pub mod groups;
pub mod keys;
pub mod labels;
pub mod media;
pub mod pairing;
pub mod presence;
pub mod profile;
pub mod server;
pub mod sessions;
pub mod status;

use crate::client::WahaClient;

impl WahaClient {
    /// Sessions: list, create, start, stop, remove.
    pub fn sessions(&self) -> sessions::Sessions<'_> {
        sessions::Sessions(self)
    }

    /// Pairing a session with a phone: QR codes and pairing codes.
    pub fn pairing(&self) -> pairing::Pairing<'_> {
        pairing::Pairing(self)
    }

    /// The account's own profile.
    pub fn profile(&self) -> profile::Profile<'_> {
        profile::Profile(self)
    }

    /// Sending.
    pub fn chatting(&self) -> chatting::Chatting<'_> {
        chatting::Chatting(self)
    }

    /// Chats and their messages.
    pub fn chats(&self) -> chats::Chats<'_> {
        chats::Chats(self)
    }

    /// People.
    pub fn contacts(&self) -> contacts::Contacts<'_> {
        contacts::Contacts(self)
    }

    /// Groups: their people, admins, texts and settings.
    pub fn groups(&self) -> groups::Groups<'_> {
        groups::Groups(self)
    }

    /// Channels: follow, look into, search.
    pub fn channels(&self) -> channels::Channels<'_> {
        channels::Channels(self)
    }

    /// Labels of chats, in business accounts.
    pub fn labels(&self) -> labels::Labels<'_> {
        labels::Labels(self)
    }

    /// Status posts.
    pub fn status(&self) -> status::Status<'_> {
        status::Status(self)
    }

    /// Who is online or typing, and what the account shows.
    pub fn presence(&self) -> presence::Presence<'_> {
        presence::Presence(self)
    }

    /// Calls that ring.
    pub fn calls(&self) -> calls::Calls<'_> {
        calls::Calls(self)
    }

    /// Event messages: invitations with a date.
    pub fn events(&self) -> events::Events<'_> {
        events::Events(self)
    }

    /// Media: fetching what came, converting what shall go.
    pub fn media(&self) -> media::Media<'_> {
        media::Media(self)
    }

    /// Apps beside a session.
    pub fn apps(&self) -> apps::Apps<'_> {
        apps::Apps(self)
    }

    /// API keys.
    pub fn keys(&self) -> keys::Keys<'_> {
        keys::Keys(self)
    }

    /// The server itself.
    pub fn server(&self) -> server::Server<'_> {
        server::Server(self)
    }
}
