//! Why a target, path or host has no canonical form.

use model::Blame;

/// What is wrong with it, in words that repeat nothing a stranger sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Not a form the method may have (RFC 9112, section 3.2).
    #[error("the target has no form this method may have")]
    Form,
    /// An absolute target with a scheme other than http and https.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// A control character, a blank, or a byte outside ASCII.
    #[error("there is a character that has to be escaped")]
    Character,
    /// `#` or `\` where no such thing belongs.
    #[error("there is a `#` or a backslash in the path")]
    Delimiter,
    /// Nothing, `.` or `..` before a `;`: backends that cut parameters off
    /// would find another directory than the rules saw.
    #[error("a path segment has parameters and no name")]
    Parameter,
    /// `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("there is a malformed percent escape")]
    Escape,
    /// An escaped slash, backslash or control character, or a look-alike of
    /// one.
    #[error("there is an escape that some would read as a delimiter")]
    EscapedDelimiter,
    /// The host is empty or not well formed.
    #[error("the host is not well formed")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

impl CanonicalError {
    /// Always 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        400
    }

    /// The caller's, always.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }
}
