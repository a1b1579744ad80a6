//! The doors: one engine behind three kinds of listener. A request is taken in,
//! identified, routed, decided, sent on and recorded, one file for each step,
//! and `exchange` tells it in order.
//!
//! It deliberately knows nothing of storage, authority or the control plane's
//! insides: what it runs on comes over sockets.

mod accept;
mod arrival;
mod balancing;
mod body;
mod buffer;
mod choose;
mod connect;
mod connection;
mod core;
mod cores;
mod decide;
mod disk;
mod door;
mod doors;
mod download;
mod entry;
mod exchange;
mod fault;
mod forward;
mod half;
mod identify;
mod keep;
mod keeper;
mod last_good;
mod lines;
mod listen;
mod loopback;
mod meters;
mod pool;
mod progress;
mod push;
mod record;
mod register;
mod report;
mod rewrite;
mod right;
mod route;
mod routed;
mod serve;
mod settings;
mod shared;
mod slice;
mod story;
mod stream;
mod streaming;
mod tunnel;
mod upload;
mod workload;
mod world;

pub use door::{DoorSpec, DoorStatus};
pub use doors::{DoorHandle, Doors};
pub use settings::DoorsConfig;
