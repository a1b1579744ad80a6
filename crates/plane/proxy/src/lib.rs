//! The doors: one engine behind three kinds of listener. A request is taken in,
//! identified, routed, decided, sent on and recorded, one file for each step,
//! and `exchange` tells it in order.
//!
//! It deliberately knows nothing of storage, authority or the control plane's
//! insides: what it runs on comes over sockets.

mod accept;
mod arrival;
mod balancing;
mod buffer;
mod caller;
mod choose;
mod connect;
mod core;
mod cores;
mod decide;
mod disk;
mod door;
mod doors;
mod download;
mod entry;
mod errand;
mod exchange;
mod far;
mod fault;
mod flow;
mod forward;
mod funnel;
mod grpc;
mod half;
mod http;
mod http1;
mod http2;
mod identify;
mod keep;
mod keeper;
mod last_good;
mod lines;
mod listen;
mod loopback;
mod meters;
mod near;
mod patience;
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
mod session;
mod settings;
mod shared;
mod shared_links;
mod shown;
mod slice;
mod spoken;
mod story;
mod stream;
mod streaming;
mod switch;
mod told;
mod tunnel;
mod upload;
mod websocket;
mod workload;
mod world;

pub use door::{DoorSpec, DoorStatus};
pub use doors::{DoorHandle, Doors};
pub use settings::DoorsConfig;
