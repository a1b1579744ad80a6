//! One HTTP/2 connection without sockets (RFC 9113): bytes in, events out, and
//! frames to write, for either side. It keeps stream states, windows and
//! budgets; it has no clock, and it neither routes nor judges.

mod block;
mod body_in;
mod budget;
mod control_in;
mod end;
mod event;
mod fault;
mod heads_in;
mod output;
mod past;
mod receive;
mod send;
mod state;
mod stream;
mod streams;
mod turns;
mod ward;
mod window;

pub use block::Block;
pub use event::{Event, RequestLine, SendError, StreamId};
pub use state::Machine;

#[cfg(test)]
mod tests;
