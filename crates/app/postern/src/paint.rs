//! Colours, where a person looks: only on a terminal and never against
//! NO_COLOR.

use std::io::IsTerminal;

/// What a piece of text means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tint {
    /// Nothing special.
    Plain,
    /// As it should be.
    Good,
    /// On its way, or worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of less interest.
    Dim,
    /// A heading.
    Bold,
}

impl Tint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Bad => "\x1b[31m",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
        }
    }
}

/// `text` in its colour when `on`.
pub(crate) fn paint(text: &str, tint: Tint, on: bool) -> String {
    if !on || tint == Tint::Plain || text.is_empty() {
        return text.to_owned();
    }
    format!("{}{text}\x1b[0m", tint.code())
}

/// Whether `stream` shows colours.
pub(crate) fn is_colourful(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !refused && !dumb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_text_is_untouched() {
        assert_eq!(paint("a", Tint::Bad, false), "a");
        assert_eq!(paint("a", Tint::Plain, true), "a");
        assert_eq!(paint("a", Tint::Bad, true), "\x1b[31ma\x1b[0m");
    }
}
