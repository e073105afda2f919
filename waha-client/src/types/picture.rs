//! Pictures of chats and people.

/// Where the address of a picture is to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PictureSource {
    /// What the server has, up to 24 h old (WAHA specification).
    #[default]
    Cache,
    /// WhatsApp itself, which limits how often it may be asked.
    WhatsApp,
}

impl PictureSource {
    /// The `refresh` of WAHA's queries; left out where its default says the same.
    pub(crate) fn refresh(self) -> Option<bool> {
        (self == Self::WhatsApp).then_some(true)
    }
}
