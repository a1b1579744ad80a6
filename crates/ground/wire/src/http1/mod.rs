//! HTTP/1.1 without sockets: bytes in, heads and body ranges out, and back
//! (RFC 9112). Strict where leniency would let two readers disagree about
//! where a message ends. It neither routes nor judges.

mod body;
mod error;
mod lines;
mod request;
mod response;
mod scan;
mod version;
mod write;

pub use crate::http::{
    ControlError, Framing, RequestHead, ResponseHead, SectionError, Trailers, Version,
};
pub use body::{BodyDecoder, Step};
pub use error::{BodyError, RequestError, ResponseError};
pub use write::{
    CHUNK_END, HEAD_END, write_chunk_head, write_field, write_framing, write_last_chunk,
    write_request_line, write_status_line,
};
