//! HTTP/2 as attackers speak it: raw frames, a client that sends and hears
//! them, a recording backend that can lie. None of it is the
//! product's code.

mod aim;
mod answer;
mod backend;
pub mod frame;
pub mod hpack;
mod hpack_tables;
mod ledger;
mod speech;
mod talk;

pub use aim::{Aim, App};
pub use answer::Answer;
pub use backend::Http2Backend;
pub use ledger::{Ledger, Stream};
pub use speech::Speech;
pub use talk::Talk;
