//! Finds in source files what must tell its source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, Expr, Fields, Ident, Item, Lit, Meta, ReturnType, Stmt, Type, Visibility,
    token,
};
use waha_client::specification::OPERATIONS;

use crate::told::{Kind, Told};

/// What constants must be explained: by a word in their type.
const EXPLAINED: &str = "u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 str String Duration HeaderName \
    HeaderValue StatusCode";

/// What was found in source files.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) items: Vec<Told>,
    /// Types that have one field, a client: groups of calls.
    groups: BTreeSet<String>,
}

impl Found {
    /// What is wrong with the docs of all of it.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let alone = self.items.iter().filter_map(Told::complaint);
        let performing = self.items.iter().filter(|it| it.kind == Kind::Performing);
        let silent = performing.filter_map(|it| {
            let needed = self.endpoint_of(it)?.needed()?;
            (!it.docs.contains(&needed)).then(|| format!("{it}: does not name {needed}"))
        });
        alone.chain(silent).collect()
    }

    /// The endpoint that a method performs: the one of its name in its file.
    fn endpoint_of(&self, method: &Told) -> Option<&Told> {
        let (_, name) = method.name.split_once("::")?;
        let is_it =
            |it: &&Told| it.kind == Kind::Endpoint && it.file == method.file && it.name == name;
        self.items.iter().find(is_it)
    }
}

pub(crate) fn read_crate() -> Found {
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
pub(crate) fn find(files: impl IntoIterator<Item = (String, String)>) -> Found {
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
        if !is_path && EXPLAINED.split_whitespace().any(|word| mentions(ty, word)) {
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
                {
                    let kind = match only_performs(&method.block) {
                        true => Kind::Performing,
                        false => Kind::Method,
                    };
                    let name = format!("{group}::{}", method.sig.ident);
                    self.tell(kind, name, method.sig.ident.span(), &method.attrs);
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
