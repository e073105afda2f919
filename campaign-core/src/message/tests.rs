//! Every part of a message, and what values cannot do to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Component, Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::template::Limits;

fn message(definition: MessageDefinition) -> MessageTemplate {
    MessageTemplate::parse(definition).unwrap_or_else(|error| panic!("{error}"))
}

fn media_of(source: &str, values: &[(&str, &str)]) -> Result<MediaSource, RenderError> {
    let rendered = message(MessageDefinition::file(source)).render(values)?;
    Ok(rendered.media.unwrap())
}

fn path(path: &str) -> Result<MediaSource, RenderError> {
    Ok(MediaSource::Path(PathBuf::from(path)))
}

fn url(url: &str) -> Result<MediaSource, RenderError> {
    Ok(MediaSource::Url(url.to_owned()))
}

#[test]
fn buttons_are_lines_after_the_text_in_message_and_preview() {
    let template = message(
        MessageDefinition::text("Halo {{ nama }}\n\n")
            .with_url_button("Bayar", "https://bayar.example/{{ no }}")
            .with_phone_button("Tanya kami", "+62 812-3456-7890"),
    );
    let values = [("nama", "Budi"), ("no", "INV/7 & 8")];
    let sent = template.render(&values).unwrap();
    assert_eq!(
        sent.text,
        "Halo Budi\n\nBayar: https://bayar.example/INV%2F7%20%26%208\nTanya kami: +6281234567890"
    );
    assert_eq!((sent.kind, &sent.media), (MessageKind::Text, &None));
    assert_eq!(template.preview(&values).unwrap(), sent.text);
    assert_eq!(template.variables(), ["nama", "no"]);
}

#[test]
fn quick_replies_are_numbered_choices_after_the_links() {
    let text = MessageDefinition::text("Halo {{ nama }}")
        .with_reply_button(" Ya ")
        .with_url_button("Jadwal", "https://x.example/{{ no }}")
        .with_reply_button("Tidak");
    let values = [("nama", "Budi"), ("no", "7")];
    let template = message(text.clone());
    assert_eq!(
        template.render(&values).unwrap().text,
        "Halo Budi\n\nJadwal: https://x.example/7\n\n1. Ya\n2. Tidak\nBalas dengan nomor atau kata pilihan Anda."
    );
    assert_eq!(template.choices(), ["Ya", "Tidak"]);
    let english = message(text.with_language(Language::English));
    assert!(
        english
            .render(&values)
            .unwrap()
            .text
            .ends_with("2. Tidak\nReply with the number or the words of your choice.")
    );
    assert_ne!(english.content_hash(), template.content_hash());
    let image = message(MessageDefinition::image("a.png").with_reply_button("Ya"));
    assert_eq!(
        image.render(&values).unwrap().text,
        "1. Ya\nBalas dengan nomor atau kata pilihan Anda."
    );
}

#[test]
fn quick_replies_are_three_and_known_from_one_another() {
    let replies = |labels: &[&str]| {
        let text = MessageDefinition::text("a");
        let definition = labels.iter().fold(text, |d, l| d.with_reply_button(*l));
        MessageTemplate::parse(definition).map_err(|error| error.to_string())
    };
    for labels in [
        &["Ya", "Tidak", "Mungkin"][..],
        &["👍", "👎"],
        &["A", "A+"],
        &["x", "2"],
    ] {
        assert!(replies(labels).is_ok(), "{labels:?}");
    }
    for (labels, says) in [
        (
            &["Ya", "Tidak", "Mungkin", "Nanti"][..],
            "4 quick replies, at most 3",
        ),
        (&["Ya", "ya"], "button 1: its label \"Ya\" could mean"),
        (&["2", "x"], "button 1: its label \"2\" could mean"),
        (
            &["2. Dua", "Dua"],
            "button 1: its label \"2. Dua\" could mean",
        ),
        (&["…"], "ok"),
        (&[""], "plain text on one line"),
        (&["123456789012345678901"], "21 characters, at most 20"),
    ] {
        let answer = replies(labels).err().unwrap_or("ok".to_owned());
        assert!(answer.contains(says), "{labels:?}: {answer}");
    }
    let both = MessageDefinition::text("a")
        .with_reply_button("Ya")
        .with_url_button("b", "https://x.example")
        .with_phone_button("c", "+6281234567890");
    assert!(MessageTemplate::parse(both).is_ok());
}

#[test]
fn what_was_stored_before_there_were_replies_has_the_same_hash() {
    for (json, hash) in STORED {
        let stored: MessageTemplate = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&stored).unwrap(), json);
        assert_eq!(stored.content_hash(), hash, "{json}");
    }
}

#[test]
fn an_image_has_its_caption_and_shows_in_the_preview() {
    let template = message(
        MessageDefinition::image("promo/{{ kota }}.png")
            .with_text("Halo {{ nama }}")
            .with_url_button("Lihat", "{{ link }}"),
    );
    let values = [
        ("nama", "Budi"),
        ("kota", "Solo"),
        ("link", "https://x.example/a?b=1"),
    ];
    assert_eq!(
        template.preview(&values).unwrap(),
        "[image: promo/Solo.png]\nHalo Budi\n\nLihat: https://x.example/a?b=1"
    );
    let bare = message(MessageDefinition::image("https://x.example/a.png"));
    assert_eq!(
        bare.preview(&values).unwrap(),
        "[image: https://x.example/a.png]"
    );
    let button_only =
        message(MessageDefinition::file("a.pdf").with_url_button("Lihat", "https://x.example"));
    assert_eq!(
        button_only.render(&values).unwrap().text,
        "Lihat: https://x.example"
    );
}

#[test]
fn definitions_that_make_no_message_are_refused() {
    let text = || MessageDefinition::text("Halo");
    for (definition, says) in [
        (MessageDefinition::default(), "the message is empty"),
        (MessageDefinition::text(" \n"), "the message is empty"),
        (
            MessageDefinition {
                file: Some("a".into()),
                ..MessageDefinition::image("b")
            },
            "an image and a file",
        ),
        (
            MessageDefinition::text("{{ x | rupia }}"),
            "text: line 1, column 8: unknown filter",
        ),
        (MessageDefinition::image("{{ x"), "image: line 1, column 1"),
        (
            MessageDefinition::file("{% if x %}a{% endif %}"),
            "file: logic cannot stand",
        ),
        (
            MessageDefinition::file("ftp://x.example/a"),
            "`ftp:` cannot be fetched",
        ),
        (
            MessageDefinition::image("data:image/png;base64,AA"),
            "`data:` cannot be fetched",
        ),
        (
            MessageDefinition::file("https://{{ host }}/a"),
            "a value would choose the server",
        ),
        (
            MessageDefinition::file("https://x.example{{ a }}"),
            "a value would choose the server",
        ),
        (
            MessageDefinition::file("https://x.example:{{ a }}/"),
            "a value would choose the server",
        ),
        (
            MessageDefinition::file("https://a:b@x.example/{{ a }}"),
            "user name or password",
        ),
        (
            MessageDefinition::file("https://x.example/../{{ a }}"),
            "another folder",
        ),
        (
            MessageDefinition::file("https://x.example/{{ a | urlencode }}"),
            "leave `urlencode` out",
        ),
        (
            MessageDefinition::file("invoices/{{ a }}/../b"),
            "leave the folder",
        ),
        (MessageDefinition::file("invoices/"), "name is empty"),
        (MessageDefinition::file("{{ a }}/"), "name is empty"),
        (
            text().with_url_button("", "https://x.example"),
            "button 1: its label must be plain",
        ),
        (
            text().with_url_button("Hai {{ nama }}", "https://x.example"),
            "must be plain text",
        ),
        (
            text().with_url_button("a\nb", "https://x.example"),
            "must be plain text",
        ),
        (
            text().with_url_button("x".repeat(21), "https://x.example"),
            "has 21 characters",
        ),
        (
            text().with_url_button("Bayar", "http://x.example"),
            "must begin with https://",
        ),
        (
            text().with_url_button("Bayar", "x.example/{{ a }}"),
            "an address begins with https://",
        ),
        (
            text().with_url_button("Bayar", "mailto:a@x.example"),
            "`mailto:` cannot be fetched",
        ),
        (
            text().with_url_button("Bayar", "https://x.example/{{ a"),
            "button 1: line 1",
        ),
        (
            text().with_phone_button("Telepon", "081234567890"),
            "must begin with +",
        ),
        (
            text().with_phone_button("Telepon", "+0812345678"),
            "must begin with +",
        ),
        (
            text().with_phone_button("Telepon", "+62"),
            "must begin with +",
        ),
        (
            text()
                .with_phone_button("a", "+6281234567890")
                .with_phone_button("b", "+6281234567890")
                .with_phone_button("c", "+6281234567890"),
            "has 3 buttons, at most 2",
        ),
    ] {
        let error = MessageTemplate::parse(definition.clone())
            .expect_err(says)
            .to_string();
        assert!(error.contains(says), "{definition:?}\n{error}");
    }
    let both = r#"{"text":"a","buttons":[{"label":"b","url":"https://x.example","phone":"+6281234567890"}]}"#;
    let error = serde_json::from_str::<MessageTemplate>(both)
        .unwrap_err()
        .to_string();
    assert!(error.contains("either an address"), "{error}");
}

#[test]
fn a_value_in_a_path_goes_down_and_nowhere_else() {
    for (template, value, rendered) in [
        ("invoices/{{ no }}.pdf", "INV-7", path("invoices/INV-7.pdf")),
        (
            "invoices/{{ no }}.pdf",
            "INV/2026/11/001",
            path("invoices/INV/2026/11/001.pdf"),
        ),
        ("invoices/{{ no }}.pdf", " 7 ", path("invoices/7.pdf")),
        ("../invoices/{{ no }}.pdf", "7", path("../invoices/7.pdf")),
        ("/data/{{ no }}.pdf", "7", path("/data/7.pdf")),
        ("C:\\data\\{{ no }}.pdf", "7", path("C:\\data\\7.pdf")),
        ("{{ no }}", "a/b.pdf", path("a/b.pdf")),
        (
            "{{ no }}",
            "https://x.example/a b.pdf",
            url("https://x.example/a%20b.pdf"),
        ),
        (
            "{{ no }}",
            "HTTPS://x.example/a.pdf",
            url("HTTPS://x.example/a.pdf"),
        ),
        (
            "{{ leer | default(\"https://x.example/0.png\") }}",
            "",
            url("https://x.example/0.png"),
        ),
        ("tetap/brosur.pdf", "", path("tetap/brosur.pdf")),
    ] {
        assert_eq!(
            media_of(template, &[("no", value)]),
            rendered,
            "{template} {value}"
        );
    }
    for (template, value) in [
        ("invoices/{{ no }}.pdf", "../../etc/passwd"),
        ("invoices/{{ no }}", "../secret"),
        ("invoices/{{ no }}", ".."),
        ("invoices/{{ no }}", ".. "),
        ("invoices/{{ no }}", "..\\..\\secret"),
        ("invoices/{{ no }}", "a/../../secret"),
        ("invoices/{{ no }}", "/etc/passwd"),
        ("invoices/{{ no }}", "\\\\server\\share"),
        ("invoices/{{ no }}", "a//b"),
        ("invoices/.{{ no }}/x", "."),
        ("invoices/{{ no }}", "a\0b"),
        ("invoices/{{ no }}", "a\nb"),
        ("{{ no }}", "/etc/passwd"),
        ("{{ no }}", "C:\\Windows\\a"),
        ("{{ no }}", "C:a"),
        ("{{ no }}", "file:///etc/passwd"),
        ("{{ no }}", "~/../x"),
    ] {
        let error = media_of(template, &[("no", value)]).expect_err(value);
        assert!(
            matches!(error, RenderError::Path { .. }),
            "{template} {value}: {error}"
        );
    }
}

#[test]
fn a_value_in_an_address_stays_in_its_place() {
    let template = "https://x.example/f/{{ no }}.pdf?t={{ token }}";
    for (no, token, rendered) in [
        ("7", "a", "https://x.example/f/7.pdf?t=a"),
        (
            "a b",
            "1&admin=1",
            "https://x.example/f/a%20b.pdf?t=1%26admin%3D1",
        ),
        (
            "../../x",
            "#x",
            "https://x.example/f/..%2F..%2Fx.pdf?t=%23x",
        ),
        (
            "%2e%2e",
            "é\n",
            "https://x.example/f/%252e%252e.pdf?t=%C3%A9%0A",
        ),
        (
            "@evil.example",
            "?",
            "https://x.example/f/%40evil.example.pdf?t=%3F",
        ),
    ] {
        assert_eq!(
            media_of(template, &[("no", no), ("token", token)]),
            url(rendered)
        );
    }
    for (template, value) in [
        ("https://x.example/f/{{ no }}/g", ".."),
        ("https://x.example/f/.{{ no }}/g", "."),
        ("{{ no }}", "https://"),
        ("{{ no }}", "https://u:p@x.example/a"),
        ("{{ no }}", "https://x.example/a\nb"),
        ("{{ no }}", "https://x.example/a/%2e%2e/b"),
    ] {
        let error = media_of(template, &[("no", value)]).expect_err(value);
        assert!(
            matches!(error, RenderError::Url { .. }),
            "{template} {value}: {error}"
        );
    }
    let button = message(MessageDefinition::text("a").with_url_button("Bayar", "{{ link }}"));
    for value in [
        "http://x.example",
        "javascript:alert(1)",
        "x.example",
        "ftp://x.example",
    ] {
        let error = button.render(&[("link", value)]).expect_err(value);
        assert!(matches!(error, RenderError::Url { .. }), "{value}: {error}");
    }
}

#[test]
fn lengths_are_checked_in_characters_with_the_button_lines() {
    let limits = Limits {
        text_chars_max: 20,
        caption_chars_max: 10,
        ..Limits::default()
    };
    for (definition, value, fits) in [
        (MessageDefinition::text("{{ x }}"), "é".repeat(20), true),
        (MessageDefinition::text("{{ x }}"), "é".repeat(21), false),
        (
            MessageDefinition::image("a.png").with_text("{{ x }}"),
            "é".repeat(10),
            true,
        ),
        (
            MessageDefinition::image("a.png").with_text("{{ x }}"),
            "é".repeat(11),
            false,
        ),
        (
            MessageDefinition::text("{{ x }}").with_phone_button("a", "+6281234567"),
            "é".repeat(4),
            true,
        ),
        (
            MessageDefinition::text("{{ x }}").with_phone_button("a", "+6281234567"),
            "é".repeat(5),
            false,
        ),
    ] {
        let rendered = message(definition.with_limits(limits)).render(&[("x", &value)]);
        match rendered {
            Ok(_) => assert!(fits, "{value}"),
            Err(error) => {
                assert!(matches!(error, RenderError::TooLong { .. }), "{error}");
                assert!(!fits, "{value}");
            }
        }
    }
    let usual = message(MessageDefinition::text("{{ x }}"));
    assert!(usual.render(&[("x", "x".repeat(65_536))]).is_ok());
    assert!(usual.render(&[("x", "x".repeat(65_537))]).is_err());
}

#[test]
fn a_missing_value_in_any_part_is_missing() {
    let template = message(
        MessageDefinition::file("{{ a }}.pdf")
            .with_text("{{ b }}")
            .with_url_button("c", "https://x.example/{{ c }}"),
    );
    let all = [("a", "1"), ("b", "2"), ("c", "3")];
    assert!(template.render(&all).is_ok());
    for (at, (name, _)) in all.iter().enumerate() {
        let mut lacking = all;
        lacking[at].1 = " ";
        let error = template.render(&lacking).unwrap_err();
        assert_eq!((error.is_missing(), error.variable()), (true, Some(*name)));
    }
}

#[test]
fn a_message_of_nothing_is_refused() {
    let template = message(MessageDefinition::text("{{ x | default(\"\") }}"));
    assert_eq!(template.render(&[("y", "")]), Err(RenderError::Empty));
}

#[test]
fn binding_covers_every_part_and_names_the_part_at_fault() {
    let template = message(
        MessageDefinition::file("f/{{ no }}.pdf")
            .with_text("{{ nama }} {{ no }}")
            .with_url_button("c", "https://x.example/{{ NO }}"),
    );
    let bound = template.bind(&["No", "HP", "Nama"]).unwrap();
    let by_row = bound.render(&["7", "0812", "Budi"]).unwrap();
    let by_name = template.render(&[("nama", "Budi"), ("no", "7")]).unwrap();
    assert_eq!(by_row, by_name);
    assert_eq!(by_row.media, Some(MediaSource::Path("f/7.pdf".into())));
    assert!(bound.render(&["7"]).unwrap_err().is_missing());

    let error = template.bind(&["Nama", "HP"]).unwrap_err().to_string();
    assert!(error.starts_with("text: line 1, column 15"), "{error}");
    let button =
        message(MessageDefinition::text("a").with_url_button("c", "https://x.example/{{ kode }}"));
    let error = button.bind(&["Kod"]).unwrap_err().to_string();
    assert!(
        error.starts_with("button 1: ") && error.ends_with("Did you mean `Kod`?"),
        "{error}"
    );
}

#[test]
fn json_is_read_back_and_the_hash_tells_messages_apart() {
    let definition = MessageDefinition::image("{{ gambar }}")
        .with_text("Halo")
        .with_url_button("Lihat", "https://x.example");
    let template = message(definition.clone());
    let json = serde_json::to_string(&template).unwrap();
    assert_eq!(
        json,
        r#"{"text":"Halo","image":"{{ gambar }}","buttons":[{"label":"Lihat","url":"https://x.example"}]}"#
    );
    let back: MessageTemplate = serde_json::from_str(&json).unwrap();
    assert_eq!(back, template);
    assert_eq!(back.content_hash(), template.content_hash());
    assert!(serde_json::from_str::<MessageTemplate>(r#"{"text":"a","vidoe":"b"}"#).is_err());

    let mut others = vec![
        definition.clone(),
        definition.clone().with_text("Hola"),
        MessageDefinition {
            image: None,
            file: definition.image.clone(),
            ..definition.clone()
        },
        definition.clone().with_phone_button("b", "+6281234567890"),
        definition.clone().with_limits(Limits {
            caption_chars_max: 9,
            ..Limits::default()
        }),
        MessageDefinition {
            buttons: vec![],
            ..definition
        },
    ]
    .into_iter()
    .map(|definition| {
        let template = message(definition);
        (template.content_hash(), template.describe())
    })
    .collect::<Vec<_>>();
    others.sort();
    others.dedup_by(|a, b| a.0 == b.0 || a.1 == b.1);
    assert_eq!(others.len(), 6);
}

#[test]
fn hashes_are_the_same_on_every_machine_and_in_every_version() {
    assert_eq!(text_hash("Halo Budi"), TEXT_HASH);
    assert_eq!(
        MessageTemplate::text("Halo Budi").unwrap().content_hash(),
        CONTENT_HASH
    );
}

#[test]
fn an_echo_has_the_hash_of_what_was_sent() {
    let sent = message(MessageDefinition::text("a\nb  {{ x }}"))
        .render(&[("x", "c")])
        .unwrap();
    assert_eq!(sent.text_hash(), text_hash("a\r\nb  c\n"));
    assert_ne!(sent.text_hash(), text_hash("a\nb c"));
}

#[test]
fn media_is_checked_by_who_can_see_files() {
    let check = |kind: MessageKind, source: &MediaSource| match source {
        MediaSource::Path(path) if path == Path::new("a.pdf") && kind == MessageKind::File => {
            MediaFault::check_size(MEDIA_BYTES_MAX)
        }
        MediaSource::Path(path) => Err(MediaFault::Missing { path: path.clone() }),
        MediaSource::Url(_) => MediaFault::check_size(MEDIA_BYTES_MAX + 1),
    };
    assert_eq!(RenderedMessage::text("a").check_media(&check), Ok(()));
    let file = |source: MediaSource| RenderedMessage::file(source, "").check_media(&check);
    assert_eq!(file(MediaSource::Path("a.pdf".into())), Ok(()));
    assert!(matches!(
        file(MediaSource::Path("b.pdf".into())),
        Err(MediaFault::Missing { .. })
    ));
    assert!(matches!(
        file(MediaSource::Url("https://x".into())),
        Err(MediaFault::TooLarge { .. })
    ));
}

#[test]
fn a_file_keeps_its_name() {
    for (source, name) in [
        (MediaSource::Path("invoices/7.pdf".into()), Some("7.pdf")),
        (
            MediaSource::Url("https://x.example/a/b%20c.pdf?x=1#y".into()),
            Some("b c.pdf"),
        ),
        (
            MediaSource::Url("https://x.example/a/..%2Fb.pdf".into()),
            Some(".._b.pdf"),
        ),
        (MediaSource::Url("https://x.example/".into()), None),
        (MediaSource::Url("https://x.example".into()), None),
    ] {
        assert_eq!(source.file_name().as_deref(), name, "{source}");
    }
}

fn awkward() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,12}",
        "[./\\\\:@?#&%=a~ \r\n\t]{1,12}",
        proptest::collection::vec(
            prop_oneof![
                Just(".."),
                Just("/"),
                Just("\\"),
                Just("."),
                Just("a"),
                Just("%2e"),
                Just(" ")
            ],
            1..8
        )
        .prop_map(|parts| parts.concat()),
    ]
}

/// Eight times as many cases as elsewhere; PROPTEST_CASES makes it more.
fn many() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.saturating_mul(8),
        ..usual
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn no_value_changes_the_shape_of_an_address(a in awkward(), b in awkward()) {
        let source = media_of("https://x.example/p/{{ a }}/q?t={{ b }}&u=1", &[("a", &a), ("b", &b)]);
        if let Ok(MediaSource::Url(address)) = source {
            let parsed = url::Url::parse(&address).unwrap();
            prop_assert_eq!(parsed.host_str(), Some("x.example"));
            let segments: Vec<_> = parsed.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!((segments[0], segments[2]), ("p", "q"));
            let query: Vec<_> = parsed.query_pairs().into_owned().collect();
            prop_assert_eq!(query, vec![("t".to_owned(), b), ("u".to_owned(), "1".to_owned())]);
            prop_assert_eq!(parsed.fragment(), None);
        }
    }

    #[test]
    fn no_value_leaves_the_folder(a in awkward(), b in awkward()) {
        for template in ["in/{{ a }}{{ b }}", "in/{{ a }}/{{ b }}.pdf", "in/x.{{ a }}"] {
            if let Ok(MediaSource::Path(path)) = media_of(template, &[("a", &a), ("b", &b)]) {
                prop_assert!(path.starts_with("in"));
                prop_assert!(path.components().all(|c| matches!(c, Component::Normal(_))));
                let windows = path.to_string_lossy().replace('\\', "/");
                prop_assert!(!windows.contains(':'));
                prop_assert!(windows.split('/').all(|step| !matches!(step.trim_end(), "" | "." | "..")));
            }
        }
        if let Ok(MediaSource::Path(path)) = media_of("{{ a }}{{ b }}", &[("a", &a), ("b", &b)]) {
            prop_assert!(path.components().all(|c| matches!(c, Component::Normal(_))));
        }
    }

    #[test]
    fn what_a_button_shows_is_https_and_one_line(value in awkward(), whole in "(https?://)?[a-z./@: \n]{0,12}") {
        let template = message(
            MessageDefinition::text("t")
                .with_url_button("a", "https://x.example/{{ v }}")
                .with_url_button("b", "{{ w }}"),
        );
        if let Ok(rendered) = template.render(&[("v", value), ("w", whole)]) {
            let lines: Vec<&str> = rendered.text.lines().collect();
            prop_assert_eq!(lines.len(), 4);
            prop_assert!(lines[2].starts_with("a: https://x.example/"));
            prop_assert!(lines[3].starts_with("b: https://"));
            prop_assert!(lines[2..].iter().all(|line| line.bytes().skip(3).all(|b| b.is_ascii_graphic())));
        }
    }
}

const TEXT_HASH: u64 = 3_728_966_464_156_998_940;
const CONTENT_HASH: u128 = 38_049_017_606_865_058_700_497_595_668_897_657_926;

/// As stored and hashed when a message had links and phone numbers alone.
const STORED: [(&str, u128); 3] = [
    (
        r#"{"text":"Halo","image":"{{ gambar }}","buttons":[{"label":"Lihat","url":"https://x.example"}]}"#,
        49_227_143_982_877_542_994_987_903_662_733_329_757,
    ),
    (
        r#"{"text":"Halo","buttons":[{"label":"Tanya","phone":"+6281234567890"}],"limits":{"text_chars_max":4096,"caption_chars_max":1024,"label_chars_max":20,"buttons_max":3}}"#,
        290_721_681_508_160_094_395_195_466_732_203_100_403,
    ),
    (
        r#"{"file":"{{ no }}.pdf"}"#,
        334_567_302_805_711_669_290_890_311_048_194_860_971,
    ),
];
