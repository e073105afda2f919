//! What is sent. (First shape: text.)

use serde::{Deserialize, Serialize};

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum MessageKind {
    /// Text.
    Text = 0,
    /// An image with a caption.
    Image = 1,
    /// A file with a caption.
    File = 2,
}

/// A message as one recipient gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMessage {
    /// The kind.
    pub kind: MessageKind,
    /// The text or caption.
    pub text: String,
}

/// A message with variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageTemplate {
    /// The text.
    pub text: String,
}

impl MessageTemplate {
    /// In one line, for people.
    pub fn describe(&self) -> String {
        self.text.clone()
    }
}
