//! Parts one to five: every rule with what is just allowed and what is just refused.

use super::*;

#[test]
fn part_one_name_and_language() {
    let named = |name: &str| TemplateDefinition {
        name: name.into(),
        ..sound()
    };
    sound_is(named("a"));
    sound_is(named("promo_2026_07"));
    sound_is(named(&"a".repeat(512)));
    refused(
        named(&"a".repeat(513)),
        "name: it has 513 characters, at most 512",
    );
    refused(named(""), "name: it is empty");
    for (name, suggestion) in [
        ("Promo Juli", "promo_juli"),
        ("promo-juli", "promo_juli"),
        ("promo.é", "promo__"),
    ] {
        refused(
            named(name),
            &format!(
                "name: {name:?} has other characters than a-z, 0-9 and _: write {suggestion:?}"
            ),
        );
    }
    for (typed, name) in [
        ("promo", "promo"),
        ("promo juli", "promo_juli"),
        ("  Promo \t Juli\n", "promo_juli"),
        ("", ""),
    ] {
        assert_eq!(template_name(typed), name);
        let is_borrowed = matches!(template_name(typed), std::borrow::Cow::Borrowed(_));
        assert_eq!(is_borrowed, typed == name);
    }

    let language = |code: &str| TemplateDefinition {
        language: code.into(),
        ..sound()
    };
    for code in LANGUAGES {
        sound_is(language(code));
    }
    for (code, remedy) in [
        ("ID", "write id"),
        ("id_ID", "write id"),
        ("en-us", "write en_US"),
        ("xx", "write one like id or en_US"),
        ("", "write one like id or en_US"),
    ] {
        refused(
            language(code),
            &format!("language: {code:?} is no language code of Meta's: {remedy}"),
        );
    }
}

#[test]
fn part_one_authentication_is_a_body_and_a_footer() {
    let authentication = |template| TemplateDefinition {
        category: TemplateCategory::Authentication,
        ..template
    };
    sound_is(authentication(sound().with_footer("Berlaku 5 menit")));
    refused(
        authentication(header("Kode")),
        "header: a template for authentication has none",
    );
    refused(
        authentication(buttons(&[reply("Ya")])),
        "buttons: a template for authentication has none",
    );
}

#[test]
fn part_two_a_header_of_text() {
    sound_is(header(&"é".repeat(60)));
    refused(
        header(&"é".repeat(61)),
        "header: it has 61 characters, at most 60",
    );
    sound_is(exemplified(header("Tagihan {{1}}")));
    sound_is(exemplified(header("{{nama_toko}}")));
    refused(
        exemplified(header("{{1}} {{2}}")),
        "header: it has 2 variables, at most 1",
    );
    refused(
        exemplified(header("Tagihan {{2}}")),
        "header: the variable {{1}} is missing, the highest is {{2}}",
    );
    refused(header(" "), "header: it is empty");
    refused(header("a\nb"), "header: it must be one line");
    refused(
        header("Promo 🎉"),
        "header: it cannot have emoji: leave 🎉 out",
    );
    refused(header("a ❤"), "header: it cannot have emoji: leave ❤ out");
    for sign in ['*', '_', '~', '`'] {
        refused(
            header(&format!("a {sign}b")),
            &format!("header: it cannot be formatted, it is shown bold: leave {sign} out"),
        );
    }
    refused(
        header("Tagihan {1}}"),
        "header: \"Tagihan {1}}\" is not a variable",
    );
}

#[test]
fn part_two_a_header_of_media() {
    const MB: u64 = 1024 * 1024;
    let image = |source, bytes| sound().with_header(Header::Image(media(source, bytes, None)));
    for source in [
        "a.jpg",
        "a.JPEG",
        "promo/a.png",
        "https://x.example/a.png?v=2.gif",
    ] {
        sound_is(image(source, 5 * MB));
    }
    refused(
        image("a.png", 5 * MB + 1),
        "header: its file has 5242881 bytes, at most 5242880",
    );
    refused(image("a.png", 0), "header: it is empty");
    refused(image("", 1), "header: it is empty");
    for (source, found) in [
        ("a.gif", "gif"),
        ("a.webp", "webp"),
        ("png", ""),
        ("https://x.example/a?b.png", ""),
    ] {
        refused(
            image(source, 1),
            &format!("header: it ends in {found:?}, allowed are jpg, jpeg, png"),
        );
    }
    refused(
        image("ftp://x.example/a.png", 1),
        "header: `ftp:` cannot be fetched",
    );
    refused(
        image("{{1}}.png", 1),
        "header: it cannot have variables: write \"{{1}}.png\" out",
    );

    let video = |source, bytes, ms| sound().with_header(Header::Video(media(source, bytes, ms)));
    sound_is(video("a.mp4", 16 * MB, Some(30_000)));
    sound_is(video("a.3gp", 1, Some(1)));
    refused(
        video("a.mp4", 16 * MB + 1, Some(1)),
        "header: its file has 16777217 bytes, at most 16777216",
    );
    refused(
        video("a.mp4", 1, Some(30_001)),
        "header: its video plays 30001 ms, at most 30000",
    );
    refused(video("a.mp4", 1, None), "header: its video has no duration");
    refused(
        video("a.mov", 1, Some(1)),
        "header: it ends in \"mov\", allowed are mp4, 3gp",
    );

    let document =
        |source, bytes| sound().with_header(Header::Document(media(source, bytes, None)));
    sound_is(document("a.pdf", 100 * MB));
    refused(
        document("a.pdf", 100 * MB + 1),
        "header: its file has 104857601 bytes, at most 104857600",
    );
    refused(
        document("a.docx", 1),
        "header: it ends in \"docx\", allowed are pdf",
    );
}

#[test]
fn part_three_the_body() {
    sound_is(body(&"é".repeat(1024)));
    refused(
        body(&"é".repeat(1025)),
        "body: it has 1025 characters, at most 1024",
    );
    refused(body(""), "body: it is empty");
    refused(body("\n "), "body: it is empty");
    sound_is(body("Halo {{1}}, tagihan Anda {{2}} jatuh tempo"));
    sound_is(body("Halo {{nama}}, tagihan Anda {{total_2}} jatuh tempo"));
    sound_is(body("Nomor {{2}} atas nama {{1}} jatuh tempo besok"));
    sound_is(body("Halo {{1}}, apa kabar {{1}} hari ini, kami sapa"));
    sound_is(body("Halo Bapak Ibu {{1}}."));
    sound_is(body("Ini {% raw %} dan {# ini #} dan { itu }"));
    for (text, says) in [
        (
            "{{1}} ada tagihan baru",
            "body: it begins with the variable {{1}}",
        ),
        (
            " {{1}} ada tagihan baru",
            "body: it begins with the variable {{1}}",
        ),
        (
            "Ini tagihan Bapak {{1}}",
            "body: it ends with the variable {{1}}",
        ),
        (
            "Ini tagihan Bapak {{nama}} \n",
            "body: it ends with the variable {{nama}}",
        ),
        (
            "Halo {{1}}{{2}}, ini tagihan Anda bulan ini",
            "body: {{1}} and {{2}} stand side by side",
        ),
        (
            "Halo {{1}} \n{{2}}, ini tagihan Anda bulan ini",
            "body: {{1}} and {{2}} stand side by side",
        ),
        (
            "Halo {{1}}, tagihan Anda {{3}} jatuh tempo",
            "body: the variable {{2}} is missing, the highest is {{3}}",
        ),
        (
            "Halo {{2}}, tagihan Anda jatuh tempo",
            "body: the variable {{1}} is missing, the highest is {{2}}",
        ),
        (
            "Halo {{1}}, tagihan Anda {{total}} jatuh tempo",
            "body: {{1}} is numbered and {{total}} is named",
        ),
        (
            "Halo {{nama}}, tagihan Anda {{1}} jatuh tempo",
            "body: {{1}} is numbered and {{nama}} is named",
        ),
        (
            "Halo {{1}}, ini",
            "body: it has 2 words beside 1 variables, at least 3",
        ),
        (
            "Hi {{1}}, gate {{2}}. Thank you.",
            "body: it has 4 words beside 2 variables, at least 5",
        ),
        (
            "Halo {{ 1 }} ada tagihan",
            "body: \"{{ 1 }}\" is not a variable",
        ),
        ("Halo {{}} ada tagihan", "body: \"{{}}\" is not a variable"),
        (
            "Halo {{1} ada tagihan",
            "body: \"{{1} ada tagihan\" is not a variable",
        ),
        (
            "Halo 1}} ada tagihan",
            "body: \"Halo 1}} ada tag\" is not a variable",
        ),
        (
            "Halo {{Nama}} ada tagihan",
            "body: \"Nama\" is no name of a variable",
        ),
        (
            "Halo {{no#}} ada tagihan",
            "body: \"no#\" is no name of a variable",
        ),
        (
            "Halo {{1a}} ada tagihan",
            "body: \"1a\" is no name of a variable",
        ),
        (
            "Halo {{0}} ada tagihan",
            "body: \"0\" is no name of a variable",
        ),
        (
            "Halo {{no_a}}, tagihan Anda {{noa}} jatuh tempo",
            "body: {{no_a}} and {{noa}} would be one column",
        ),
    ] {
        refused(body(text), says);
    }
    let crossed = exemplified(header("Tagihan {{1}}").with_body("Halo Bapak {{nama}} di sana"));
    refused(crossed, "body: {{1}} is numbered and {{nama}} is named");
}

#[test]
fn part_three_a_hundred_variables() {
    let many = |variables: usize| {
        let words: String = (1..=variables)
            .map(|n| format!("a {{{{{n}}}}} b "))
            .collect();
        exemplified(sound().with_body(format!("{words}c")))
    };
    let only_length = |template: TemplateDefinition| {
        let mut faults = said(&template);
        faults.retain(|fault| !fault.contains("at most 1024"));
        faults
    };
    assert_eq!(only_length(many(100)), [""; 0]);
    assert_eq!(
        only_length(many(101)),
        ["body: it has 101 variables, at most 100 are allowed: write the others out"]
    );
}

#[test]
fn part_three_the_footer() {
    let footer = |text: &str| sound().with_footer(text);
    sound_is(footer(&"é".repeat(60)));
    sound_is(footer("Balas STOP_1 untuk berhenti {1}"));
    refused(
        footer(&"é".repeat(61)),
        "footer: it has 61 characters, at most 60",
    );
    refused(footer(" "), "footer: it is empty");
    refused(
        footer("Halo {{1}}"),
        "footer: it cannot have variables: write \"{{1}}\" out",
    );
    refused(footer("a\nb"), "footer: it must be one line");
    refused(
        footer("Salam 🙏"),
        "footer: it cannot have emoji: leave 🙏 out",
    );
}

#[test]
fn part_four_the_number_of_buttons() {
    let link = url("Lihat", "https://x.example");
    let call = phone("Telepon", "+6281234567890");
    sound_is(buttons(&[]));
    sound_is(buttons(&[link.clone(), call.clone()]));
    sound_is(buttons(&[link.clone(), link.clone()]));
    refused(
        buttons(&[link.clone(), link.clone(), call.clone()]),
        "buttons: 3 with a link or phone number, at most 2",
    );
    refused(
        buttons(&[call.clone(), call]),
        "buttons: 2 with a phone number, at most 1",
    );
    sound_is(buttons(&[reply("Ya"), reply("Tidak"), reply("Nanti")]));
    refused(
        buttons(&[reply("Ya"), reply("Tidak"), reply("Nanti"), reply("Lain")]),
        "buttons: 4 quick replies, at most 3",
    );
    refused(
        buttons(&[reply("Ya"), link]),
        "buttons: 1 with a link or phone number and 1 quick replies",
    );
    let twice = said(&buttons(&[reply("Ya"), reply("ya!")]));
    assert_eq!(twice, [""; 0], "the sign tells them apart");
    let twice = said(&buttons(&[reply("Ya"), reply("Tidak"), reply("ya")]));
    assert_eq!(twice.len(), 2);
    assert!(
        twice[1].starts_with("button 3: its label \"ya\" could mean another choice"),
        "{twice:?}"
    );
}

#[test]
fn part_four_labels_numbers_and_addresses() {
    sound_is(buttons(&[reply(&"é".repeat(20))]));
    refused(
        buttons(&[reply(&"é".repeat(21))]),
        "button 1: its label has 21 characters, at most 20",
    );
    for label in ["", " ", "a\nb", "Halo {{1}}"] {
        refused(
            buttons(&[reply(label)]),
            "button 1: its label must be plain text on one line, without variables",
        );
    }
    for number in [
        "+6281234567890",
        "+62 812-3456-7890",
        "+1 (650) 555-11-1122",
    ] {
        sound_is(buttons(&[phone("a", number)]));
    }
    refused(
        buttons(&[phone("a", "+1 (650) 555-11-11222")]),
        "button 1: it has 21 characters, at most 20",
    );
    for number in [
        "081234567890",
        "6281234567890",
        "+0812345678",
        "+62 {{1}}",
        "+62",
        "",
    ] {
        refused(
            buttons(&[phone("a", number)]),
            "button 1: its phone number must begin with + and the country code",
        );
    }
    let address = |address: &str| exemplified(buttons(&[url("a", address)]));
    let long = |chars: usize| {
        let start = "https://x.example/";
        format!("{start}{}", "a".repeat(chars - start.len()))
    };
    sound_is(address("https://x.example/a?b=1#c"));
    sound_is(address("https://x.example/{{1}}"));
    sound_is(address("https://x.example/?no={{nomor}}"));
    sound_is(address(&long(2_000)));
    refused(
        address(&long(2_001)),
        "button 1: it has 2001 characters, at most 2000",
    );
    for (text, says) in [
        ("http://x.example", "it must begin with https://"),
        ("ftp://x.example", "`ftp:` cannot be fetched"),
        (
            "x.example",
            "it cannot be used: an address begins with https://",
        ),
        ("", "it cannot be used"),
        ("https://", "it cannot be used"),
        (
            "https://x.example/{{1}}/a",
            "its address has the variable {{1}} before its end",
        ),
        ("https://x.example/{{2}}", "the variable {{1}} is missing"),
        ("https://x.example{{1}}", "a value would choose the server"),
        ("https://x.example/{{1", "\"{{1\" is not a variable"),
    ] {
        let faults = said(&address(text));
        assert!(
            faults.len() == 1 && faults[0].starts_with("button 1: ") && faults[0].contains(says),
            "{text}: {faults:#?}"
        );
    }
    let two = said(&address("https://x.example/{{1}}/{{2}}"));
    assert_eq!(two.len(), 2, "{two:?}");
    assert!(
        two[0].starts_with("button 1: it has 2 variables, at most 1"),
        "{two:?}"
    );
    let mut both = url("a", "https://x.example");
    both.phone = Some("+6281234567890".into());
    refused(buttons(&[both]), "button 1: give it either an address");
}

#[test]
fn part_five_an_example_for_every_variable() {
    let template = sound()
        .with_header(Header::Text {
            text: "Tagihan {{1}}".into(),
        })
        .with_body("Halo {{1}}, tagihan Anda {{2}} jatuh tempo")
        .with_button(url("Bayar", "https://x.example/{{1}}"));
    assert_eq!(
        said(&template),
        [
            "header: the variable {{1}} has no example: give one",
            "body: the variable {{1}} has no example: give one",
            "body: the variable {{2}} has no example: give one",
            "button 1: the variable {{1}} has no example: give one",
        ]
    );
    let full = exemplified(template);
    sound_is(full.clone());
    let with = |value: &str| {
        let mut template = full.clone();
        template.examples[1].value = value.into();
        template
    };
    sound_is(with("a    b"));
    for value in ["a     b", "a\nb", "a\tb"] {
        refused(
            with(value),
            "body: the example of {{1}} has a line break, a tab or more than 4 spaces",
        );
    }
    for value in ["", " "] {
        refused(with(value), "body: the variable {{1}} has no example");
    }
    refused(
        full.clone().with_example(Part::Body, "3", "a"),
        "body: there is an example of {{3}}, which does not occur",
    );
    refused(
        full.with_example(Part::Body, "2", "a"),
        "body: the variable {{2}} has several examples",
    );
    sound_is(sound());
}

#[test]
fn all_faults_are_told_at_once() {
    let template = TemplateDefinition::new("Promo Juli", "xx", TemplateCategory::Marketing)
        .with_header(Header::Text {
            text: "*a*\n".into(),
        })
        .with_body("{{1}}")
        .with_footer("{{1}}")
        .with_button(reply(""))
        .with_button(url("", "http://x.example"));
    let parts: Vec<Part> = template.faults().iter().map(|fault| fault.part).collect();
    assert_eq!(
        parts,
        [
            Part::Name,
            Part::Language,
            Part::Header,
            Part::Header,
            Part::Body,
            Part::Body,
            Part::Footer,
            Part::Buttons,
            Part::Button(1),
            Part::Button(2),
            Part::Button(2),
            Part::Body,
        ]
    );
}

#[test]
fn what_only_the_whole_message_shows_is_a_fault_too() {
    let below_an_image = |chars: usize| {
        sound()
            .with_header(Header::Image(media("a.png", 1, None)))
            .with_body("é".repeat(chars))
            .with_footer("é".repeat(20))
    };
    sound_is(below_an_image(1_000));
    refused(below_an_image(1_001), "body: with its examples: ");
}
