//! Whole connections: against ourselves, and against the `h2` crate as either
//! side.

mod both;
mod chaos;
mod cost;
mod endings;
mod h2_client;
mod h2_server;
mod patience;
mod raw;
mod rig;
mod sharing;
mod tls;
