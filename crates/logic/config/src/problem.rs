//! What a person who wrote a document is told: where it is wrong, how, and
//! what to write instead. Problems are collected, never thrown: one run
//! reports them all.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// One text to read documents from: a file, the standard input, a stored
/// document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name problems are reported under, normally a path.
    pub name: String,
    /// YAML (one or several documents) or JSON.
    pub text: String,
}

/// A position in a source; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A value with the place it was written at. Two of them are equal when their
/// values are: where a thing stands doesn't change what it says.
#[derive(Clone, Copy, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

impl<T> At<T> {
    /// A value that nobody wrote, such as a default: it stands at 0:0.
    pub const fn nowhere(value: T) -> Self {
        Self { value, place: Place { line: 0, column: 0 } }
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for At<T> {}

/// Whether a problem stops the documents from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The documents are refused.
    Error,
    /// The documents mean something, though probably not what was intended.
    Warning,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The source it stands in.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong, in one line.
    pub message: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
    /// Whether it stops the documents from being used.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, ": {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Where the problems of one source are collected.
#[derive(Debug)]
pub(crate) struct Log {
    file: Arc<str>,
    problems: Vec<Problem>,
}

impl Log {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self { file, problems: Vec::new() }
    }

    pub(crate) fn file(&self) -> Arc<str> {
        Arc::clone(&self.file)
    }

    /// Reports an error without a hint.
    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.report(place, Severity::Error, message.into(), None);
    }

    /// Reports an error and what to write instead.
    pub(crate) fn error_with(
        &mut self,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(place, Severity::Error, message.into(), Some(hint.into()));
    }

    /// Reports an error, and what to write instead where that is known.
    pub(crate) fn error_maybe(
        &mut self,
        place: Place,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.report(place, Severity::Error, message.into(), hint);
    }

    /// Reports something that is allowed and probably not meant.
    pub(crate) fn warn(
        &mut self,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(place, Severity::Warning, message.into(), Some(hint.into()));
    }

    /// How many problems there are so far.
    pub(crate) fn count(&self) -> usize {
        self.problems.len()
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    fn report(&mut self, place: Place, severity: Severity, message: String, hint: Option<String>) {
        let Place { line, column } = place;
        let file = self.file.to_string();
        let (message, hint) = (in_one_line(message), hint.map(in_one_line));
        self.problems.push(Problem { file, line, column, message, hint, severity });
    }
}

/// What a document says is quoted in problems, and problems are read on
/// terminals: nothing in it may end the line or speak to the terminal.
fn in_one_line(text: String) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if breaks(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// By place within a file; files keep the order they came in.
pub(crate) fn by_place(a: &Problem, b: &Problem) -> Ordering {
    (a.line, a.column).cmp(&(b.line, b.column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_can_not_end_the_line_or_speak_to_the_terminal() {
        let mut log = Log::new("a.yaml".into());
        log.error_with(Place::default(), "unknown field `la\nbel\u{1b}[2J`", "\u{2028}\u{85}é");
        let problem = log.into_problems().remove(0);
        assert_eq!(problem.message, "unknown field `la\\nbel\\u{1b}[2J`");
        assert_eq!(problem.hint.as_deref(), Some("\\u{2028}\\u{85}é"));
    }
}
