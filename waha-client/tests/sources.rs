//! Every endpoint, type of the wire and constant of this crate says in its docs where the knowledge comes from, in a word of a
//! small vocabulary (CONTRIBUTING.md explains it). Reads the source files themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use serde_json::Value;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, Expr, Fields, Ident, Item, Lit, Meta, ReturnType, Stmt, Type, Visibility,
    token,
};
use waha_client::Feature;
use waha_client::specification::OPERATIONS;

/// Besides "recorded", "RFC n" and "Ours: why". In small letters, and without the `'s` that may stand in them.
const VOCABULARY: [&str; 18] = [
    "waha specification",
    "waha documentation",
    "waha source",
    "baileys source",
    "whatsmeow source",
    "whatsapp-web.js source",
    "whatsapp documentation",
    "meta documentation",
    "rust documentation",
    "tokio documentation",
    "tokio source",
    "serde documentation",
    "reqwest documentation",
    "reqwest source",
    "hyper documentation",
    "hyper source",
    "tungstenite source",
    "node documentation",
];

/// A clause with one of these denies what it names.
const DENIALS: [&str; 6] = ["not", "no", "none", "nor", "never", "nobody"];

/// What constants must be explained: by a word in their type.
const EXPLAINED: [&str; 20] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "str",
    "String",
    "Duration",
    "HeaderName",
    "HeaderValue",
    "StatusCode",
];

#[test]
fn every_endpoint_type_and_constant_says_where_it_is_known_from() {
    let found = read_crate();
    let count = |kind| found.items.iter().filter(|it| it.kind == kind).count();
    let counts = [
        (Kind::Endpoint, 160),
        (Kind::Method, 8),
        (Kind::Type, 100),
        (Kind::Constant, 40),
    ];
    for (kind, at_least) in counts {
        println!("{} of {kind:?}", count(kind));
        assert!(count(kind) >= at_least, "only {} of {kind:?}", count(kind));
    }
    let wrong: Vec<String> = found.items.iter().filter_map(Told::complaint).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_operation_has_its_endpoint_and_no_other_has() {
    let found = read_crate();
    let named: BTreeSet<_> = found.items.iter().filter_map(Told::operation).collect();
    let expected: BTreeSet<_> = OPERATIONS.iter().map(|op| (op.method, op.path)).collect();
    assert_eq!(named, expected);
}

/// With recordings at hand: whoever says "recorded" of an endpoint must have a good answer of it among them, or name the
/// status that is; and whoever has one must say so.
#[test]
fn what_is_called_recorded_is_among_the_recordings() {
    let Some(folder) = std::env::var_os("WAHA_RECORDINGS") else {
        println!("skipped: WAHA_RECORDINGS names no folder of recorded exchanges");
        return;
    };
    let recorded = read_recordings(&PathBuf::from(folder).join("exchanges"));
    assert!(recorded.len() > 70, "only {} operations", recorded.len());
    let nothing = BTreeSet::new();
    let mut wrong = Vec::new();
    for it in read_crate().items {
        let Some(operation) = it.operation() else {
            continue;
        };
        let statuses = recorded.get(&operation).unwrap_or(&nothing);
        let is_good = statuses.iter().any(|status| (200..300).contains(status));
        let says = says_recorded(&it.docs);
        let names_one = statuses
            .iter()
            .any(|status| it.docs.contains(&status.to_string()));
        if says != is_good && !(says && names_one) {
            wrong.push(format!("{it}: recorded are the statuses {statuses:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Endpoint,
    Method,
    Type,
    Constant,
}

/// What must tell its source.
#[derive(Debug)]
struct Told {
    kind: Kind,
    file: String,
    line: usize,
    name: String,
    docs: String,
    /// The head of its file, which may speak for types.
    head: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{} {}", self.file, self.line, self.name)
    }
}

impl Told {
    /// The operation that an endpoint's docs begin with.
    fn operation(&self) -> Option<(&'static str, &'static str)> {
        if self.kind != Kind::Endpoint {
            return None;
        }
        let (operation, _) = self.docs.strip_prefix('`')?.split_once('`')?;
        let (method, path) = operation.split_once(' ')?;
        let known = OPERATIONS
            .iter()
            .find(|op| op.method == method && op.path == path)?;
        Some((known.method, known.path))
    }

    /// What is wrong with its docs.
    fn complaint(&self) -> Option<String> {
        let in_head =
            || sentences(&self.head).any(|it| words(it).any(|w| w == "types") && names_source(it));
        if !names_source(&self.docs) && !(self.kind == Kind::Type && in_head()) {
            return Some(format!("{self}: {:?} without a source", self.kind));
        }
        if self.kind != Kind::Endpoint {
            return None;
        }
        let Some((method, path)) = self.operation() else {
            return Some(format!("{self}: does not begin with its operation"));
        };
        let needed = Feature::needed_by(method, path).map(|it| format!("Feature::{it:?}"));
        let named: BTreeSet<&str> = features_in(&self.docs).collect();
        if named == needed.iter().map(String::as_str).collect() {
            return None;
        }
        Some(format!("{self}: names {named:?}, needs {needed:?}"))
    }
}

/// The features that a text names.
fn features_in(docs: &str) -> impl Iterator<Item = &str> {
    docs.match_indices("Feature::").map(|(at, start)| {
        let rest = &docs[at + start.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        &docs[at..at + start.len() + end]
    })
}

/// Whether a text has a word of the vocabulary.
fn names_source(docs: &str) -> bool {
    let plain = docs.replace(['`', '[', ']'], "").to_lowercase();
    let plain = plain.replace("'s ", " ").replace("s' ", "s ");
    let is_start = |at: usize| !plain[..at].ends_with(char::is_alphanumeric);
    let has = |phrase: &&str| {
        let mut places = plain.match_indices(*phrase);
        places.any(|(at, it)| {
            is_start(at) && !plain[at + it.len()..].starts_with(char::is_alphanumeric)
        })
    };
    let is_standard = |(at, it): (usize, &str)| {
        is_start(at) && plain[at + it.len()..].starts_with(|c: char| c.is_ascii_digit())
    };
    let is_reasoned = |(at, it): (usize, &str)| {
        let reason = sentences(&plain[at + it.len()..])
            .next()
            .unwrap_or_default();
        is_start(at) && words(reason).count() >= 3
    };
    VOCABULARY.iter().any(has)
        || plain.match_indices("rfc ").any(is_standard)
        || plain.match_indices("ours: ").any(is_reasoned)
        || says_recorded(docs)
}

/// Whether a text says "recorded" in a clause that does not deny it.
fn says_recorded(docs: &str) -> bool {
    let docs = docs.to_lowercase();
    let clauses = docs.split(['(', ')', ';', ':']).flat_map(sentences);
    clauses.into_iter().any(|clause| {
        let denies = words(clause).any(|word| DENIALS.contains(&word));
        words(clause).any(|word| word == "recorded") && !denies
    })
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ").flat_map(|part| part.split("\n\n"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// What was found in source files.
#[derive(Default)]
struct Found {
    items: Vec<Told>,
    /// Types that have one field, a client: groups of calls.
    groups: BTreeSet<String>,
}

fn read_crate() -> Found {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    let texts = files
        .iter()
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            (name, fs::read_to_string(path).unwrap())
        });
    find(texts)
}

/// What must tell its source in files, given as names and texts.
fn find(files: impl IntoIterator<Item = (String, String)>) -> Found {
    let mut found = Found::default();
    let parsed: Vec<_> = files
        .into_iter()
        .map(|(name, text)| {
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, file)
        })
        .collect();
    for (_, file) in parsed.iter().filter(|(name, _)| is_of_api(name)) {
        let structs = file.items.iter().filter_map(|item| match item {
            Item::Struct(it) => Some(it),
            _ => None,
        });
        let groups = structs.filter(|it| {
            matches!(&it.fields, Fields::Unnamed(fields)
                if fields.unnamed.len() == 1 && mentions(&fields.unnamed[0].ty, "WahaClient"))
        });
        found.groups.extend(groups.map(|it| it.ident.to_string()));
    }
    for (name, file) in &parsed {
        let mut reader = Reader {
            file: name,
            head: docs(&file.attrs),
            serialised: BTreeSet::new(),
            found: &mut found,
        };
        reader.serialised = file.items.iter().filter_map(serialised_by_hand).collect();
        reader.visit_file(file);
    }
    found
}

/// Groups of calls are there, and nowhere else.
fn is_of_api(file: &str) -> bool {
    file.starts_with("api/")
}

/// The type that an item implements reading or writing of.
fn serialised_by_hand(item: &Item) -> Option<String> {
    let Item::Impl(it) = item else { return None };
    let (path, _) = it.trait_.as_ref()?;
    let name = path.segments.last()?.ident.to_string();
    matches!(name.as_str(), "Serialize" | "Deserialize").then(|| name_of(&it.self_ty))?
}

struct Reader<'a> {
    file: &'a str,
    head: String,
    serialised: BTreeSet<String>,
    found: &'a mut Found,
}

impl Reader<'_> {
    fn tell(&mut self, kind: Kind, name: String, span: Span, attrs: &[Attribute]) {
        self.found.items.push(Told {
            kind,
            file: self.file.to_owned(),
            line: span.start().line,
            name,
            docs: docs(attrs),
            head: self.head.clone(),
        });
    }

    fn constant(&mut self, name: &Ident, ty: &Type, value: Option<&Expr>, attrs: &[Attribute]) {
        let is_path = value
            .and_then(text_of)
            .is_some_and(|text| OPERATIONS.iter().any(|op| op.path == text));
        if !is_path && EXPLAINED.iter().any(|word| mentions(ty, word)) {
            self.tell(Kind::Constant, name.to_string(), name.span(), attrs);
        }
    }

    fn data(&mut self, name: &Ident, vis: &Visibility, attrs: &[Attribute]) {
        let derives = attrs.iter().filter(|it| it.path().is_ident("derive"));
        let is_derived = derives.into_iter().any(|it| match &it.meta {
            Meta::List(list) => ["Serialize", "Deserialize"]
                .iter()
                .any(|word| has_word(&list.tokens, word)),
            _ => false,
        });
        let is_serialised = is_derived || self.serialised.contains(&name.to_string());
        if matches!(vis, Visibility::Public(_)) && is_serialised {
            self.tell(Kind::Type, name.to_string(), name.span(), attrs);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_test = match item {
            Item::Mod(it) => is_test(&it.attrs),
            Item::Fn(it) => is_test(&it.attrs),
            Item::Impl(it) => is_test(&it.attrs),
            _ => false,
        };
        if !is_test {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        let is_endpoint = match &it.sig.output {
            ReturnType::Type(_, ty) => name_of(ty).as_deref() == Some("Endpoint"),
            ReturnType::Default => false,
        };
        if is_endpoint && matches!(it.vis, Visibility::Public(_)) {
            self.tell(
                Kind::Endpoint,
                it.sig.ident.to_string(),
                it.sig.ident.span(),
                &it.attrs,
            );
        }
        visit::visit_item_fn(self, it);
    }

    fn visit_item_impl(&mut self, it: &'ast syn::ItemImpl) {
        let group = name_of(&it.self_ty)
            .filter(|name| is_of_api(self.file) && self.found.groups.contains(name));
        if let (Some(group), None) = (group, &it.trait_) {
            for item in &it.items {
                if let syn::ImplItem::Fn(method) = item
                    && matches!(method.vis, Visibility::Public(_))
                    && !only_performs(&method.block)
                {
                    let name = format!("{group}::{}", method.sig.ident);
                    self.tell(Kind::Method, name, method.sig.ident.span(), &method.attrs);
                }
            }
        }
        visit::visit_item_impl(self, it);
    }

    fn visit_item_const(&mut self, it: &'ast syn::ItemConst) {
        self.constant(&it.ident, &it.ty, Some(&it.expr), &it.attrs);
    }

    fn visit_item_static(&mut self, it: &'ast syn::ItemStatic) {
        self.constant(&it.ident, &it.ty, Some(&it.expr), &it.attrs);
    }

    fn visit_impl_item_const(&mut self, it: &'ast syn::ImplItemConst) {
        self.constant(&it.ident, &it.ty, Some(&it.expr), &it.attrs);
    }

    fn visit_item_struct(&mut self, it: &'ast syn::ItemStruct) {
        self.data(&it.ident, &it.vis, &it.attrs);
    }

    fn visit_item_enum(&mut self, it: &'ast syn::ItemEnum) {
        self.data(&it.ident, &it.vis, &it.attrs);
    }

    /// `text_enum!` makes public enums that are texts on the wire.
    fn visit_item_macro(&mut self, it: &'ast syn::ItemMacro) {
        if it.mac.path.is_ident("text_enum") {
            let enums = read_text_enums.parse2(it.mac.tokens.clone());
            for (attrs, name) in enums.unwrap_or_else(|error| panic!("{}: {error}", self.file)) {
                self.tell(Kind::Type, name.to_string(), name.span(), &attrs);
            }
        }
    }
}

fn read_text_enums(input: ParseStream<'_>) -> syn::Result<Vec<(Vec<Attribute>, Ident)>> {
    let mut enums = Vec::new();
    while !input.is_empty() {
        let attrs = input.call(Attribute::parse_outer)?;
        enums.push((attrs, input.parse()?));
        let content;
        let _: token::Brace = syn::braced!(content in input);
        let _: TokenStream = content.parse()?;
    }
    Ok(enums)
}

/// Whether a method does nothing but have one endpoint called.
fn only_performs(block: &Block) -> bool {
    let Some((Stmt::Expr(Expr::Await(last), None), before)) = block.stmts.split_last() else {
        return false;
    };
    let Expr::MethodCall(call) = &*last.base else {
        return false;
    };
    let is_let = |stmt: &Stmt| matches!(stmt, Stmt::Local(_));
    before.iter().all(is_let) && (call.method == "call" || call.method == "call_with")
}

fn is_test(attrs: &[Attribute]) -> bool {
    let mut cfgs = attrs.iter().filter(|it| it.path().is_ident("cfg"));
    cfgs.any(|it| matches!(&it.meta, Meta::List(list) if list.tokens.to_string() == "test"))
}

/// The docs of an item as one text, its lines joined and its paragraphs kept.
fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(it) if it.path.is_ident("doc") => text_of(&it.value),
        _ => None,
    });
    let paragraph = |line: String| match line.trim() {
        "" => "\n\n".to_owned(),
        line => format!("{line} "),
    };
    lines.map(paragraph).collect()
}

fn text_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(it) => match &it.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The last name of a type's path: `Endpoint` of `crate::Endpoint<()>`.
fn name_of(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(it) => Some(it.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn mentions(ty: &Type, word: &str) -> bool {
    struct Words<'a>(&'a str, bool);
    impl<'ast> Visit<'ast> for Words<'_> {
        fn visit_ident(&mut self, ident: &'ast Ident) {
            self.1 |= ident == self.0;
        }
        /// The length of an array is not what it holds.
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut words = Words(word, false);
    words.visit_type(ty);
    words.1
}

fn has_word(tokens: &TokenStream, word: &str) -> bool {
    tokens
        .clone()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Ident(it) if it == word))
}

/// The statuses that were recorded, by operation.
fn read_recordings(folder: &Path) -> BTreeMap<(&'static str, &'static str), BTreeSet<u64>> {
    let mut recorded: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for version in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(version.unwrap().path()).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let exchange: Value = serde_json::from_str(&text).unwrap_or_default();
            let request = &exchange["request"];
            let (Some(method), Some(path)) = (request["method"].as_str(), request["path"].as_str())
            else {
                continue;
            };
            let path = path.split('?').next().unwrap_or_default();
            let fitting = OPERATIONS
                .iter()
                .filter(|op| op.method == method && fits(op.path, path));
            let nearest = fitting.min_by_key(|op| op.path.matches('{').count());
            if let (Some(op), Some(status)) = (nearest, exchange["response"]["status"].as_u64()) {
                recorded
                    .entry((op.method, op.path))
                    .or_default()
                    .insert(status);
            }
        }
    }
    recorded
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let mut pairs = wanted.iter().zip(&given);
    wanted.len() == given.len() && pairs.all(|(one, other)| one.starts_with('{') || one == other)
}

#[test]
fn each_kind_of_item_without_a_source_is_found_and_with_one_is_not() {
    let group = "pub struct Group<'a>(pub(crate) &'a WahaClient); impl Group<'_> {";
    let method = |docs: &str, body: &str| {
        format!("{group} /// {docs}\n pub async fn ask(&self) -> Result<(), Error> {{ {body} }} }}")
    };
    for (text, expected) in [
        // Endpoints: the operation, the source, the row of the table of features.
        (
            "/// `GET /ping`\npub fn ping() -> Endpoint<()> {}",
            "ping: Endpoint without a source",
        ),
        (
            "/// `GET /ping`. Recorded.\npub fn ping() -> Endpoint<()> {}",
            "",
        ),
        (
            "/// `GET /ping`. Not recorded.\npub fn ping() -> Endpoint<()> {}",
            "ping: Endpoint without a source",
        ),
        (
            "/// Recorded.\npub fn ping() -> Endpoint<()> {}",
            "ping: does not begin with its operation",
        ),
        (
            "/// `GET /pong`. Recorded.\npub fn ping() -> Endpoint<()> {}",
            "ping: does not begin with its operation",
        ),
        (
            "/// `PUT /api/star`. Recorded.\npub fn star() -> crate::Endpoint<()> {}",
            "star: names {}, needs Some(\"Feature::StarMessage\")",
        ),
        (
            "/// `PUT /api/star`. [`Feature::StarMessage`]. Recorded.\npub fn star() -> Endpoint<()> {}",
            "",
        ),
        (
            "/// `GET /ping`, [`Feature::StarMessage`]. Recorded.\npub fn ping() -> Endpoint<()> {}",
            "ping: names {\"Feature::StarMessage\"}, needs None",
        ),
        ("fn ping() -> Endpoint<()> {}", ""),
        // Methods.
        (&method("Asks.", "self.0.call(ask()).await"), ""),
        (
            &method(
                "Asks.",
                "let it = ask(); self.0.call_with(it, options).await",
            ),
            "",
        ),
        (
            &method("Asks.", "Ok(self.0.call(ask()).await?.is_some())"),
            "Group::ask: Method without a source",
        ),
        (
            &method(
                "Asks (WAHA's source).",
                "Ok(self.0.call(ask()).await?.is_some())",
            ),
            "",
        ),
        // Types.
        (
            "#[derive(Debug, Deserialize)] pub struct Chat {}",
            "Chat: Type without a source",
        ),
        ("#[derive(Debug)] pub struct Chat {}", ""),
        ("#[derive(Deserialize)] struct Chat {}", ""),
        (
            "pub struct Chat {} impl serde::Serialize for Chat {}",
            "Chat: Type without a source",
        ),
        (
            "//! Chats. The types are those of WAHA's specification.\n#[derive(Deserialize)] pub enum Chat {}",
            "",
        ),
        (
            "//! Chats, recorded. Types are below.\n#[derive(Deserialize)] pub enum Chat {}",
            "Chat: Type without a source",
        ),
        (
            "text_enum! { /// One.\n One { A = \"a\" } /// WAHA source.\n Two { B = \"b\" } }",
            "One: Type without a source",
        ),
        // Constants.
        ("const MAX: usize = 3;", "MAX: Constant without a source"),
        (
            "/// Ours: three is enough for anybody.\nconst MAX: usize = 3;",
            "",
        ),
        (
            "/// Ours: three.\nconst MAX: usize = 3;",
            "MAX: Constant without a source",
        ),
        (
            "/// Yours: three is enough for anybody.\nconst MAX: usize = 3;",
            "MAX: Constant without a source",
        ),
        (
            "fn f() { const WAIT: Duration = Duration::ZERO; }",
            "WAIT: Constant without a source",
        ),
        (
            "static TEXTS: [(&str, Kind); 1] = [];",
            "TEXTS: Constant without a source",
        ),
        (
            "impl Kind { pub const ALL: [Self; 2] = []; const NAME: &str = \"x\"; }",
            "NAME: Constant without a source",
        ),
        (
            "const PATH: &str = \"/api/sendText\"; const OTHER: &str = \"/api/sendTxt\";",
            "OTHER: Constant without a source",
        ),
        ("#[cfg(test)] mod tests { const MAX: usize = 3; }", ""),
        (
            "mod inner { const MAX: usize = 3; }",
            "MAX: Constant without a source",
        ),
    ] {
        let found = find([("api/file.rs".to_owned(), text.to_owned())]);
        let complaints: Vec<_> = found.items.iter().filter_map(Told::complaint).collect();
        let shown = complaints.join(", ");
        let shown = shown.split_once(' ').map_or("", |(_, rest)| rest);
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn a_complaint_names_file_line_and_item() {
    let text = "//! Head.\n\n/// A limit.\nconst MAX: usize = 3;";
    let found = find([("api/chats.rs".to_owned(), text.to_owned())]);
    let complaint = found.items[0].complaint().unwrap();
    assert_eq!(
        complaint,
        "src/api/chats.rs:4 MAX: Constant without a source"
    );
}

#[test]
fn words_of_the_vocabulary_count_and_others_do_not() {
    for (docs, expected) in [
        ("Recorded.", true),
        ("Shown to nobody (recorded).", true),
        ("No shape is documented or recorded.", false),
        ("It does not answer; recorded with 2026.4.", true),
        ("A recorder.", false),
        ("WAHA's specification has it.", true),
        ("The [`WAHA` source](x).", true),
        ("Baileys' source says so.", true),
        ("whatsapp-web.js's source.", true),
        ("The source of it all.", false),
        ("RFC 9110.", true),
        ("An RFC says so.", false),
        ("Ours: more is of no use.", true),
        ("Ours: so. It has a long tail.", false),
    ] {
        assert_eq!(names_source(docs), expected, "{docs}");
    }
}
