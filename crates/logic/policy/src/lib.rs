//! Who may do what: rules, the naive evaluator that is their meaning, the
//! compiled form that is held to it, explanations, and the [`Permit`] without
//! which nothing is opened.
//!
//! It deliberately does no input or output, no logging, and keeps no clock.

mod clause;
mod compiled;
mod explain;
mod facts;
mod grpc;
mod http;
pub mod naive;
mod path;
mod permit;
mod rule;
mod template;
mod trie;

pub use clause::Clause;
pub use compiled::{Compiled, Narrowed};
pub use explain::{Explanation, explain};
pub use facts::{Action, Facts, Verdict};
pub use grpc::{GrpcMatch, ParseGrpcMatchError};
pub use http::{HttpMatch, ParseHttpMatchError};
pub use permit::{Denied, Permit};
pub use rule::{Effect, From, NobodyNamed, Rule, RuleName};
pub use template::{ParseTemplateError, PathTemplate};
