//! Who is mentioned in a message.

use serde::{Serialize, Serializer};

use crate::ids::ChatId;

/// People by their ids, or everybody in the group: `["all"]` (recorded).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mentions<'a> {
    People(&'a [ChatId]),
    Everybody,
}

impl Mentions<'_> {
    pub(crate) const NOBODY: Self = Self::People(&[]);

    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self, Self::People([]))
    }
}

impl Serialize for Mentions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::People(people) => people.serialize(serializer),
            Self::Everybody => ["all"].serialize(serializer),
        }
    }
}
