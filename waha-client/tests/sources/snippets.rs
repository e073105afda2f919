//! What the check finds in pieces of source text.

use crate::reader::find;

/// An endpoint that not every engine has.
const ASK: &str =
    "\n/// `PUT /api/star`. [`Feature::StarMessage`]. Recorded.\npub fn ask() -> Endpoint<()> {}";

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
        (
            &(method("Asks.", "self.0.call(ask()).await") + ASK),
            "Group::ask: does not name Feature::StarMessage",
        ),
        (
            &(method(
                "Asks (see `Feature::StarMessage`).",
                "self.0.call(ask()).await",
            ) + ASK),
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
        let shown = found.complaints().join(", ");
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
