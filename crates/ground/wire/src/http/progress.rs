//! How far the search for the end of a head has come. Only HTTP/1 searches,
//! but a head carries it along, so that one value is all a connection keeps.

/// Positions in the bytes offered so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Looked at up to here.
    pub(crate) at: usize,
    /// Where the line begins that `at` is in.
    pub(crate) line: usize,
    /// Lines that have ended.
    pub(crate) lines: usize,
}
