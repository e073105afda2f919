//! HTML that is well-formed because nothing else can be written: tags are opened by name and
//! closed by the writer, everything else is escaped.

use url::Url;

/// A fragment being written.
pub(super) struct Html {
    out: String,
    open: Vec<&'static str>,
}

impl Html {
    pub(super) fn new() -> Self {
        Html {
            out: String::new(),
            open: Vec::new(),
        }
    }

    /// Opens a tag with a class, or without when that is empty.
    pub(super) fn open(&mut self, tag: &'static str, class: &'static str) {
        self.out.push('<');
        self.out.push_str(tag);
        if !class.is_empty() {
            self.out.push_str(" class=\"");
            self.out.push_str(class);
            self.out.push('"');
        }
        self.out.push('>');
        self.open.push(tag);
    }

    /// Opens an item of a numbered list.
    pub(super) fn open_item(&mut self, number: u32) {
        self.out.push_str(&format!("<li value=\"{number}\">"));
        self.open.push("li");
    }

    /// Closes the tag opened last.
    pub(super) fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
        }
    }

    pub(super) fn line_break(&mut self) {
        self.out.push_str("<br>");
    }

    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                '\n' | '\t' => self.out.push(c),
                // HTML knows no other control characters.
                c if c.is_control() => self.out.push('\u{fffd}'),
                c => self.out.push(c),
            }
        }
    }

    /// Writes a link, if `address` is an http or https address with a host; says whether it did.
    pub(super) fn link(&mut self, address: &str, shown: &str) -> bool {
        let Ok(url) = Url::parse(address) else {
            return false;
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return false;
        }
        self.out.push_str("<a href=\"");
        self.text(url.as_str());
        self.out
            .push_str("\" rel=\"nofollow noopener noreferrer\">");
        self.text(shown);
        self.out.push_str("</a>");
        true
    }

    /// The fragment, everything closed.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}
