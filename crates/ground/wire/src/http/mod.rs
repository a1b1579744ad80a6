//! What a message says, whichever version of HTTP it came in: heads, trailers,
//! framing (RFC 9110). `http1` and `http2` read them from bytes and write them;
//! everything behind sees only this form.

mod control;
mod framing;
mod progress;
mod request;
mod response;
mod section;
mod trailers;

pub use control::ControlError;
pub(crate) use control::{Coding, Control};
pub use framing::{Framing, Version};
pub(crate) use progress::Progress;
pub use request::RequestHead;
pub(crate) use request::{Line, is_upgrade};
pub use response::ResponseHead;
pub use section::SectionError;
pub(crate) use section::{Found, Section, Underscores};
pub use trailers::Trailers;
