//! Whose fault a failure is, and whether trying again is safe: the two
//! questions every error type of this project answers.

/// Who has to change something for the failure to go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The caller sent something that can't be served.
    Caller,
    /// The service behind the door failed or is away.
    Upstream,
    /// The configuration is wrong or incomplete; an operator mends it.
    Operator,
    /// Postern itself failed.
    Us,
}

impl Blame {
    /// One lower-case word, as it stands in the access log and in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Upstream => "upstream",
            Self::Operator => "operator",
            Self::Us => "postern",
        }
    }
}

/// Whether the same request may be sent again by whoever saw the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// No byte reached the other side: sending it again can't do a thing twice.
    Safe,
    /// The other side may have acted on it.
    Unsafe,
}
