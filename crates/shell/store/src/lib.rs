//! The journal: revisioned keys with compare-and-swap transactions, ranges,
//! watches and leases, in the shape etcd has them. This engine is one file.
//!
//! It deliberately knows nothing of what the values mean, keeps no clock
//! (whoever calls says what time it is) and elects nobody.

mod codec;
mod database;
mod engine;
mod entry;
mod fault;
mod lease;
mod log;
mod open;
mod refused;
mod rehearsal;
mod ring;
mod slot;
mod store;
mod txn;
mod watch;

#[cfg(test)]
mod disk;

pub use entry::{Entry, Revision};
pub use fault::StoreError;
pub use lease::LeaseId;
pub use log::{Change, Event};
pub use refused::OpenError;
pub use ring::{Bounds, Ring, Row, SetAside};
pub use store::{Range, Store};
pub use txn::{Compare, KEY_BYTES_MAX, OPS_MAX, Op, Outcome, Txn, VALUE_BYTES_MAX};
pub use watch::{Watch, Watched};
