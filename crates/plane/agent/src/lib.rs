//! The agent of one host: proves by kernel facts who a local process is, and
//! hands it the identities it is entitled to over the SPIFFE Workload API.
//!
//! It deliberately decides nothing about traffic and holds no authority's
//! key: identities come from the authority, over its socket, one key each.

mod accept;
mod agent;
mod authority;
mod bundle_file;
mod entitlements;
mod event;
mod follow;
mod issue;
mod judge;
mod keyring;
mod link;
mod peer;
mod pins;
mod places;
mod steward;
mod svid;
mod view;
mod workload;

pub use agent::{Agent, AgentConfig, AgentError, start};
pub use event::Event;
