//! Part four: the buttons, together and each on its own.

use super::{Faults, check_numbers, count};
use crate::message::approved::conversion;
use crate::message::approved::definition::{TemplateCategory, TemplateDefinition};
use crate::message::approved::fault::{FaultKind, Part};
use crate::message::approved::placeholders::{self, Piece};
use crate::message::approved::{
    ACTIONS_MAX, LABEL_CHARS_MAX, PHONE_CHARS_MAX, PHONES_MAX, REPLIES_MAX, URL_CHARS_MAX,
};
use crate::message::buttons::Button;
use crate::message::{ButtonDefinition, ButtonError, MediaError, chosen};
use crate::template::Limits;

impl TemplateDefinition {
    pub(super) fn check_buttons(&self, faults: &mut Faults) {
        let part = Part::Buttons;
        if self.category == TemplateCategory::Authentication && !self.buttons.is_empty() {
            faults.add(part, FaultKind::NotInAuthentication);
        }
        let replies: Vec<&str> = self
            .buttons
            .iter()
            .filter(|button| is_reply(button))
            .map(|button| button.label.as_str())
            .collect();
        let actions = self.buttons.len() - replies.len();
        let phones = self.buttons.iter().filter(|b| b.phone.is_some()).count();
        let replies_found = replies.len();
        for (is_wrong, kind) in [
            (
                actions > 0 && replies_found > 0,
                FaultKind::MixedButtons {
                    actions,
                    replies: replies_found,
                },
            ),
            (
                actions > ACTIONS_MAX,
                FaultKind::TooManyActions {
                    actions,
                    actions_max: ACTIONS_MAX,
                },
            ),
            (
                phones > PHONES_MAX,
                FaultKind::TooManyPhones {
                    phones,
                    phones_max: PHONES_MAX,
                },
            ),
            (
                replies_found > REPLIES_MAX,
                FaultKind::TooManyReplies {
                    replies: replies_found,
                    replies_max: REPLIES_MAX,
                },
            ),
        ] {
            if is_wrong {
                faults.add(part, kind);
            }
        }
        let mut choice = 0;
        for (button, number) in self.buttons.iter().zip(1..) {
            let part = Part::Button(number);
            let sound = check_label(part, button, faults);
            check_target(part, button, faults);
            if is_reply(button) {
                if sound && chosen(&replies, &button.label) != Some(choice) {
                    let label = button.label.clone();
                    faults.add(part, FaultKind::AmbiguousReply { label });
                }
                choice += 1;
            }
        }
    }
}

fn is_reply(button: &ButtonDefinition) -> bool {
    button.url.is_none() && button.phone.is_none()
}

fn limits() -> Limits {
    Limits {
        label_chars_max: LABEL_CHARS_MAX,
        ..Limits::default()
    }
}

/// Checks the label alone; says whether it is sound.
fn check_label(part: Part, button: &ButtonDefinition, faults: &mut Faults) -> bool {
    let label = ButtonDefinition {
        label: button.label.clone(),
        url: None,
        phone: None,
    };
    match Button::parse(&label, &limits()) {
        Ok(_) => true,
        Err(error) => {
            faults.add(part, FaultKind::Button(error));
            false
        }
    }
}

/// Checks the address or number alone.
fn check_target(part: Part, button: &ButtonDefinition, faults: &mut Faults) {
    if let Some(phone) = &button.phone {
        faults.check_length(part, phone, PHONE_CHARS_MAX);
    }
    let mut url = None;
    if let Some(address) = &button.url {
        let address = address.trim();
        faults.check_length(part, address, URL_CHARS_MAX);
        let (pieces, wrong) = placeholders::pieces(address);
        let variables = count(&pieces);
        if variables > 1 {
            faults.add(
                part,
                FaultKind::TooManyVariables {
                    variables,
                    variables_max: 1,
                },
            );
        }
        let last = pieces.len().saturating_sub(1);
        if let Some(Piece::Variable(name)) = pieces[..last]
            .iter()
            .find(|p| matches!(p, Piece::Variable(_)))
        {
            let variable = (*name).to_owned();
            faults.add(part, FaultKind::VariableInAddress { variable });
        }
        check_numbers(part, address, faults);
        if !wrong.is_empty() {
            return faults.add_all(part, wrong);
        }
        url = Some(conversion::text_of(&pieces, |_| Some("x".to_owned())));
    }
    let target = ButtonDefinition {
        label: "x".to_owned(),
        url,
        phone: button.phone.clone(),
    };
    match Button::parse(&target, &limits()) {
        Err(ButtonError::Template(error)) => faults.add(
            part,
            FaultKind::Button(ButtonError::Url(MediaError::Invalid {
                why: error.to_string(),
            })),
        ),
        Err(error) => faults.add(part, FaultKind::Button(error)),
        Ok(_) => {}
    }
}
