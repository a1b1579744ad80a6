//! The control plane by itself, over its sockets only: documents go in by the
//! admin API, identities come out by the authority, and a door of ours is
//! pushed to under mTLS. No other plane is needed for any of it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod admin;
mod door;
mod mesh;
mod push;
mod restart;
