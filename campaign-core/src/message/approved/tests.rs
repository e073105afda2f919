//! Every rule at its boundary, every move of the review, and what becomes of an approved template.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod parts;
mod review;

use proptest::prelude::*;

use super::*;
use crate::message::{ButtonDefinition, MessageTemplate};

/// A template without variables and without faults.
fn sound() -> TemplateDefinition {
    TemplateDefinition::new("promo", "id", TemplateCategory::Marketing)
        .with_body("Diskon 20% sampai akhir bulan ini")
}

fn url(label: &str, url: &str) -> ButtonDefinition {
    ButtonDefinition {
        label: label.into(),
        url: Some(url.into()),
        phone: None,
    }
}

fn phone(label: &str, phone: &str) -> ButtonDefinition {
    ButtonDefinition {
        label: label.into(),
        url: None,
        phone: Some(phone.into()),
    }
}

fn reply(label: &str) -> ButtonDefinition {
    ButtonDefinition {
        label: label.into(),
        url: None,
        phone: None,
    }
}

fn buttons(buttons: &[ButtonDefinition]) -> TemplateDefinition {
    buttons.iter().fold(sound(), |template, button| {
        template.with_button(button.clone())
    })
}

fn header(text: &str) -> TemplateDefinition {
    sound().with_header(Header::Text { text: text.into() })
}

fn media(source: &str, bytes: u64, duration_ms: Option<u64>) -> HeaderMedia {
    HeaderMedia {
        source: source.into(),
        bytes,
        duration_ms,
    }
}

fn approved(definition: TemplateDefinition) -> ReviewedTemplate {
    let mut template = ReviewedTemplate::draft(definition);
    template.submit().unwrap();
    template.approve().unwrap();
    template
}

/// With an example for every variable.
fn exemplified(mut template: TemplateDefinition) -> TemplateDefinition {
    for variable in template.variables() {
        template = template.with_example(variable.part, variable.name, "contoh");
    }
    template
}

fn body(text: &str) -> TemplateDefinition {
    exemplified(sound().with_body(text))
}

/// All faults, a line each.
fn said(template: &TemplateDefinition) -> Vec<String> {
    template.faults().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn sound_is(template: TemplateDefinition) {
    assert_eq!(said(&template), [""; 0], "{template:?}");
}

#[track_caller]
fn refused(template: TemplateDefinition, says: &str) {
    let faults = said(&template);
    assert!(
        faults.len() == 1 && faults[0].starts_with(says),
        "expected {says:?}, got {faults:#?}"
    );
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            prop_oneof![
                Just("{{1}}"),
                Just("{{2}}"),
                Just("{{nama}}"),
                Just("{{if}}"),
                Just("{{loop}}"),
                Just("{"),
                Just("}"),
                Just("{%"),
                Just("%}"),
                Just("{#"),
                Just("{{"),
                Just("}}"),
                Just(" kata "),
                Just(" dan lagi "),
                Just("\n"),
                Just("*"),
                Just("_"),
                Just("\""),
                Just("https://x.example/")
            ],
            0..12
        )
        .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, ..ProptestConfig::default() })]

    #[test]
    fn what_has_no_faults_can_be_sent(
        header in proptest::option::of(text()),
        body in text(),
        footer in proptest::option::of(text()),
        labels in proptest::collection::vec(text(), 0..3),
        address in proptest::option::of(text()),
        example in text(),
    ) {
        let mut template = sound().with_body(body);
        template.header = header.map(|text| Header::Text { text });
        template.footer = footer;
        template.buttons.extend(address.map(|address| url("Lihat", &address)));
        template.buttons.extend(labels.iter().map(|label| reply(label)));
        for variable in template.variables() {
            template = template.with_example(variable.part, variable.name, example.clone());
        }
        let faults = template.faults();
        prop_assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
        if faults.is_empty() {
            let message = MessageTemplate::parse(approved(template.clone()).message().unwrap()).unwrap();
            prop_assert_eq!(message.variables().len(), template.variables().len());
            template.preview().unwrap();
        }
    }

    #[test]
    fn a_body_without_faults_arrives_as_written(body in text()) {
        let template = exemplified(sound().with_body(body.clone()));
        if template.faults().is_empty() {
            let mut written = body.trim().to_owned();
            for variable in template.variables() {
                written = written.replace(&format!("{{{{{}}}}}", variable.name), "contoh");
            }
            let preview = template.preview().unwrap();
            prop_assert_eq!(&preview.message().text, &written);
        }
    }
}
