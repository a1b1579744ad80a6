//! What a decision is made of and what comes out: facts in, verdict out.

use model::Principal;

/// What the caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Open a connection, of which nothing else is known: a TCP port.
    Connect,
    /// Send an HTTP request.
    Http {
        /// The method as received.
        method: &'a str,
        /// The path in canonical form, without its query.
        path: &'a str,
    },
}

/// Everything a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who is asking, as proved on the connection.
    pub caller: &'a Principal,
    /// The port of the service that is asked.
    pub port: u16,
    /// What for.
    pub action: Action<'a>,
}

/// The outcome of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may happen.
    pub allowed: bool,
    /// The index of the rule that decided: the first deny rule that matched,
    /// else the first allow rule that did. `None` when none matched.
    pub rule: Option<usize>,
}
