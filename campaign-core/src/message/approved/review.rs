//! A template on its way through the review: the only legal moves.
//!
//! ```text
//!            edit                      edit (not name and language)
//!            +--+                      +--+
//!            v  |                      v  |
//!          draft --submit--> pending --reject--> rejected{reason}
//!                              |  ^                 |
//!                        approve  +-----submit------+
//!                              v
//!                          approved
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::conversion::{ConversionError, TemplateVariable};
use super::definition::TemplateDefinition;
use super::fault::TemplateFault;
use crate::message::MessageDefinition;

/// Where a template is in its review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Review {
    /// Being written.
    Draft,
    /// Submitted, not decided.
    Pending,
    /// May be sent.
    Approved,
    /// May not be sent; mended, it may be submitted again.
    Rejected {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Review::Draft => f.write_str("a draft"),
            Review::Pending => f.write_str("under review"),
            Review::Approved => f.write_str("approved"),
            Review::Rejected { reason } => write!(f, "rejected ({reason})"),
        }
    }
}

/// A move that a template cannot make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// It is not where this move begins.
    #[error("the template is {review}: it cannot be {verb}")]
    Move {
        /// Where it is.
        review: Review,
        /// What it cannot be: `edited`, `submitted`, `approved`, `rejected`.
        verb: &'static str,
    },
    /// Its name or language would change after it was submitted.
    #[error("name and language are fixed once a template was submitted: write a new template")]
    NameFixed,
    /// It has faults.
    #[error("the template has faults:\n{}", .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults {
        /// All of them.
        faults: Vec<TemplateFault>,
    },
    /// It is rejected without a reason.
    #[error("say why it is rejected: its author is to mend it")]
    NoReason,
}

/// A template and where it is in its review. Its fields change by legal moves alone.
///
/// ```
/// use campaign_core::message::approved::{ReviewedTemplate, TemplateCategory, TemplateDefinition};
///
/// let definition = TemplateDefinition::new("promo", "id", TemplateCategory::Marketing)
///     .with_body("Diskon 20% sampai akhir bulan ini");
/// let mut template = ReviewedTemplate::draft(definition);
/// template.submit()?;
/// assert!(template.message().is_err());
/// template.approve()?;
/// assert_eq!(
///     template.message()?.text.as_deref(),
///     Some("Diskon 20% sampai akhir bulan ini")
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedTemplate {
    definition: TemplateDefinition,
    review: Review,
}

impl ReviewedTemplate {
    /// A new draft.
    #[must_use]
    pub fn draft(definition: TemplateDefinition) -> Self {
        ReviewedTemplate {
            definition,
            review: Review::Draft,
        }
    }

    /// What is reviewed.
    #[must_use]
    pub fn definition(&self) -> &TemplateDefinition {
        &self.definition
    }

    /// Where it is in its review.
    #[must_use]
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// Replaces the content of a draft, or mends a rejected one, which stays rejected until it is
    /// submitted again.
    ///
    /// # Errors
    /// When it is under review or approved; when it was submitted under another name or language.
    pub fn edit(&mut self, definition: TemplateDefinition) -> Result<(), ReviewError> {
        match self.review {
            Review::Draft => {}
            Review::Rejected { .. } => {
                let old = &self.definition;
                if (&old.name, &old.language) != (&definition.name, &definition.language) {
                    return Err(ReviewError::NameFixed);
                }
            }
            Review::Pending | Review::Approved => return Err(self.refused("edited")),
        }
        self.definition = definition;
        Ok(())
    }

    /// Hands a draft or a mended template to the review.
    ///
    /// # Errors
    /// When it is under review or approved already; when it has faults, with all of them.
    pub fn submit(&mut self) -> Result<(), ReviewError> {
        if !matches!(self.review, Review::Draft | Review::Rejected { .. }) {
            return Err(self.refused("submitted"));
        }
        let faults = self.definition.faults();
        if !faults.is_empty() {
            return Err(ReviewError::Faults { faults });
        }
        self.review = Review::Pending;
        Ok(())
    }

    /// Decides for it.
    ///
    /// # Errors
    /// When it is not under review.
    pub fn approve(&mut self) -> Result<(), ReviewError> {
        if self.review != Review::Pending {
            return Err(self.refused("approved"));
        }
        self.review = Review::Approved;
        Ok(())
    }

    /// Decides against it.
    ///
    /// # Errors
    /// When it is not under review, or the reason is blank.
    pub fn reject(&mut self, reason: impl Into<String>) -> Result<(), ReviewError> {
        if self.review != Review::Pending {
            return Err(self.refused("rejected"));
        }
        let reason = reason.into();
        if reason.trim().is_empty() {
            return Err(ReviewError::NoReason);
        }
        self.review = Review::Rejected { reason };
        Ok(())
    }

    /// The message that a campaign sends: the header's text is its bold first line, the footer its
    /// last one in italics, a header's file its image or file (a video goes as a file). Variables
    /// are filled by the columns of [`TemplateDefinition::variables`].
    ///
    /// # Errors
    /// When it is not approved.
    pub fn message(&self) -> Result<MessageDefinition, ConversionError> {
        self.message_with(|_| None)
    }

    /// The same, with the columns that `column` names; a variable it answers `None` for keeps its
    /// usual one.
    ///
    /// # Errors
    /// When it is not approved, or a column's name has neither letter nor digit.
    pub fn message_with(
        &self,
        column: impl Fn(&TemplateVariable) -> Option<String>,
    ) -> Result<MessageDefinition, ConversionError> {
        if self.review != Review::Approved {
            return Err(ConversionError::NotApproved {
                review: self.review.clone(),
            });
        }
        self.definition.to_message(column)
    }

    fn refused(&self, verb: &'static str) -> ReviewError {
        ReviewError::Move {
            review: self.review.clone(),
            verb,
        }
    }
}
