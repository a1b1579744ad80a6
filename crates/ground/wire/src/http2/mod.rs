//! HTTP/2 without sockets (RFC 9113, RFC 7541): frames, header compression,
//! and the machine that keeps one connection. It neither routes nor judges.

mod error;
mod field;
pub mod frame;
pub mod hpack;
mod machine;
mod pseudo;
mod request;
mod response;
pub mod settings;

pub use error::{ErrorCode, MalformedHead};
pub use hpack::{FieldList, HpackError};
pub use machine::{Block, Event, Machine, RequestLine, SendError, StreamId};
