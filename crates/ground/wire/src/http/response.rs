//! The head of a response from an upstream we don't trust, whichever version
//! it came in. `http1` and `http2` fill it from their bytes; it reads none
//! itself.

use super::framing::{Framing, Version};
use super::progress::Progress;
use super::section::{Section, Span};

/// One response head, used again and again like
/// [`RequestHead`](super::RequestHead).
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    pub(crate) section: Section,
    pub(crate) progress: Progress,
    pub(crate) status: u16,
    pub(crate) reason: Span,
    pub(crate) version: Version,
    pub(crate) framing: Framing,
    pub(crate) content_length: Option<u64>,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
}

impl ResponseHead {
    /// An empty head.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, the progress of an unfinished `parse` included.
    /// Call it before a head is used for another connection.
    pub fn clear(&mut self) {
        self.progress = Progress::default();
        self.forget();
    }

    pub(crate) fn forget(&mut self) {
        self.section.clear();
        (self.status, self.reason) = (0, Span::default());
        (self.framing, self.content_length) = (Framing::None, None);
        (self.keep_alive, self.upgrade) = (false, false);
    }

    /// The status, 100 to 599.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase, maybe empty; without control characters.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.section.bytes(self.reason)
    }

    /// The version it came in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Where the body ends.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// What `Content-Length` says, also where no body follows: the answer to
    /// a `HEAD` and a 304 tell by it of the body they don't have.
    #[must_use]
    pub const fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Whether the connection may carry another exchange after this one.
    #[must_use]
    pub const fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether this is only a word in between (1xx, but not 101), after which
    /// the response is still to come.
    #[must_use]
    pub const fn is_interim(&self) -> bool {
        self.status >= 100 && self.status < 200 && self.status != 101
    }

    /// The protocol a 101 switches to. Whether anybody asked for it is the
    /// proxy's to check.
    #[must_use]
    pub fn upgrade(&self) -> Option<&str> {
        let value = self.upgrade.then(|| self.section.value("upgrade")).flatten()?;
        std::str::from_utf8(value).ok()
    }

    /// All fields, in the order and case they came in.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.section.fields()
    }

    /// The fields that go on to the caller; see
    /// [`RequestHead::forwardable_fields`](super::RequestHead::forwardable_fields).
    pub fn forwardable_fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.section.passed_on()
    }

    /// The value of a field that stands exactly once; `None` when it is absent
    /// or repeated.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.section.value(name)
    }

    /// All values of a field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.section.values(name)
    }
}
