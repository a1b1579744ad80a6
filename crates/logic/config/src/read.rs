//! Small readers that turn nodes into values and collect what is wrong. A
//! mapping is read through [`Fields`], which can't be left without reporting
//! the fields nobody asked for.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use model::Millis;

use crate::hint;
use crate::problem::{At, Log, Place};
use crate::tree::{Content, Field, Node};

/// A mapping being read.
pub(crate) struct Fields<'n, 'l> {
    entries: &'n [Field],
    asked: Vec<&'static str>,
    not_yet: &'static [&'static str],
    /// Where the mapping begins, for fields that are missing.
    pub(crate) place: Place,
    pub(crate) log: &'l mut Log,
}

/// Reads a mapping with `read` and reports every field it didn't ask for.
/// `None` when the node is no mapping or `read` lacked something.
pub(crate) fn mapping<T>(
    node: &Node,
    log: &mut Log,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Option<T> {
    let Content::Mapping(entries) = &node.content else {
        log.error(node.place, format!("a mapping is wanted here, this is {}", node.describe()));
        return None;
    };
    let (asked, not_yet) = (Vec::new(), [].as_slice());
    let mut fields = Fields { entries, asked, not_yet, place: node.place, log };
    let value = read(&mut fields);
    fields.report_unknown();
    value
}

impl<'n> Fields<'n, '_> {
    /// Fields of the standard's that are understood but not served yet, so
    /// that nobody hunts for a typo.
    pub(crate) fn not_yet(&mut self, names: &'static [&'static str]) {
        self.not_yet = names;
    }

    /// A field that may be absent (or null, which is the same). `None` also
    /// when it is there and wrong, which has then been reported.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'n Node, &mut Log) -> Option<T>,
    ) -> Option<T> {
        let field = self.find(name)?;
        if field.value.is_null() {
            return None;
        }
        read(&field.value, self.log)
    }

    /// A field that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'n Node, &mut Log) -> Option<T>,
    ) -> Option<T> {
        match self.find(name) {
            Some(field) if !field.value.is_null() => read(&field.value, self.log),
            Some(field) => {
                self.log.error(field.place, format!("`{name}` is empty"));
                None
            }
            None => {
                self.log.error(self.place, format!("`{name}` is missing"));
                None
            }
        }
    }

    /// Whether the field was written, with whatever in it.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|field| field.name == name && !field.value.is_null())
    }

    /// Where the field was written, or the mapping when it wasn't.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        let field = self.entries.iter().find(|field| field.name == name);
        field.map_or(self.place, |field| field.place)
    }

    fn find(&mut self, name: &'static str) -> Option<&'n Field> {
        self.asked.push(name);
        self.entries.iter().find(|field| field.name == name)
    }

    fn report_unknown(self) {
        for field in self.entries.iter().filter(|field| !self.asked.contains(&&*field.name)) {
            let name = &field.name;
            if self.not_yet.contains(&name.as_str()) {
                self.log.error(field.place, format!("`{name}` is not supported yet"));
                continue;
            }
            let hint = hint::among(name, self.asked.iter().copied());
            self.log.error_maybe(field.place, format!("unknown field `{name}`"), hint);
        }
    }
}

/// A text. Something that YAML takes for a number, a boolean or nothing is
/// refused with the advice to quote it.
pub(crate) fn text(node: &Node, log: &mut Log) -> Option<At<String>> {
    match &node.content {
        Content::Scalar { text, .. } if node.describe() == "a text" => {
            Some(At { value: text.clone(), place: node.place })
        }
        Content::Scalar { text, .. } => {
            let message = format!("a text is wanted here, this is {}", node.describe());
            log.error_with(node.place, message, format!("write \"{text}\""));
            None
        }
        _ => {
            let message = format!("a text is wanted here, this is {}", node.describe());
            log.error(node.place, message);
            None
        }
    }
}

/// A word of a command line or an environment variable: a text, or a number
/// or boolean taken letter by letter as it was written.
pub(crate) fn verbatim(node: &Node, log: &mut Log) -> Option<String> {
    match &node.content {
        Content::Scalar { text, .. } if text.contains('\0') => {
            log.error(node.place, "a zero byte can't be passed to a program");
            None
        }
        Content::Scalar { text, .. } if !node.is_null() => Some(text.clone()),
        _ => {
            let message = format!("a text is wanted here, this is {}", node.describe());
            log.error(node.place, message);
            None
        }
    }
}

/// A text that a type reads, such as a name or a SPIFFE ID.
pub(crate) fn parsed<T>(node: &Node, log: &mut Log) -> Option<At<T>>
where
    T: FromStr,
    T::Err: Display,
{
    let At { value, place } = text(node, log)?;
    match value.parse() {
        Ok(value) => Some(At { value, place }),
        Err(error) => {
            log.error(place, format!("`{value}` can't stand here: {error}"));
            None
        }
    }
}

/// A whole number of milliseconds, seconds, minutes or hours from `min` to
/// `max`, written as in `250ms`, `10s`, `5m`, `25h`.
pub(crate) fn duration(min: Millis, max: Millis) -> impl Fn(&Node, &mut Log) -> Option<At<Millis>> {
    move |node, log| {
        let At { value: written, place } = text(node, log)?;
        let Some(value) = parse_duration(&written) else {
            let message = format!("`{written}` is no duration");
            log.error_with(place, message, "write `250ms`, `10s`, `5m` or `25h`");
            return None;
        };
        if !(min..=max).contains(&value) {
            log.error(place, format!("`{written}` is not within {min} and {max}"));
            return None;
        }
        Some(At { value, place })
    }
}

fn parse_duration(text: &str) -> Option<Millis> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(factor).map(Millis)
}

/// A whole number from `min` to `max`, in decimal digits.
pub(crate) fn number(min: u64, max: u64) -> impl Fn(&Node, &mut Log) -> Option<At<u64>> {
    move |node, log| {
        let place = node.place;
        let written = match &node.content {
            Content::Scalar { text, plain: true } => text.as_str(),
            _ => {
                log.error(place, format!("a number is wanted here, this is {}", node.describe()));
                return None;
            }
        };
        let is_decimal = written.bytes().all(|b| b.is_ascii_digit());
        match written.parse() {
            Ok(value) if is_decimal && (min..=max).contains(&value) => Some(At { value, place }),
            _ => {
                let message = format!("`{written}` is no whole number from {min} to {max}");
                log.error(place, message);
                None
            }
        }
    }
}

/// A port, 1 to 65535.
pub(crate) fn port(node: &Node, log: &mut Log) -> Option<At<u16>> {
    let At { value, place } = number(1, u64::from(u16::MAX))(node, log)?;
    let value = u16::try_from(value).ok()?;
    Some(At { value, place })
}

/// One of a few words, each standing for a value.
pub(crate) fn word<T: Copy>(
    words: &[(&str, T)],
    not_yet: &[&str],
) -> impl Fn(&Node, &mut Log) -> Option<At<T>> {
    move |node, log| {
        let At { value: given, place } = text(node, log)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
            return Some(At { value: *value, place });
        }
        if not_yet.contains(&given.as_str()) {
            log.error(place, format!("`{given}` is not supported yet"));
            return None;
        }
        let hint = hint::among(&given, words.iter().map(|(word, _)| *word));
        log.error_maybe(place, format!("`{given}` can't stand here"), hint);
        None
    }
}

/// A list, each item read by `read`; wrong items are reported and left out.
pub(crate) fn list<T>(
    read: impl Fn(&Node, &mut Log) -> Option<T>,
) -> impl Fn(&Node, &mut Log) -> Option<Vec<T>> {
    move |node, log| match &node.content {
        Content::Sequence(items) => Some(items.iter().filter_map(|i| read(i, log)).collect()),
        _ => {
            log.error(node.place, format!("a list is wanted here, this is {}", node.describe()));
            None
        }
    }
}

/// A list with at least one item.
pub(crate) fn full_list<T>(
    read: impl Fn(&Node, &mut Log) -> Option<T>,
) -> impl Fn(&Node, &mut Log) -> Option<Vec<T>> {
    move |node, log| {
        if matches!(&node.content, Content::Sequence(items) if items.is_empty()) {
            log.error(node.place, "this list can't be empty");
            return None;
        }
        list(&read)(node, log)
    }
}

/// One item, or a list with at least one.
pub(crate) fn one_or_more<T>(
    read: impl Fn(&Node, &mut Log) -> Option<T>,
) -> impl Fn(&Node, &mut Log) -> Option<Vec<T>> {
    move |node, log| match &node.content {
        Content::Sequence(_) => full_list(&read)(node, log),
        _ => Some(vec![read(node, log)?]),
    }
}

/// A mapping of texts to texts, such as labels or an environment.
pub(crate) fn texts(
    read: impl Fn(&Node, &mut Log) -> Option<String>,
) -> impl Fn(&Node, &mut Log) -> Option<BTreeMap<String, String>> {
    move |node, log| match &node.content {
        Content::Mapping(entries) => {
            let pair = |f: &Field, log: &mut Log| Some((f.name.clone(), read(&f.value, log)?));
            Some(entries.iter().filter_map(|field| pair(field, log)).collect())
        }
        _ => {
            log.error(node.place, format!("a mapping is wanted here, this is {}", node.describe()));
            None
        }
    }
}
