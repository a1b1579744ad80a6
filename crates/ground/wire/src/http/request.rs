//! The head of a request, whichever version it came in: framing, authority
//! and target form are beyond doubt once it is filled. `http1` and `http2`
//! fill it from their bytes; it reads none itself.

use super::framing::{Framing, Version};
use super::progress::Progress;
use super::section::{Found, Section, Span};
use crate::alphabet::is_token;
use crate::canonical;

/// One request head, used again and again on a connection: it keeps what it
/// says in its own buffers, so the input may go away.
///
/// Before it is filled, and after that failed, it reads as empty.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    pub(crate) section: Section,
    pub(crate) progress: Progress,
    pub(crate) line: Line,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) expect_continue: bool,
    pub(crate) upgrade: Option<Span>,
    pub(crate) host: Option<Span>,
    pub(crate) extended_connect: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) method: Span,
    pub(crate) target: Span,
    pub(crate) version: Version,
}

impl RequestHead {
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
        self.line = Line::default();
        self.framing = Framing::None;
        (self.keep_alive, self.expect_continue) = (false, false);
        (self.upgrade, self.host) = (None, None);
        self.extended_connect = false;
    }

    /// Takes note of an expectation: `100-continue`, once, or none. It counts
    /// only where a body follows and the version knows it. False when it is
    /// anything else.
    pub(crate) fn read_expectation(&mut self) -> bool {
        let expected = match self.section.find("expect") {
            Found::Nowhere => false,
            Found::Once(value)
                if self.section.bytes(value).eq_ignore_ascii_case(b"100-continue") =>
            {
                true
            }
            _ => return false,
        };
        let is_known = self.line.version != Version::Http10;
        self.expect_continue = expected && self.has_body() && is_known;
        if expected && !self.expect_continue {
            self.section.hold_back_also("expect");
        }
        true
    }

    pub(crate) const fn has_body(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0))
    }

    /// The method, in capital letters.
    #[must_use]
    pub fn method(&self) -> &str {
        self.section.text(self.line.method)
    }

    /// The request target as it came: visible ASCII, in a form that fits the
    /// method. In HTTP/2 `:path`, which is a path and maybe a query, and may
    /// still hold what no target has.
    #[must_use]
    pub fn target(&self) -> &str {
        self.section.text(self.line.target)
    }

    /// The version it came in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.line.version
    }

    /// Where the body ends; never [`Framing::UntilClose`].
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether another request may follow on this connection. HTTP/1.0 gets
    /// no second one (RFC 9112, appendix C.2.2); HTTP/2 always does.
    #[must_use]
    pub const fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether the caller waits for `100 Continue` before it sends the body.
    /// Only then is the `Expect` field among the forwardable ones: it means
    /// nothing without a body, and nothing in HTTP/1.0.
    #[must_use]
    pub const fn expect_continue(&self) -> bool {
        self.expect_continue
    }

    /// The one protocol the caller wants to switch to. `None` also for `h2c`,
    /// for lists, and for requests with a body. The `Upgrade` field itself is
    /// not among the forwardable ones. In HTTP/2 it is the protocol of an
    /// extended `CONNECT`.
    #[must_use]
    pub fn upgrade(&self) -> Option<&str> {
        self.upgrade.and_then(|span| std::str::from_utf8(self.section.bytes(span)).ok())
    }

    /// Whether it came as an extended `CONNECT` (RFC 8441): the method reads
    /// `GET`, [`RequestHead::upgrade`] is the protocol, and a 200 is what 101
    /// is in HTTP/1.1.
    #[must_use]
    pub const fn is_extended_connect(&self) -> bool {
        self.extended_connect
    }

    /// The authority the request is for, checked: the `Host` field, which is
    /// also where HTTP/2's `:authority` is found, or with HTTP/1.0 the
    /// target's. When both stand there, they agree.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self.host {
            Some(span) => std::str::from_utf8(self.section.bytes(span)).ok(),
            None => canonical::target(self.method(), self.target()).ok()?.authority,
        }
    }

    /// All fields, in the order and case they came in.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.section.fields()
    }

    /// The fields that go on to the next hop. Left out are `Connection` and
    /// what it nominates, `Keep-Alive`, `Proxy-*`, `TE` (unless `trailers`),
    /// `Upgrade`, and the framing, which the writer makes itself. `Host` goes
    /// on as it came; protected fields are not filtered here.
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

/// One protocol, maybe with a version, and not `h2c`, which no proxy may pass
/// on.
pub(crate) fn is_upgrade(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'/');
    let is_proper = |part: &[u8]| !part.is_empty() && part.iter().copied().all(is_token);
    let is_one = parts.clone().count() <= 2 && parts.all(is_proper);
    is_one && !value.eq_ignore_ascii_case(b"h2c")
}
