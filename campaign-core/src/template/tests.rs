//! The two engines against each other, and what no template may do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

const ROW: [(&str, &str); 8] = [
    ("Nama", "budi santoso"),
    ("Nama Pelanggan", "PT Maju"),
    ("Total", "250000"),
    ("Jatuh Tempo", "2026-11-21"),
    ("No. HP", "6281234567890"),
    ("Alamat", "  "),
    ("1", "satu"),
    ("Größe", "xl"),
];

fn rendered(source: &str) -> String {
    Template::parse(source)
        .unwrap_or_else(|error| panic!("{source}\n{error}"))
        .render(&ROW)
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn refused(source: &str) -> TemplateError {
    match Template::parse(source) {
        Ok(_) => panic!("accepted: {source}"),
        Err(error) => error,
    }
}

/// The template run by minijinja although segments would do.
fn through_logic(source: &str) -> Result<Template, TemplateError> {
    let blocks = tokens::blocks(source)?;
    let (logic, variables) = Logic::compile(source, &blocks)?;
    Ok(Template::new(
        source,
        Engine::Logic(Box::new(logic)),
        variables,
    ))
}

#[test]
fn variables_and_filters_compile_to_segments() {
    for (source, text) in [
        ("Halo {{nama}}!", "Halo budi santoso!"),
        ("{{ NAMA }}", "budi santoso"),
        ("{{ nama pelanggan }}", "PT Maju"),
        ("{{nama_pelanggan}}", "PT Maju"),
        ("{{ no hp | phone }}", "+62 812-3456-7890"),
        ("{{ no_hp | phone(\"lokal\") }}", "0812-3456-7890"),
        (
            "?x={{ jatuh tempo | urlencode }}{{größe|upper|urlencode}}",
            "?x=2026-11-21XL",
        ),
        ("{{ nama | urlencode }}", "budi%20santoso"),
        ("{{1}} {{ 1 | upper }}", "satu SATU"),
        ("{{ größe | upper }}", "XL"),
        ("{{ total | rupiah }}", "Rp250.000"),
        ("{{ jatuh tempo | date }}", "21 November 2026"),
        ("{{ jatuh_tempo|date('full') }}", "Sabtu, 21 November 2026"),
        ("{{ alamat | default(\"-\") }}", "-"),
        (
            "{{ alamat | title | default('kota anda') | title }}",
            "Kota Anda",
        ),
        ("{{ nama\n | title }}", "Budi Santoso"),
        ("{{ \"{{\" }} nama }}", "{{ nama }}"),
        ("a { b } }} % # 100%\r\n", "a { b } }} % # 100%\r\n"),
        ("", ""),
        ("{", "{"),
    ] {
        assert!(!Template::parse(source).unwrap().has_logic(), "{source}");
        assert_eq!(rendered(source), text, "{source}");
        assert_eq!(
            through_logic(source).unwrap().render(&ROW).as_deref(),
            Ok(text),
            "{source}"
        );
    }
}

#[test]
fn logic_goes_to_minijinja() {
    for (source, text) in [
        ("{% if alamat %}ya{% else %}tidak{% endif %}", "tidak"),
        (
            "{% if nama_pelanggan %}{{ nama pelanggan }}{% endif %}",
            "PT Maju",
        ),
        ("{% if _1 == \"satu\" %}{{1}}{% endif %}", "satu"),
        ("{% if größe %}{{ Größe | upper }}{% endif %}", "XL"),
        ("{% if total | int > 100000 %}besar{% endif %}", "besar"),
        ("{{ alamat or \"tanpa alamat\" }}", "tanpa alamat"),
        (
            "{% for w in nama | split %}[{{ w | title }}]{% endfor %}",
            "[Budi][Santoso]",
        ),
        ("{% set n = nama | title %}{{ n }}", "Budi Santoso"),
        ("{{ nama | replace(\"budi\", \"adi\") }}", "adi santoso"),
        ("{{- nama -}}  !", "budi santoso!"),
        ("{# catatan #}Halo", "Halo"),
        ("{% raw %}{{ nama }}{% endraw %}", "{{ nama }}"),
        ("{% raw %}{%{%%}{% x %}{%- endraw -%}  !", "{%{%%}{% x %}!"),
        ("{% if nama %}\nya\n{% endif %}\nakhir\n", "ya\nakhir\n"),
        ("{{ nama if alamat is defined else \"-\" }}", "-"),
        ("{% if nama is startingwith(\"budi\") %}ya{% endif %}", "ya"),
        ("{{ nama | split | length }}", "2"),
        ("{{ nama | split | first }}", "budi"),
    ] {
        assert!(Template::parse(source).unwrap().has_logic(), "{source}");
        assert_eq!(rendered(source), text, "{source}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_remedy() {
    for (source, line, column, says) in [
        ("Halo {{ nama", 1, 6, "`{{` is never closed"),
        ("Halo {{ nama }", 1, 6, "`{{` is never closed"),
        ("a\n{{nama dan {{total}}", 2, 1, "`{{` is never closed"),
        ("{% if nama %", 1, 1, "`{%` is never closed"),
        ("{# x", 1, 1, "`{#` is never closed"),
        ("{% raw %}{{", 1, 1, "`{% raw %}` is never closed"),
        ("{{ nama | default(\"x) }}", 1, 19, "`\"` is never closed"),
        ("{{ }}", 1, 1, "no variable between"),
        ("a\nb {{ total | rupia }}", 2, 14, "Did you mean `rupiah`?"),
        ("{{ x | zzz }}", 1, 8, "The filters are rupiah"),
        (
            "{% if x | zzz %}{% endif %}",
            1,
            11,
            "The filters are rupiah",
        ),
        ("{{ x | date(\"kemarin\") }}", 1, 8, "long (panjang)"),
        (
            "{% if x %}{{ x | date(\"kemarin\") }}{% endif %}",
            1,
            18,
            "long (panjang)",
        ),
        ("{{ x | date: \"long\" }}", 1, 8, "Write `date(\"long\")`"),
        ("{{ x | default }}", 1, 8, "default(\"pelanggan\")"),
        ("{{ x | upper(\"a\") }}", 1, 8, "takes no argument"),
        ("{{ x | default(“a”) }}", 1, 16, "straight quotes"),
        ("{{{ nama }}}", 1, 3, "maps"),
        ("{{ harga * 2 }}", 1, 10, "Calculate in the spreadsheet"),
        ("{{ a ~ b }}", 1, 6, "beside each other"),
        ("{{ range(5) }}", 1, 4, "functions"),
        ("{{ nama.upper() }}", 1, 9, "functions"),
        ("{{ nama[0:4] }}", 1, 10, "parts of a text"),
        ("{% include \"x\" %}", 1, 1, "the tag `include`"),
        ("{% macro m() %}{% endmacro %}", 1, 1, "the tag `macro`"),
        ("{% set x %}a{% endset %}", 1, 1, "`set` around a block"),
        ("{% for x in [1, 2] %}{% endfor %}", 1, 13, "lists here"),
        ("{% if x is prime %}{% endif %}", 1, 12, "the test `prime`"),
        ("{{1}}{% if 1 %}{% endif %}", 1, 12, "Write `_1`"),
        ("{% if nama %}ya", 1, 14, "expected end of block"),
        ("ä {{ nama nama ! }}", 1, 11, "unexpected"),
        ("{{ nama || upper }}", 1, 10, "unexpected"),
    ] {
        let error = refused(source);
        assert!(error.to_string().contains(says), "{source}\n{error}");
        assert_eq!(
            (error.line(), error.column()),
            (line, column),
            "{source}\n{error}"
        );
    }
}

#[test]
fn the_caret_stands_under_the_fault_in_long_lines_too() {
    let source = format!(
        "{} {{{{ x | rupia }}}} {}",
        "é".repeat(300),
        "z".repeat(300)
    );
    let text = refused(&source).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    let under: String = lines[1].chars().skip(caret).take(5).collect();
    assert_eq!(under, "rupia");
    assert!(lines[1].chars().count() < 110, "{text}");
}

#[test]
fn variables_are_listed_once_in_order() {
    for (source, names) in [
        ("{{ b }} {{ a }} {{ B }}", vec!["b", "a"]),
        ("{{ no hp }}{{ No_HP }}", vec!["no hp"]),
        ("{{1}}{{2}}{{1}}", vec!["1", "2"]),
        (
            "{% for x in items | split %}{{ x }}{{ loop.index }}{% endfor %}{% if Z %}{{1}}{% endif %}",
            vec!["items", "Z", "1"],
        ),
        ("teks", vec![]),
    ] {
        let template = Template::parse(source).unwrap();
        assert_eq!(template.variables().collect::<Vec<_>>(), names, "{source}");
    }
}

#[test]
fn binding_finds_columns_and_names_what_is_missing() {
    let headers = ["No. HP", "Nama Pelanggan", "total", "Total"];
    let bind = |source: &str| Template::parse(source).unwrap().bind(&headers);
    assert_eq!(
        bind("{{nama_pelanggan}} {{ NO HP }}").unwrap().columns(),
        [1, 0]
    );
    assert_eq!(bind("{{ total }}{{ no hp }}").unwrap().columns(), [2, 0]);

    let error = bind("Halo\n  {{ nama }}").unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 6));
    assert_eq!(error.remedy(), "Did you mean `Nama Pelanggan`?");

    let error = bind("{{ xyz }}").unwrap_err();
    assert_eq!(
        error.remedy(),
        "The columns are: No. HP, Nama Pelanggan, total, Total."
    );

    let error = bind("{{ TOTAL }}").unwrap_err();
    assert!(
        matches!(error.kind(), TemplateErrorKind::AmbiguousVariable { columns, .. } if columns.len() == 2)
    );

    let error = bind("{% if nam %}{{ no hp }}{% endif %}").unwrap_err();
    assert_eq!((error.line(), error.column()), (1, 7));
}

#[test]
fn a_missing_value_is_an_error_that_names_it_in_both_engines() {
    for source in [
        "{{ nama }} {{ Alamat }}",
        "{{ kota }}",
        "{{ alamat | upper | title }}",
        "{{ alamat | rupiah }}",
    ] {
        let name = if source.contains("kota") {
            "kota"
        } else {
            "lamat"
        };
        for template in [
            Template::parse(source).unwrap(),
            through_logic(source).unwrap(),
        ] {
            let error = template.render(&ROW).unwrap_err();
            assert!(error.is_missing(), "{source}: {error}");
            assert!(
                error.variable().unwrap().ends_with(name),
                "{source}: {error}"
            );
        }
    }
    let source = "{% if nama %}{{ kota | default(\"\") }}{{ alamat }}{% endif %}";
    let error = Template::parse(source).unwrap().render(&ROW).unwrap_err();
    assert_eq!(error.variable(), Some("alamat"));
}

#[test]
fn a_refused_value_is_named_with_its_filter_and_remedy_in_both_engines() {
    let source = "Tagihan {{ nilai | rupiah }}";
    for template in [
        Template::parse(source).unwrap(),
        through_logic(source).unwrap(),
    ] {
        let error = template.render(&[("Nilai", "1,234")]).unwrap_err();
        let RenderError::Filter {
            variable,
            value,
            filter,
            fault,
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(
            (variable.as_str(), value.as_str(), *filter),
            ("nilai", "1,234", "rupiah")
        );
        assert_eq!(fault.readings().len(), 2);
        assert!(error.to_string().contains("250.000"), "{error}");
    }
}

#[test]
fn values_are_never_read_as_template() {
    let nasty = "{{ total }}{% if x %}{{1}}{# #}{{ 7*7 }}";
    for source in [
        "{{ nama }}",
        "{{ nama | default(\"x\") }}",
        "{% if nama %}{{ nama }}{% endif %}",
    ] {
        let template = Template::parse(source).unwrap();
        let text = template
            .render(&[("nama", nasty), ("total", "9"), ("1", "8")])
            .unwrap();
        assert_eq!(text, nasty, "{source}");
    }
}

#[test]
fn values_are_not_escaped() {
    for source in ["{{ nama }}", "{% if nama %}{{ nama }}{% endif %}"] {
        let text = Template::parse(source)
            .unwrap()
            .render(&[("nama", "A & <b> \"c\" 'd'")])
            .unwrap();
        assert_eq!(text, "A & <b> \"c\" 'd'");
    }
}

#[test]
fn the_output_is_bounded_and_an_error_leaves_the_buffer_alone() {
    let long = "x".repeat(1_000);
    for source in ["{{ a }}{{ a }}", "{% if a %}{{ a }}{{ a }}{% endif %}"] {
        let template = Template::parse(source).unwrap();
        let mut out = "before".to_owned();
        let values = [("a", long.as_str())];
        let error = template.render_into(&values, &mut out, 1_999).unwrap_err();
        assert!(matches!(error, RenderError::TooLarge { .. }), "{error}");
        assert_eq!(out, "before");
        template.render_into(&values, &mut out, 2_000).unwrap();
        assert_eq!(out.len(), 2_006);
    }
}

#[test]
fn other_programs_notations_are_pointed_out() {
    let template = Template::parse(
        "Halo {nama}, [No HP] <b>%total%</b> {{ nama }} {lunas} {% if nama %}{ Nama }{% endif %} 5% 10%",
    )
    .unwrap();
    assert_eq!(
        template.lookalikes(&["Nama", "No. HP", "Total"]),
        ["{nama}", "[No HP]", "%total%", "{ Nama }"]
    );
}

#[test]
fn loops_run_out_of_fuel() {
    let source = "{% for a in t %}{% for b in t %}{% for c in t %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}{% endfor %}"
        .replace(" in t", " in t | split(\",\")");
    let many = "a,".repeat(500);
    let error = Template::parse(&source)
        .unwrap()
        .render(&[("t", many)])
        .unwrap_err();
    assert_eq!(error, RenderError::TooMuchWork);
}

#[test]
fn filters_run_out_of_work() {
    let text = "b".repeat(60_000);
    for filters in [
        "upper",
        "replace(\"b\", \"c\")",
        "urlencode",
        "default(\"x\")",
        "trim",
    ] {
        let source =
            format!("{{% for x in t | split(\",\") %}}{{% set y = u | {filters} %}}{{% endfor %}}");
        let row = [("t", "a,".repeat(100)), ("u", text.clone())];
        let error = Template::parse(&source).unwrap().render(&row).unwrap_err();
        assert_eq!(error, RenderError::TooMuchWork, "{filters}");
    }
}

#[test]
fn filters_cannot_blow_a_text_up() {
    let source = format!(
        "{{% set a = t{} %}}{{{{ a | length }}}}",
        " | replace(\"x\", \"xxxxxxxxxxxxxxxx\")".repeat(12)
    );
    let error = Template::parse(&source)
        .unwrap()
        .render(&[("t", "xxxx")])
        .unwrap_err();
    assert!(
        matches!(&error, RenderError::Logic { why } if why.contains("replace")),
        "{error}"
    );
}

#[test]
fn nesting_is_refused_or_rendered_but_never_overflows() {
    for source in [
        format!("{{{{ {}x{} }}}}", "(".repeat(5_000), ")".repeat(5_000)),
        format!(
            "{}{}",
            "{% if x %}".repeat(5_000),
            "{% endif %}".repeat(5_000)
        ),
        format!("{{{{ x{} }}}}", " | upper".repeat(5_000)),
        format!("{{{{ {}x }}}}", "not ".repeat(5_000)),
    ] {
        if let Ok(template) = Template::parse(&source) {
            let _ = template.render(&[("x", "a")]);
        }
    }
}

#[test]
fn a_template_is_its_text_in_json() {
    let template = Template::parse("Halo {{ nama }}").unwrap();
    let json = serde_json::to_string(&template).unwrap();
    assert_eq!(json, "\"Halo {{ nama }}\"");
    assert_eq!(serde_json::from_str::<Template>(&json).unwrap(), template);
    let error = serde_json::from_str::<Template>("\"{{ x | rupia }}\"").unwrap_err();
    assert!(
        error.to_string().contains("Did you mean `rupiah`"),
        "{error}"
    );
}

/// Templates that both engines can run, made of pieces that meet at awkward places.
fn common_template() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("nama"),
        Just("Nama"),
        Just("nama pelanggan"),
        Just("NAMA_PELANGGAN"),
        Just("1"),
        Just("total"),
        Just("jatuh tempo"),
        Just("größe"),
        Just("alamat"),
        Just("kota"),
    ];
    let filter = prop_oneof![
        Just(" | rupiah"),
        Just("|date"),
        Just(" | date(\"full\")"),
        Just("|phone('local')"),
        Just(" |upper"),
        Just("| lower"),
        Just(" | title"),
        Just(" | default(\"x y\")"),
        Just("|default('')"),
        Just("| urlencode"),
    ];
    let variable = (name, proptest::collection::vec(filter, 0..4), " ?", "\n?| ")
        .prop_map(|(name, filters, a, b)| format!("{{{{{a}{name}{}{b}}}}}", filters.concat()));
    let text = prop_oneof![
        "[a-z \r\n]{0,8}",
        Just("{".to_owned()),
        Just("}}".to_owned()),
        Just("} %}".to_owned()),
        Just("{{ \"{{\" }}".to_owned()),
        "\\PC{0,6}",
    ];
    proptest::collection::vec(prop_oneof![variable, text], 0..8)
        .prop_map(|parts| parts.concat())
        // A brace of one piece may open something with the next.
        .prop_filter("segments", |source| {
            Template::parse(source).is_ok_and(|template| !template.has_logic())
        })
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("250000".to_owned()),
        Just("1,234".to_owned()),
        Just("2026-11-21".to_owned()),
        Just("081234567890".to_owned()),
        Just(String::new()),
        Just(" ".to_owned()),
        Just("{{ nama }}".to_owned()),
        "\\PC{0,12}",
        "[0-9.,/-]{1,10}",
    ]
}

/// What a template with logic can be built of, properly nested.
fn logic_template() -> impl Strategy<Value = String> {
    let name = || {
        prop_oneof![
            Just("nama"),
            Just("x"),
            Just("y"),
            Just("total"),
            Just("alamat")
        ]
    };
    let filter = prop_oneof![
        Just(" | upper"),
        Just(" | title"),
        Just(" | rupiah"),
        Just(" | int"),
        Just(" | length"),
        Just(" | split"),
        Just(" | split(\"u\")"),
        Just(" | join(\"abc\")"),
        Just(" | first"),
        Just(" | last"),
        Just(" | trim"),
        Just(" | default(x)"),
        Just(" | default(\"bb\")"),
        Just(" | replace(\"b\", \"bbbbbbbbbbbbbbbb\")"),
        Just(" | replace(\"u\", nama)"),
        Just(" | urlencode"),
    ];
    let expression = (name(), proptest::collection::vec(filter, 0..5))
        .prop_map(|(name, filters)| format!("{name}{}", filters.concat()))
        .boxed();
    let test = prop_oneof![
        expression.clone(),
        (expression.clone(), name()).prop_map(|(a, b)| format!("{a} == {b}")),
        (expression.clone(), name()).prop_map(|(a, b)| format!("{a} < {b} or not {b} is defined")),
        name().prop_map(|a| format!("{a} in [\"b\", {a}]")),
    ];
    let leaf = prop_oneof![
        "[a-z {}\n]{0,4}",
        expression.clone().prop_map(|e| format!("{{{{ {e} }}}}")),
        (name(), expression.clone()).prop_map(|(n, e)| format!("{{% set {n} = {e} %}}")),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let body = proptest::collection::vec(inner, 1..6).prop_map(|parts| parts.concat());
        prop_oneof![
            (test.clone(), body.clone(), body.clone())
                .prop_map(|(t, a, b)| format!("{{% if {t} %}}{a}{{% else %}}{b}{{% endif %}}")),
            (name(), expression.clone(), body)
                .prop_map(|(n, e, b)| format!("{{% for {n} in {e} %}}{b}{{% endfor %}}")),
        ]
    })
}

/// Four times as many cases as elsewhere; PROPTEST_CASES makes it more.
fn many() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.saturating_mul(4),
        ..usual
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn no_logic_panics_or_passes_its_bound(source in logic_template()) {
        if let Ok(template) = Template::parse(&source) {
            let row = [("nama", "budi ubud bubu"), ("total", "25.000"), ("x", "b"), ("alamat", "")];
            let mut out = "kept".to_owned();
            match template.render_into(&row, &mut out, 4_096) {
                Ok(()) => prop_assert!(out.len() <= 4 + 4_096),
                Err(_) => prop_assert_eq!(out, "kept"),
            }
        }
    }

    #[test]
    fn both_engines_agree(
        source in common_template(),
        cells in proptest::collection::vec(cell(), ROW.len()),
    ) {
        let fast = Template::parse(&source).unwrap();
        let slow = through_logic(&source).unwrap();
        prop_assert_eq!(
            fast.variables().collect::<Vec<_>>(),
            slow.variables().collect::<Vec<_>>()
        );
        let row: Vec<(&str, &str)> =
            ROW.iter().map(|(name, _)| *name).zip(cells.iter().map(String::as_str)).collect();
        match (fast.render(&row), slow.render(&row)) {
            (Ok(fast), Ok(slow)) => prop_assert_eq!(fast, slow),
            (Err(fast), Err(slow)) => prop_assert_eq!(
                std::mem::discriminant(&fast), std::mem::discriminant(&slow),
                "{:?} {:?}", fast, slow
            ),
            (fast, slow) => prop_assert!(false, "{:?} {:?}", fast, slow),
        }
    }

    #[test]
    fn bound_and_by_name_agree(
        source in common_template(),
        cells in proptest::collection::vec(cell(), ROW.len()),
    ) {
        let template = Template::parse(&source).unwrap();
        let headers: Vec<&str> = ROW.iter().map(|(name, _)| *name).collect();
        let row: Vec<(&str, &str)> =
            headers.iter().copied().zip(cells.iter().map(String::as_str)).collect();
        if let Ok(bound) = template.bind(&headers) {
            prop_assert_eq!(bound.render(&cells), template.render(&row));
        } else {
            let unknown = |name: &str| !headers.iter().any(|header| same_name(header, name));
            prop_assert!(template.variables().any(unknown));
        }
    }

    #[test]
    fn no_text_panics_the_parser_and_no_rendering_passes_its_bound(
        parts in proptest::collection::vec(
            prop_oneof![
                "\\PC{0,6}", Just("{{".to_owned()), Just("}}".to_owned()), Just("{%".to_owned()),
                Just("%}".to_owned()), Just("{#".to_owned()), Just("#}".to_owned()),
                Just("-".to_owned()), Just(" | ".to_owned()), Just("\"".to_owned()),
                Just("'".to_owned()), Just("\\".to_owned()), Just("(".to_owned()),
                Just(")".to_owned()), Just("nama".to_owned()), Just(" if ".to_owned()),
                Just(" for x in ".to_owned()), Just(" endif ".to_owned()), Just("endfor".to_owned()),
                Just("{{ nama }}".to_owned()), Just("{% if nama %}".to_owned()),
                Just("{% endif %}".to_owned()), Just("split".to_owned()), Just("raw".to_owned()),
                Just("endraw".to_owned()), Just("\n".to_owned()), Just("é".to_owned()),
            ],
            0..16,
        ),
    ) {
        let source = parts.concat();
        match Template::parse(&source) {
            Ok(template) => {
                let mut out = String::new();
                let _ = template.render_into(&ROW, &mut out, 64);
                prop_assert!(out.len() <= 64);
            }
            Err(error) => {
                prop_assert!(error.line() >= 1 && error.column() >= 1);
                prop_assert!(!error.remedy().is_empty());
            }
        }
    }
}
