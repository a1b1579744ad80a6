//! The nodes of a tree. A scalar keeps the text it was written with; what kind
//! of value that is depends on who reads it.

use crate::problem::Place;

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// `plain` when it stood without quotes, so that `8080` may be a number
    /// and `"8080"` may not.
    Scalar { text: String, plain: bool },
    /// A list.
    Sequence(Vec<Node>),
    /// Fields in the order written, each name once.
    Mapping(Vec<Field>),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    /// What it is, for a message: "a number", "a list".
    pub(crate) fn describe(&self) -> &'static str {
        match &self.content {
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
            Content::Scalar { plain: false, .. } => "a text",
            Content::Scalar { text, plain: true } => describe_plain(text),
        }
    }

    /// Whether nothing was written: `null`, `~` or nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        self.describe() == "nothing"
    }
}

/// The core schema of YAML 1.2 (section 10.3.2), numbers by their look.
fn describe_plain(text: &str) -> &'static str {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => "nothing",
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => "a boolean",
        _ if looks_like_number(text) => "a number",
        _ => "a text",
    }
}

fn looks_like_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix, radix| {
        let digits: Option<&str> = unsigned.strip_prefix(prefix);
        digits.is_some_and(|d: &str| !d.is_empty() && d.chars().all(|c| c.is_digit(radix)))
    };
    let starts_numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let special = [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&unsigned);
    let float = starts_numeric && text.parse::<f64>().is_ok();
    float || special || radix("0x", 16) || radix("0o", 8)
}
