//! The fields behind a body, whichever version it came in: only those that
//! may stand there (RFC 9110, section 6.5.1; H1-11).

use super::section::Section;
use crate::header::is_never_trailing;

/// The trailer section of one message; empty until its body has ended.
#[derive(Clone, Debug, Default)]
pub struct Trailers {
    pub(crate) section: Section,
}

impl Trailers {
    /// No trailers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the content and keeps the buffers.
    pub fn clear(&mut self) {
        self.section.clear();
    }

    /// Holds back what has no business behind a body: framing, routing,
    /// identity and whatever else belongs into a head.
    pub(crate) fn judge(&mut self) {
        self.section.hold_back(|_, name, _| is_never_trailing(name));
    }

    /// The fields that may go on, in the order and case they came in.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.section.passed_on()
    }
}
