//! Shapes that more than one group of the API uses.
//!
//! All are read tolerantly: unknown values of enumerations keep their text, unknown fields land in `extra`, numbers may
//! come as strings, and whatever WAHA leaves out or nulls is `None`.

mod file;
mod lenient;
mod message;
mod picture;
mod raw;
mod restriction;
mod server;
mod session;

pub(crate) use file::Content;
pub use file::{File, FileError, Media, StoredFile, StoredFileError};
pub(crate) use lenient::{
    instant_ms, instant_number, instant_s, list, optional_number, readable, readable_raw, text,
    text_or_number,
};
pub(crate) use message::any_id;
pub use message::{Ack, Location, Message, MessageSource, QuotedMessage, Sent};
pub use picture::PictureSource;
pub use raw::Raw;
pub use restriction::{CappingStatus, MessageCapping, NewChats, ReachoutTimelock};
pub use server::{Engine, Environment, Health, ServerStatus, Tier, Worker};
pub use session::{
    CustomHeader, Hmac, IgnoredChats, Me, NowebConfig, NowebStore, ProxyConfig, RetryConfig,
    SessionConfig, SessionEngine, SessionInfo, SessionStatus, SessionTimestamps, WebhookConfig,
};

/// Fields that this version of the client does not know.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// Declares an enumeration of texts with a variant that keeps what it does not know.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value that this version of the client does not know, as it came.
            Unknown(String),
        }

        impl $name {
            /// The value as WAHA writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::from(&*text))
            }
        }
    };
}
pub(crate) use text_enum;
