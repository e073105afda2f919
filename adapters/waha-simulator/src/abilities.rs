//! What not every engine can do. A call for it is answered with 501.

use crate::answer::Answer;
use crate::settings::Engine;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ability {
    Buttons,
    List,
    CustomPreview,
    Forward,
    PollVote,
    ButtonReply,
    Star,
    Pin,
    Archive,
    DeleteChat,
    ClearChat,
    About,
    Block,
    ListPresences,
    Capping,
}

impl Engine {
    /// NOWEB's 501s are recorded, as are the kinds that only some engines send. The rest follows
    /// which methods the engines' sources have; WPP is taken to be able to do what WEBJS can.
    pub(crate) fn can(self, ability: Ability) -> bool {
        let noweb = self == Self::Noweb;
        let gows = self == Self::Gows;
        match ability {
            Ability::Buttons => noweb,
            Ability::List | Ability::CustomPreview => noweb || gows,
            Ability::PollVote | Ability::Capping => gows,
            Ability::ButtonReply => self == Self::Webjs,
            Ability::Forward | Ability::Star | Ability::Pin | Ability::Archive => !gows,
            Ability::DeleteChat | Ability::ClearChat | Ability::About | Ability::Block => {
                !noweb && !gows
            }
            Ability::ListPresences => noweb || gows,
        }
    }
}

impl World {
    pub(crate) fn able(&self, ability: Ability) -> Result<(), Answer> {
        if self.settings.engine.can(ability) {
            Ok(())
        } else {
            Err(Answer::not_implemented(self.settings.engine))
        }
    }
}
