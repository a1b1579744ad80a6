//! A document as a plain tree on its way out, and the two texts of it: JSON
//! (compact, canonical: the same document always gives the same bytes) and
//! YAML. Both are read back by `parse`.

use std::fmt::Write as _;

/// A tree whose mappings keep the order they were built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A mapping of the fields that are there.
    pub(crate) fn map<const N: usize>(fields: [(&str, Option<Self>); N]) -> Self {
        let present = |(name, value): (&str, Option<Self>)| Some((name.to_owned(), value?));
        Self::Map(fields.into_iter().filter_map(present).collect())
    }

    /// The text of something printable.
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// A list, or nothing when it would be empty.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Option<Self> {
        let items: Vec<_> = items.into_iter().collect();
        (!items.is_empty()).then_some(Self::List(items))
    }

    /// A mapping of texts, or nothing when it would be empty.
    pub(crate) fn texts<'a>(
        entries: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Option<Self> {
        let pair = |(name, text): (&String, &String)| (name.clone(), Self::text(text));
        let entries: Vec<_> = entries.into_iter().map(pair).collect();
        (!entries.is_empty()).then_some(Self::Map(entries))
    }

    /// On one line, without a space.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// In block style, ending in a line break.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write_yaml(&mut out, 0);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Number(number) => push(out, format_args!("{number}")),
            Self::Text(text) => write_quoted(text, out),
            Self::List(items) => enclose(out, ['[', ']'], items, |item, out| item.write_json(out)),
            Self::Map(fields) => enclose(out, ['{', '}'], fields, |(name, value), out| {
                write_quoted(name, out);
                out.push(':');
                value.write_json(out);
            }),
        }
    }

    fn write_yaml(&self, out: &mut String, indent: usize) {
        match self {
            Self::Map(fields) if !fields.is_empty() => {
                for (at, (name, value)) in fields.iter().enumerate() {
                    start_line(out, indent, at);
                    write_plain(name, out);
                    out.push(':');
                    value.write_after(out, indent, "\n");
                }
            }
            Self::List(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    start_line(out, indent, at);
                    out.push('-');
                    item.write_after(out, indent, " ");
                }
            }
            Self::Text(text) => {
                write_plain(text, out);
                out.push('\n');
            }
            other => {
                other.write_json(out);
                out.push('\n');
            }
        }
    }

    /// What stands behind `name:` (a collection goes to its own lines) or
    /// behind `-` (it begins on the same line).
    fn write_after(&self, out: &mut String, indent: usize, before_collection: &str) {
        let is_block = match self {
            Self::Map(fields) => !fields.is_empty(),
            Self::List(items) => !items.is_empty(),
            _ => false,
        };
        out.push_str(if is_block { before_collection } else { " " });
        if is_block && before_collection == "\n" {
            push(out, format_args!("{:1$}", "", indent + 2));
        }
        self.write_yaml(out, indent + 2);
    }
}

fn start_line(out: &mut String, indent: usize, at: usize) {
    if at > 0 {
        push(out, format_args!("{:1$}", "", indent));
    }
}

fn enclose<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    mut write: impl FnMut(&T, &mut String),
) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// Without quotes where YAML can't take the text for anything else.
fn write_plain(text: &str, out: &mut String) {
    match is_safely_plain(text) {
        true => out.push_str(text),
        false => write_quoted(text, out),
    }
}

/// Narrower than YAML: letters, digits and a few signs that mean nothing
/// where they stand here, beginning with a letter or slash, and no word that
/// some reader takes for a boolean, a null or a number.
fn is_safely_plain(text: &str) -> bool {
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._-+=@".contains(c);
    let is_separated = |c: char| allowed(c) || c == ' ' || c == '*' || c == ':';
    let taken = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    begins_well
        && text.chars().all(is_separated)
        && text.ends_with(|c: char| allowed(c) || c == '*')
        && !text.contains(": ")
        && !text.contains("  ")
        && !taken.contains(&text.to_ascii_lowercase().as_str())
}

/// A JSON string, which is a YAML double-quoted scalar as well.
fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Not printable in YAML, or a line break there.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                push(out, format_args!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _infallible = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        Value::map([
            ("name", Some(Value::text("web"))),
            ("absent", None),
            ("on", Some(Value::Number(1))),
            ("ports", Value::list([Value::Number(80), Value::Number(81)])),
            (
                "rules",
                Value::list([
                    Value::map([
                        ("http", Some(Value::text("GET /v1/**"))),
                        ("from", Value::list([Value::text("a"), Value::text("b")])),
                    ]),
                    Value::Map(Vec::new()),
                ]),
            ),
        ])
    }

    #[test]
    fn json_is_compact_and_ordered() {
        let expected = r#"{"name":"web","on":1,"ports":[80,81],"rules":[{"http":"GET /v1/**","from":["a","b"]},{}]}"#;
        assert_eq!(sample().to_json(), expected);
    }

    #[test]
    fn yaml_is_in_block_style() {
        let expected = "\
name: web
\"on\": 1
ports:
  - 80
  - 81
rules:
  - http: GET /v1/**
    from:
      - a
      - b
  - {}
";
        assert_eq!(sample().to_yaml(), expected);
    }

    #[test]
    fn ambiguous_texts_are_quoted() {
        for text in ["", "yes", "No", "123", "1e3", "~", "- a", "a: b", "a #b", "*a", "null", "x "]
        {
            let yaml = Value::text(text).to_yaml();
            assert!(yaml.starts_with('"'), "{yaml}");
        }
        for text in ["orders", "/v1/**", "GET /a/*", "unix:uid:1000", "spiffe://a/b", "--http"] {
            let yaml = Value::text(text).to_yaml();
            let expected = !text.starts_with('-');
            assert_eq!(!yaml.starts_with('"'), expected, "{yaml}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Value::text("a\"\\\n\u{1}\u{85}é").to_json(), r#""a\"\\\n\u0001\u0085é""#);
    }
}
