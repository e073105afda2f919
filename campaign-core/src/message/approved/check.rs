//! Everything that is wrong with a template, each part on its own: all faults at once.

use super::definition::{Header, HeaderMedia, TemplateCategory, TemplateDefinition};
use super::fault::{FaultKind, Part, TemplateFault};
use super::placeholders::{self, Piece, VariableForm};
use super::{
    BODY_CHARS_MAX, DOCUMENT_BYTES_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX, IMAGE_BYTES_MAX,
    LANGUAGES, NAME_CHARS_MAX, VARIABLES_MAX, VIDEO_BYTES_MAX, VIDEO_MS_MAX, languages,
};
use crate::message::MediaError;
use crate::message::media::MediaTemplate;
use crate::template::{Template, same_name};

mod buttons;

impl TemplateDefinition {
    /// Everything that is wrong with it, in the order of its parts; empty when it may be
    /// submitted, and then it can be sent with its examples as values.
    #[must_use]
    pub fn faults(&self) -> Vec<TemplateFault> {
        let mut faults = Faults::default();
        self.check_name(&mut faults);
        self.check_header(&mut faults);
        self.check_body(&mut faults);
        self.check_footer(&mut faults);
        self.check_buttons(&mut faults);
        self.check_variables(&mut faults);
        self.check_examples(&mut faults);
        if faults.list.is_empty() {
            // What only shows in the whole message: its length, above all below an image.
            if let Err(error) = self.preview() {
                faults.add(Part::Body, FaultKind::Whole(Box::new(error)));
            }
        }
        faults.list
    }

    fn check_name(&self, faults: &mut Faults) {
        let name = &self.name;
        if name.trim().is_empty() {
            faults.add(Part::Name, FaultKind::Empty);
        } else if !name.chars().all(is_name_char) {
            let suggestion = super::template_name(name)
                .chars()
                .map(|c| if is_name_char(c) { c } else { '_' })
                .collect();
            faults.add(
                Part::Name,
                FaultKind::NameCharacters {
                    name: name.clone(),
                    suggestion,
                },
            );
        }
        faults.check_length(Part::Name, name, NAME_CHARS_MAX);
        if !LANGUAGES.contains(&self.language.as_str()) {
            faults.add(
                Part::Language,
                FaultKind::UnknownLanguage {
                    code: self.language.clone(),
                    near: languages::near(&self.language),
                },
            );
        }
    }

    fn check_header(&self, faults: &mut Faults) {
        let Some(header) = &self.header else {
            return;
        };
        if self.category == TemplateCategory::Authentication {
            faults.add(Part::Header, FaultKind::NotInAuthentication);
        }
        match header {
            Header::Text { text } => check_header_text(text, faults),
            Header::Image(media) => {
                check_media(media, &["jpg", "jpeg", "png"], IMAGE_BYTES_MAX, faults);
            }
            Header::Document(media) => check_media(media, &["pdf"], DOCUMENT_BYTES_MAX, faults),
            Header::Video(media) => {
                check_media(media, &["mp4", "3gp"], VIDEO_BYTES_MAX, faults);
                match media.duration_ms {
                    None => faults.add(
                        Part::Header,
                        FaultKind::VideoLengthUnknown {
                            duration_ms_max: VIDEO_MS_MAX,
                        },
                    ),
                    Some(duration_ms) if duration_ms > VIDEO_MS_MAX => faults.add(
                        Part::Header,
                        FaultKind::VideoLength {
                            duration_ms,
                            duration_ms_max: VIDEO_MS_MAX,
                        },
                    ),
                    Some(_) => {}
                }
            }
        }
    }

    fn check_body(&self, faults: &mut Faults) {
        let part = Part::Body;
        let body = self.body.trim();
        if body.is_empty() {
            return faults.add(part, FaultKind::Empty);
        }
        faults.check_length(part, &self.body, BODY_CHARS_MAX);
        let (pieces, wrong) = placeholders::pieces(body);
        faults.add_all(part, wrong);
        if let Some(Piece::Variable(name)) = pieces.first() {
            let variable = (*name).to_owned();
            faults.add(part, FaultKind::BeginsWithVariable { variable });
        }
        // A body of one variable alone is told once.
        if pieces.len() > 1
            && let Some(Piece::Variable(name)) = pieces.last()
        {
            let variable = (*name).to_owned();
            faults.add(part, FaultKind::EndsWithVariable { variable });
        }
        check_neighbours(&pieces, faults);
        check_numbers(part, body, faults);
        let variables = count(&pieces);
        if variables > VARIABLES_MAX {
            faults.add(
                part,
                FaultKind::TooManyVariables {
                    variables,
                    variables_max: VARIABLES_MAX,
                },
            );
        }
        let words = words(&pieces);
        let words_min = 2 * variables + 1;
        if variables > 0 && words < words_min {
            faults.add(
                part,
                FaultKind::FewWords {
                    words,
                    variables,
                    words_min,
                },
            );
        }
    }

    fn check_footer(&self, faults: &mut Faults) {
        let Some(footer) = &self.footer else {
            return;
        };
        if footer.trim().is_empty() {
            return faults.add(Part::Footer, FaultKind::Empty);
        }
        faults.check_length(Part::Footer, footer, FOOTER_CHARS_MAX);
        check_line(Part::Footer, footer, faults);
        if let Some(at) = footer.find("{{") {
            let found = footer[at..].chars().take(16).collect();
            faults.add(Part::Footer, FaultKind::Variable { found });
        }
    }

    /// What concerns the variables of several parts.
    fn check_variables(&self, faults: &mut Faults) {
        let variables = self.variables();
        let is_text = |part| matches!(part, Part::Header | Part::Body);
        let first = |form| {
            let mut texts = variables.iter().filter(|v| is_text(v.part));
            texts.find(|v| placeholders::form(&v.name) == Some(form))
        };
        if let (Some(numbered), Some(named)) =
            (first(VariableForm::Numbered), first(VariableForm::Named))
        {
            faults.add(
                numbered.part.max(named.part),
                FaultKind::MixedVariables {
                    numbered: numbered.name.clone(),
                    named: named.name.clone(),
                },
            );
        }
        for (at, second) in variables.iter().enumerate() {
            let first = variables[..at].iter().find(|first| {
                first.column != second.column && same_name(&first.column, &second.column)
            });
            if let Some(first) = first {
                faults.add(
                    second.part,
                    FaultKind::SameColumn {
                        first: first.column.clone(),
                        second: second.column.clone(),
                    },
                );
            }
        }
    }

    fn check_examples(&self, faults: &mut Faults) {
        const SPACES_MAX: usize = 4;
        let variables = self.variables();
        for wanted in &variables {
            let variable = wanted.name.clone();
            let mut given = self
                .examples
                .iter()
                .filter(|example| example.part == wanted.part && example.variable == wanted.name);
            let Some(example) = given.next().filter(|e| !e.value.trim().is_empty()) else {
                faults.add(wanted.part, FaultKind::ExampleMissing { variable });
                continue;
            };
            let value = &example.value;
            if value.contains(char::is_control) || value.contains(&" ".repeat(SPACES_MAX + 1)) {
                faults.add(
                    wanted.part,
                    FaultKind::ExampleForm {
                        variable: variable.clone(),
                        spaces_max: SPACES_MAX,
                    },
                );
            }
            if given.next().is_some() {
                faults.add(wanted.part, FaultKind::ExampleTwice { variable });
            }
        }
        for example in &self.examples {
            let is_wanted =
                |v: &super::TemplateVariable| v.part == example.part && v.name == example.variable;
            if !variables.iter().any(is_wanted) {
                let variable = example.variable.clone();
                faults.add(example.part, FaultKind::ExampleUnknown { variable });
            }
        }
    }
}

#[derive(Default)]
struct Faults {
    list: Vec<TemplateFault>,
}

impl Faults {
    fn add(&mut self, part: Part, kind: FaultKind) {
        self.list.push(TemplateFault { part, kind });
    }

    fn add_all(&mut self, part: Part, kinds: Vec<FaultKind>) {
        for kind in kinds {
            self.add(part, kind);
        }
    }

    fn check_length(&mut self, part: Part, text: &str, chars_max: usize) {
        let chars = text.chars().count();
        if chars > chars_max {
            self.add(part, FaultKind::TooLong { chars, chars_max });
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn check_header_text(text: &str, faults: &mut Faults) {
    let part = Part::Header;
    if text.trim().is_empty() {
        return faults.add(part, FaultKind::Empty);
    }
    faults.check_length(part, text, HEADER_CHARS_MAX);
    let (pieces, wrong) = placeholders::pieces(text);
    faults.add_all(part, wrong);
    let own: String = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::Variable(_) => None,
        })
        .collect();
    check_line(part, &own, faults);
    if let Some(sign) = own.chars().find(|c| matches!(c, '*' | '_' | '~' | '`')) {
        faults.add(part, FaultKind::Formatting { sign });
    }
    check_numbers(part, text, faults);
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
}

/// A header or footer is one line of letters.
fn check_line(part: Part, text: &str, faults: &mut Faults) {
    if text.contains(char::is_control) {
        faults.add(part, FaultKind::LineBreak);
    }
    if let Some(found) = text.chars().find(|c| is_emoji(*c)) {
        faults.add(part, FaultKind::Emoji { found });
    }
}

/// The blocks of Unicode in which pictures stand, and the character that makes a picture of a sign.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{231a}'..='\u{23ff}' | '\u{fe0f}' | '\u{20e3}')
}

fn check_media(
    media: &HeaderMedia,
    allowed: &'static [&'static str],
    bytes_max: u64,
    faults: &mut Faults,
) {
    let part = Part::Header;
    let source = media.source.trim();
    if source.is_empty() || media.bytes == 0 {
        faults.add(part, FaultKind::Empty);
    }
    if media.bytes > bytes_max {
        let bytes = media.bytes;
        faults.add(part, FaultKind::FileSize { bytes, bytes_max });
    }
    if source.is_empty() {
        return;
    }
    let place = match source.contains("://") {
        true => source.split(['?', '#']).next().unwrap_or_default(),
        false => source,
    };
    let name = place.rsplit(['/', '\\']).next().unwrap_or_default();
    let found = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if !allowed.iter().any(|one| one.eq_ignore_ascii_case(found)) {
        let found = found.to_owned();
        faults.add(part, FaultKind::FileKind { found, allowed });
    }
    if source.contains("{{") {
        let found = source.to_owned();
        faults.add(part, FaultKind::Variable { found });
    } else if let Err(error) = place_of(&super::conversion::escaped(source)) {
        faults.add(part, FaultKind::Media(error));
    }
}

fn place_of(source: &str) -> Result<MediaTemplate, MediaError> {
    let template = Template::parse(source).map_err(|error| MediaError::Invalid {
        why: error.to_string(),
    })?;
    MediaTemplate::new(template)
}

fn check_neighbours(pieces: &[Piece<'_>], faults: &mut Faults) {
    let mut last: Option<&str> = None;
    for piece in pieces {
        match piece {
            Piece::Variable(name) => {
                if let Some(first) = last.replace(name) {
                    faults.add(
                        Part::Body,
                        FaultKind::AdjacentVariables {
                            first: first.to_owned(),
                            second: (*name).to_owned(),
                        },
                    );
                }
            }
            Piece::Text(text) if text.trim().is_empty() => {}
            Piece::Text(_) => last = None,
        }
    }
}

fn check_numbers(part: Part, text: &str, faults: &mut Faults) {
    let numbers: Vec<u32> = placeholders::variables(text)
        .into_iter()
        .filter(|name| placeholders::form(name) == Some(VariableForm::Numbered))
        .filter_map(|name| name.parse().ok())
        .collect();
    let highest = numbers.iter().copied().max().unwrap_or_default();
    if let Some(missing) = (1..highest).find(|number| !numbers.contains(number)) {
        faults.add(part, FaultKind::Gap { missing, highest });
    }
}

fn count(pieces: &[Piece<'_>]) -> usize {
    let variables = pieces.iter().filter(|p| matches!(p, Piece::Variable(_)));
    variables.count()
}

/// Words beside the variables: a full stop after a variable is none.
fn words(pieces: &[Piece<'_>]) -> usize {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text
                .split_whitespace()
                .filter(|word| word.contains(char::is_alphanumeric))
                .count(),
            Piece::Variable(_) => 0,
        })
        .sum()
}
