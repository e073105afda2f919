//! What a preview shows, and that its HTML is HTML whatever the message says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::message::MessageDefinition;

fn html_of(text: &str) -> String {
    let mut html = Html::new();
    formatting::write(&mut html, text);
    html.finish()
}

#[test]
fn signs_are_shown_as_the_applications_show_them() {
    for (text, html) in [
        ("Halo", "Halo"),
        ("*tebal*", "<b>tebal</b>"),
        ("_miring_", "<i>miring</i>"),
        ("~coret~", "<s>coret</s>"),
        ("`kode`", "<code>kode</code>"),
        ("a ```tetap``` b", "a <code>tetap</code> b"),
        ("```a\n  b```", "<pre class=\"wa-mono\">a\n  b</pre>"),
        (
            "x\n```\na\n*b*\n```\ny",
            "x<pre class=\"wa-mono\">a\n*b*</pre>y",
        ),
        ("*_a_ b*", "<b><i>a</i> b</b>"),
        ("_*~a~*_", "<i><b><s>a</s></b></i>"),
        ("`*a*`", "<code>*a*</code>"),
        ("*a* dan *b*", "<b>a</b> dan <b>b</b>"),
        ("(*a*), *b*.", "(<b>a</b>), <b>b</b>."),
        ("a\nb", "a<br>b"),
        ("a\r\n\r\nb", "a<br><br>b"),
        // Signs that stay signs.
        ("2*3*4", "2*3*4"),
        ("no_invoice_7", "no_invoice_7"),
        ("* a*", "<ul><li>a*</li></ul>"),
        ("*a *", "*a *"),
        ("*a\nb*", "*a<br>b*"),
        ("**", "**"),
        ("****", "****"),
        ("*a_b*", "<b>a_b</b>"),
        ("``", "``"),
        ("``` ```", "``` ```"),
        ("~ 5 ~", "~ 5 ~"),
        // Lists and quotations.
        ("* a\n* b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n- *b*\nc", "<ul><li>a</li><li><b>b</b></li></ul>c"),
        (
            "Pilih:\n1. Ya\n2. Tidak\nBalas.",
            "Pilih:<ol><li value=\"1\">Ya</li><li value=\"2\">Tidak</li></ol>Balas.",
        ),
        ("> a\n> b\n\nc", "<blockquote>a<br>b</blockquote><br>c"),
        (">a", "&gt;a"),
        ("1.5 kg", "1.5 kg"),
        ("2026. a", "2026. a"),
        ("-a", "-a"),
        // Links.
        (
            "Bayar: https://x.example/a_b_c?d=1&e=2.",
            "Bayar: <a href=\"https://x.example/a_b_c?d=1&amp;e=2\" rel=\"nofollow noopener noreferrer\">https://x.example/a_b_c?d=1&amp;e=2</a>.",
        ),
        (
            "*HTTP://x.example*",
            "<b><a href=\"http://x.example/\" rel=\"nofollow noopener noreferrer\">HTTP://x.example</a></b>",
        ),
        ("https://", "https://"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("ftp://x.example", "ftp://x.example"),
        ("xhttps://x.example", "xhttps://x.example"),
        // What is escaped.
        (
            "<script>alert('x')</script>",
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;",
        ),
        (
            "*<b onclick=\"x\">*",
            "<b>&lt;b onclick=&quot;x&quot;&gt;</b>",
        ),
        (
            "https://x.example/\"onclick=\"x",
            "<a href=\"https://x.example/\" rel=\"nofollow noopener noreferrer\">https://x.example/</a>&quot;onclick=&quot;x",
        ),
        (
            "https://x.example/'onclick='x",
            "<a href=\"https://x.example/&#39;onclick=&#39;x\" rel=\"nofollow noopener noreferrer\">https://x.example/&#39;onclick=&#39;x</a>",
        ),
        ("a\u{0}b\u{7f}", "a\u{fffd}b\u{fffd}"),
    ] {
        assert_eq!(html_of(text), html, "{text:?}");
    }
}

#[test]
fn a_preview_is_the_whole_message_and_says_that_buttons_are_lines() {
    let definition = MessageDefinition::image("https://toko.example/promo.png?a=1&b=2")
        .with_text("Halo *{{ nama }}*,\n> promo <hari ini>")
        .with_url_button("Lihat", "https://toko.example/{{ kode }}")
        .with_reply_button("Mau")
        .with_reply_button("Tidak");
    let message = MessageTemplate::parse(definition).unwrap();
    let values = [("nama", "Budi"), ("kode", "A 7")];
    let preview = message.full_preview(&values).unwrap();
    assert_eq!(preview.message(), &message.render(&values).unwrap());
    assert_eq!(
        preview.text(),
        "[image: https://toko.example/promo.png?a=1&b=2]
Halo *Budi*,
> promo <hari ini>

Lihat: https://toko.example/A%207

1. Mau
2. Tidak
Balas dengan nomor atau kata pilihan Anda.

(Tombol tiba sebagai baris teks: WhatsApp tidak menampilkan tombol dari nomor yang ditautkan.)"
    );
    assert_eq!(
        preview.html(),
        "<div class=\"wa-message\"><div class=\"wa-media\">image: <a href=\"https://toko.example/promo.png?a=1&amp;b=2\" rel=\"nofollow noopener noreferrer\">https://toko.example/promo.png?a=1&amp;b=2</a></div>\
         <div class=\"wa-text\">Halo <b>Budi</b>,<blockquote>promo &lt;hari ini&gt;</blockquote><br>Lihat: <a href=\"https://toko.example/A%207\" rel=\"nofollow noopener noreferrer\">https://toko.example/A%207</a><br>\
         <ol><li value=\"1\">Mau</li><li value=\"2\">Tidak</li></ol>Balas dengan nomor atau kata pilihan Anda.</div>\
         <div class=\"wa-remark\">Tombol tiba sebagai baris teks: WhatsApp tidak menampilkan tombol dari nomor yang ditautkan.</div></div>"
    );

    let file = MessageTemplate::parse(MessageDefinition::file("a/<7>.pdf")).unwrap();
    let preview = file.full_preview(&values).unwrap();
    assert_eq!(preview.remark(), None);
    assert_eq!(preview.text(), "[file: a/<7>.pdf]");
    assert_eq!(
        preview.html(),
        "<div class=\"wa-message\"><div class=\"wa-media\">file: a/&lt;7&gt;.pdf</div></div>"
    );
    let english = MessageDefinition::text("a")
        .with_phone_button("Call", "+6281234567890")
        .with_language(Language::English);
    let english = MessageTemplate::parse(english).unwrap();
    let remark = english.full_preview(&values).unwrap().text();
    assert!(
        remark.ends_with(
            "\n\n(Buttons arrive as lines of text: WhatsApp shows no buttons from a linked number.)"
        ),
        "{remark}"
    );
}

#[test]
fn a_text_of_nothing_but_signs_is_read_in_one_go() {
    // Quadratic reading of these would take minutes.
    for sign in [
        "*a ", "_", "`", "```", "*_~` ", "*a_b~c `", "> ", "https://",
    ] {
        let text = sign.repeat(65_536 / sign.len());
        assert!(html_of(&text).len() >= text.len() / 2, "{sign}");
    }
}

/// The text between tags, or what is wrong with the tags.
fn text_of(html: &str) -> Result<String, String> {
    const TAGS: [&str; 12] = [
        "div",
        "pre",
        "code",
        "b",
        "i",
        "s",
        "a",
        "ul",
        "ol",
        "li",
        "blockquote",
        "br",
    ];
    let mut open: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        if c == '<' {
            let (tag, after) = rest[1..].split_once('>').ok_or("a tag without an end")?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("</{name}> closes nothing"));
                }
                continue;
            }
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            if !TAGS.contains(&name) {
                return Err(format!("<{name}>"));
            }
            let parts: Vec<&str> = attributes.split('"').collect();
            for pair in parts.chunks(2) {
                match pair {
                    [name, value] => match (name.trim().trim_end_matches('='), value) {
                        ("class", value) if value.starts_with("wa-") => {}
                        ("rel", _) | ("value", _) => {}
                        ("href", value)
                            if value.starts_with("http://") || value.starts_with("https://") => {}
                        other => return Err(format!("{other:?}")),
                    },
                    [""] => {}
                    other => return Err(format!("{other:?}")),
                }
            }
            if attributes.contains('<') {
                return Err(attributes.to_owned());
            }
            match name {
                "br" => text.push('\n'),
                name => open.push(name),
            }
        } else if c == '&' {
            let (entity, after) = rest[1..].split_once(';').ok_or("a bare &")?;
            text.push(match entity {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "#39" => '\'',
                other => return Err(format!("&{other};")),
            });
            rest = after;
        } else if matches!(c, '>' | '"' | '\'') {
            return Err(format!("{c:?} in text"));
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if open.is_empty() {
        Ok(text)
    } else {
        Err(format!("never closed: {open:?}"))
    }
}

fn message_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[*_~`<>&\"'a-c0-9. \n-]{0,60}",
        proptest::collection::vec(
            prop_oneof![
                Just("```"),
                Just("*"),
                Just("_"),
                Just("~"),
                Just("`"),
                Just("\n"),
                Just("> "),
                Just("- "),
                Just("1. "),
                Just("https://x.example/"),
                Just("http://"),
                Just("<script>"),
                Just("&amp;"),
                Just("\""),
                Just("'"),
                Just("a"),
                Just(" "),
                Just("é"),
                Just("\u{202e}"),
                Just("\0")
            ],
            0..40
        )
        .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, ..ProptestConfig::default() })]

    #[test]
    fn html_is_well_formed_and_loses_no_letter(text in message_text(), place in message_text()) {
        let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphabetic()).collect() };
        let shown = text_of(&html_of(&text));
        prop_assert_eq!(shown.map(|shown| letters(&shown)), Ok(letters(&text)));
        for media in [MediaSource::Url(place.clone()), MediaSource::Path(place.into())] {
            let preview = Preview { message: RenderedMessage::image(media, text.clone()), remark: Some("a") };
            let whole = text_of(&preview.html());
            prop_assert!(whole.is_ok(), "{:?}", whole);
        }
    }
}
