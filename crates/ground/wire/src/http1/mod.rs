//! HTTP/1.1 without sockets: bytes in, heads and body ranges out, and back
//! (RFC 9112). Strict where leniency would let two readers disagree about
//! where a message ends. It neither routes nor judges.

mod body;
mod control;
mod error;
mod framing;
mod request;
mod response;
mod scan;
mod section;
mod write;

pub use body::{BodyDecoder, Step};
pub use control::ControlError;
pub use error::{BodyError, RequestError, ResponseError};
pub use framing::{Framing, Version};
pub use request::RequestHead;
pub use response::ResponseHead;
pub use section::SectionError;
pub use write::{
    CHUNK_END, HEAD_END, write_chunk_head, write_field, write_framing, write_last_chunk,
    write_request_line, write_status_line,
};
