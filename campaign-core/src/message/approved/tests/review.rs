//! Part six: the review, and the message that an approved template becomes.

use super::*;
use crate::message::MessageKind;
use crate::template::same_name;

#[test]
fn part_six_the_only_moves_of_the_review() {
    type Move = fn(&mut ReviewedTemplate) -> Result<(), ReviewError>;
    let moves: [(&str, Move); 4] = [
        ("edited", |t| t.edit(t.definition().clone())),
        ("submitted", ReviewedTemplate::submit),
        ("approved", ReviewedTemplate::approve),
        ("rejected", |t| t.reject("salah")),
    ];
    let pending = || {
        let mut template = ReviewedTemplate::draft(sound());
        template.submit().unwrap();
        template
    };
    let approved = || {
        let mut template = pending();
        template.approve().unwrap();
        template
    };
    let rejected = || {
        let mut template = pending();
        template.reject("salah").unwrap();
        template
    };
    let reason = || Review::Rejected {
        reason: "salah".into(),
    };
    let no = None::<Review>;
    for (template, after) in [
        (
            ReviewedTemplate::draft(sound()),
            [
                Some(Review::Draft),
                Some(Review::Pending),
                no.clone(),
                no.clone(),
            ],
        ),
        (
            pending(),
            [
                no.clone(),
                no.clone(),
                Some(Review::Approved),
                Some(reason()),
            ],
        ),
        (approved(), [no.clone(), no.clone(), no.clone(), no.clone()]),
        (
            rejected(),
            [
                Some(reason()),
                Some(Review::Pending),
                no.clone(),
                no.clone(),
            ],
        ),
    ] {
        for ((verb, step), after) in moves.iter().zip(after) {
            let mut moved = template.clone();
            let answer = step(&mut moved);
            let review = template.review().clone();
            match after {
                Some(after) => assert_eq!((answer, moved.review()), (Ok(()), &after), "{verb}"),
                None => {
                    assert_eq!(answer, Err(ReviewError::Move { review, verb }));
                    assert_eq!(moved, template);
                }
            }
        }
    }
}

#[test]
fn name_and_language_are_fixed_once_submitted() {
    let mut template = ReviewedTemplate::draft(sound());
    let renamed = TemplateDefinition {
        name: "lain".into(),
        ..sound()
    };
    template.edit(renamed.clone()).unwrap();
    template.submit().unwrap();
    assert_eq!(template.reject(" "), Err(ReviewError::NoReason));
    template.reject("kurang jelas").unwrap();
    assert_eq!(template.edit(sound()), Err(ReviewError::NameFixed));
    let translated = TemplateDefinition {
        language: "en".into(),
        ..renamed.clone()
    };
    assert_eq!(template.edit(translated), Err(ReviewError::NameFixed));

    template.edit(renamed.clone().with_body("")).unwrap();
    let faults = template.submit().unwrap_err();
    assert_eq!(
        faults.to_string(),
        "the template has faults:\nbody: it is empty: write it"
    );
    assert!(matches!(template.review(), Review::Rejected { .. }));
    template
        .edit(renamed.with_body("Diskon 20% hanya untuk hari ini"))
        .unwrap();
    template.submit().unwrap();
    assert_eq!(template.review(), &Review::Pending);
}

fn invoice() -> TemplateDefinition {
    TemplateDefinition::new("tagihan", "id", TemplateCategory::Utility)
        .with_header(Header::Text {
            text: "Tagihan {{1}}".into(),
        })
        .with_body("Halo {{1}},\ntagihan Anda sebesar *{{2}}* jatuh tempo {{3}} nanti.")
        .with_footer("PT Contoh & Anak")
        .with_button(url("Bayar", "https://bayar.example/{{1}}"))
        .with_button(phone("Tanya kami", "+62 812-3456-7890"))
        .with_example(Part::Header, "1", "November")
        .with_example(Part::Body, "1", "Budi <b>")
        .with_example(Part::Body, "2", "Rp250.000")
        .with_example(Part::Body, "3", "30 November")
        .with_example(Part::Button(1), "1", "INV/7")
}

#[test]
fn a_preview_shows_all_parts_with_the_examples() {
    let preview = invoice().preview().unwrap();
    assert_eq!(
        preview.text(),
        "*Tagihan November*

Halo Budi <b>,
tagihan Anda sebesar *Rp250.000* jatuh tempo 30 November nanti.

_PT Contoh & Anak_

Bayar: https://bayar.example/INV%2F7
Tanya kami: +6281234567890

(Tombol tiba sebagai baris teks: WhatsApp tidak menampilkan tombol dari nomor yang ditautkan.)"
    );
    assert_eq!(
        preview.html(),
        "<div class=\"wa-message\"><div class=\"wa-text\"><b>Tagihan November</b><br><br>\
         Halo Budi &lt;b&gt;,<br>tagihan Anda sebesar <b>Rp250.000</b> jatuh tempo 30 November nanti.<br><br>\
         <i>PT Contoh &amp; Anak</i><br><br>\
         Bayar: <a href=\"https://bayar.example/INV%2F7\" rel=\"nofollow noopener noreferrer\">https://bayar.example/INV%2F7</a><br>\
         Tanya kami: +6281234567890</div>\
         <div class=\"wa-remark\">Tombol tiba sebagai baris teks: WhatsApp tidak menampilkan tombol dari nomor yang ditautkan.</div></div>"
    );
}

#[test]
fn an_approved_template_becomes_a_message_and_no_other_does() {
    for template in [ReviewedTemplate::draft(invoice()), {
        let mut pending = ReviewedTemplate::draft(invoice());
        pending.submit().unwrap();
        pending
    }] {
        let review = template.review().clone();
        assert_eq!(
            template.message(),
            Err(ConversionError::NotApproved { review })
        );
    }
    let message = approved(invoice()).message().unwrap();
    assert_eq!(
        message.text.as_deref(),
        Some(
            "*Tagihan {{ var1 }}*\n\nHalo {{ var2 }},\ntagihan Anda sebesar *{{ var3 }}* jatuh tempo {{ var4 }} nanti.\n\n_PT Contoh & Anak_"
        )
    );
    assert_eq!(
        message.buttons[0].url.as_deref(),
        Some("https://bayar.example/{{ var5 }}")
    );
    let bound = MessageTemplate::parse(message)
        .unwrap()
        .bind(&[
            "contacts_name",
            "phone_number",
            "var1",
            "var2",
            "var3",
            "var4",
            "var5",
        ])
        .unwrap();
    let row = ["Budi", "0812", "Mei", "Budi", "Rp1", "besok", "7"];
    assert!(
        bound
            .render(&row)
            .unwrap()
            .text
            .starts_with("*Tagihan Mei*\n\nHalo Budi,\n")
    );

    let mapped = approved(invoice())
        .message_with(|variable| match (variable.part, variable.name.as_str()) {
            (Part::Body, "1") => Some("Nama Pelanggan".into()),
            (Part::Body, "2") => Some("in".into()),
            (Part::Button(1), _) => Some("No. Invoice".into()),
            _ => None,
        })
        .unwrap();
    let variables = MessageTemplate::parse(mapped).unwrap();
    let variables = variables.variables();
    for (variable, column) in
        variables
            .iter()
            .zip(["var1", "Nama Pelanggan", "in", "var4", "No. Invoice"])
    {
        assert!(same_name(variable, column), "{variable} {column}");
    }
    let error = approved(invoice())
        .message_with(|_| Some("…".into()))
        .unwrap_err();
    assert!(
        matches!(
            error,
            ConversionError::Column {
                part: Part::Header,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_header_s_file_is_sent_as_image_or_file() {
    for (header, kind) in [
        (
            Header::Image(media("a {%.png", 1, None)),
            MessageKind::Image,
        ),
        (Header::Video(media("a.mp4", 1, Some(1))), MessageKind::File),
        (
            Header::Document(media("https://x.example/a.pdf", 1, None)),
            MessageKind::File,
        ),
    ] {
        let message = approved(sound().with_header(header)).message().unwrap();
        assert_eq!(MessageTemplate::parse(message).unwrap().kind(), kind);
    }
}

#[test]
fn replies_are_told_in_the_language_of_the_template() {
    for (language, says) in [
        ("id", "Balas dengan"),
        ("en_US", "Reply with"),
        ("fr", "Reply with"),
    ] {
        let template = TemplateDefinition {
            language: language.into(),
            ..buttons(&[reply("1 x"), reply("Nanti")])
        };
        let text = template.preview().unwrap().text();
        assert!(text.contains("\n\n1. 1 x\n2. Nanti\n"), "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn json_is_read_back() {
    let mut template = ReviewedTemplate::draft(invoice());
    template.submit().unwrap();
    template.reject("salah").unwrap();
    let json = serde_json::to_value(&template).unwrap();
    assert_eq!(
        json["review"],
        serde_json::json!({"state": "rejected", "reason": "salah"})
    );
    assert_eq!(json["definition"]["category"], "UTILITY");
    assert_eq!(json["definition"]["header"]["format"], "TEXT");
    assert_eq!(json["definition"]["examples"][4]["part"], "button 1");
    assert_eq!(
        serde_json::from_value::<ReviewedTemplate>(json).unwrap(),
        template
    );
    let image = Header::Image(media("a.png", 7, None));
    let json = serde_json::to_string(&image).unwrap();
    assert_eq!(json, r#"{"format":"IMAGE","source":"a.png","bytes":7}"#);
    assert_eq!(serde_json::from_str::<Header>(&json).unwrap(), image);
    for part in ["button 0", "button", "button 256", "Body", ""] {
        assert!(part.parse::<Part>().is_err(), "{part}");
    }
    assert!(
        serde_json::from_str::<TemplateDefinition>(
            r#"{"name":"a","language":"id","category":"UTILITY","body":"a","bodi":"b"}"#
        )
        .is_err()
    );
}
