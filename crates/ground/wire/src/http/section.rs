//! A header or trailer section: fields, checked by whoever read them, in
//! buffers that are used again for the next message. What a field means for
//! the connection is `control`'s matter.

use model::Blame;

/// Beyond this, a buffer is given back rather than kept for the next message.
const KEPT_BYTES: usize = 16 * 1024;

/// What is wrong with the lines of a section, whatever they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    /// The first line alone is too long.
    #[error("the first line is longer than allowed")]
    FirstLine,
    /// The whole section is too large.
    #[error("the header section is larger than allowed")]
    TooLarge,
    /// Too many lines.
    #[error("there are more header fields than allowed")]
    TooMany,
    /// A line feed or carriage return that isn't part of a CRLF, or an empty
    /// line where none belongs.
    #[error("a line doesn't end with CRLF")]
    LineEnd,
    /// A line that begins with a space or tab (obs-fold, or a blank before the
    /// first field).
    #[error("a header line begins with a blank")]
    Fold,
    /// No colon, an empty name, a blank before the colon, or a byte that can't
    /// stand in a name.
    #[error("a header field has no proper name")]
    Name,
    /// A name with an underscore, which many apps can't tell from a hyphen.
    #[error("a header name has an underscore")]
    Underscore,
    /// A control character in a value.
    #[error("a header value has a control character")]
    Value,
}

impl SectionError {
    /// 414 or 431 for what is too large, else 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::FirstLine => 414,
            Self::TooLarge | Self::TooMany => 431,
            _ => 400,
        }
    }

    /// The sender's, always; of a request that is the caller.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }
}

/// Whether names with underscores pass: in responses they do, in requests not
/// (AZ-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Underscores {
    Refused,
    Passed,
}

/// A piece of one of a section's buffers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// How often a field stands in a section.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Nowhere,
    Once(Span),
    Repeated,
}

impl Found {
    pub(crate) const fn once(self) -> Option<Span> {
        if let Self::Once(span) = self { Some(span) } else { None }
    }
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: Span,
    value: Span,
}

/// Fields in the order and case they came in. Names are ASCII and live in one
/// string, so that reading them back checks nothing again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    text: String,
    values: Vec<u8>,
    fields: Vec<Field>,
    held: Vec<bool>,
}

impl Section {
    /// Forgets the content and keeps the buffers, unless they grew large.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
        self.fields.clear();
        self.held.clear();
        if self.text.capacity() + self.values.capacity() > KEPT_BYTES {
            *self = Self::default();
        }
    }

    /// Keeps a piece of text that isn't a field; an empty one when it is no
    /// UTF-8, which callers rule out before.
    pub(crate) fn keep_text(&mut self, bytes: &[u8]) -> Span {
        let start = small(self.text.len());
        self.text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        Span { start, end: small(self.text.len()) }
    }

    /// Keeps bytes that aren't a field.
    pub(crate) fn keep_bytes(&mut self, bytes: &[u8]) -> Span {
        let start = small(self.values.len());
        self.values.extend_from_slice(bytes);
        Span { start, end: small(self.values.len()) }
    }

    /// Keeps more bytes behind those that were kept last.
    pub(crate) fn keep_behind(&mut self, last: Span, bytes: &[u8]) -> Span {
        let more = self.keep_bytes(bytes);
        Span { start: last.start, end: more.end }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        self.values.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Adds a field whose name and value were checked.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) {
        let value = self.keep_bytes(value);
        self.push_kept(name, value);
    }

    /// Adds a field whose value is kept already.
    pub(crate) fn push_kept(&mut self, name: &[u8], value: Span) {
        let name = self.keep_text(name);
        self.fields.push(Field { name, value });
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| (self.text(field.name), self.bytes(field.value)))
    }

    /// The fields that the last [`Section::hold_back`] let through; none
    /// before it.
    pub(crate) fn passed_on(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let judged = self.fields().zip(&self.held);
        judged.filter(|(_, held)| !**held).map(|(field, _)| field)
    }

    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of a field that stands exactly once.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        self.find(name).once().map(|span| self.bytes(span))
    }

    /// Where the values of a field are, if it isn't repeated.
    pub(crate) fn find(&self, name: &str) -> Found {
        let is_it = |field: &&Field| self.text(field.name).eq_ignore_ascii_case(name);
        let mut found = self.fields.iter().filter(is_it);
        match (found.next(), found.next()) {
            (None, _) => Found::Nowhere,
            (Some(field), None) => Found::Once(field.value),
            (Some(_), Some(_)) => Found::Repeated,
        }
    }

    /// Decides once, field by field, what is not to be passed on.
    pub(crate) fn hold_back(&mut self, is_held: impl Fn(&Self, &str, &[u8]) -> bool) {
        let mut held = std::mem::take(&mut self.held);
        held.clear();
        held.extend(self.fields().map(|(name, value)| is_held(self, name, value)));
        self.held = held;
    }

    /// Holds back one field more.
    pub(crate) fn hold_back_also(&mut self, name: &str) {
        let Self { text, fields, held, .. } = self;
        for (field, held) in fields.iter().zip(held) {
            let own = text.get(field.name.start as usize..field.name.end as usize);
            *held |= own.is_some_and(|own| own.eq_ignore_ascii_case(name));
        }
    }
}

/// Sections are far smaller than 4 GiB; a position past that reads as empty.
fn small(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
