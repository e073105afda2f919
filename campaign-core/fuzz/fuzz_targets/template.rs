//! Whatever an author types as a message, as a template in Meta's form, or as an answer: no panic,
//! and what was found right can be sent and shown.
#![no_main]

use campaign_core::message::approved::{Part, TemplateCategory, TemplateDefinition};
use campaign_core::message::{MessageDefinition, MessageTemplate, chosen};
use campaign_core::template::Template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    // The last line is a value, an answer and an address.
    let (text, value) = input.rsplit_once('\n').unwrap_or((input, "Budi"));

    if let Ok(template) = Template::parse(text) {
        let values: Vec<(&str, &str)> = template.variables().map(|name| (name, value)).collect();
        let by_name = template.render(&values);
        let headers: Vec<&str> = template.variables().collect();
        if let Ok(bound) = template.bind(&headers) {
            let row = vec![value; headers.len()];
            assert_eq!(
                bound.render(&row).ok(),
                by_name.ok(),
                "by name and by column"
            );
        }
    }

    let definition = MessageDefinition::text(text)
        .with_url_button("Lihat", value)
        .with_reply_button("Ya")
        .with_reply_button("Tidak");
    if let Ok(message) = MessageTemplate::parse(definition) {
        let names = message.variables();
        let values: Vec<(&str, &str)> = names.iter().map(|name| (*name, value)).collect();
        if let Ok(preview) = message.full_preview(&values) {
            let html = preview.html();
            let tags: Vec<&str> = html.split('<').skip(1).collect();
            assert!(tags.iter().all(|tag| tag.contains('>')), "{html}");
            assert!(!html.contains("<script"), "{html}");
            let opened = tags
                .iter()
                .filter(|tag| !tag.starts_with('/') && !tag.starts_with("br>"));
            let closed = tags.iter().filter(|tag| tag.starts_with('/'));
            assert_eq!(opened.count(), closed.count(), "{html}");
        }
    }
    assert!(chosen(&["Ya", value], input).is_none_or(|choice| choice < 2));

    let mut meta = TemplateDefinition::new("nama", "id", TemplateCategory::Utility)
        .with_body(text)
        .with_footer(value);
    for variable in meta.variables() {
        meta = meta.with_example(variable.part, variable.name, "contoh");
    }
    assert!(
        meta.variables()
            .iter()
            .all(|variable| variable.part == Part::Body)
    );
    if meta.faults().is_empty() {
        assert!(
            meta.preview().is_ok(),
            "no fault, and yet it cannot be sent"
        );
    }
});
