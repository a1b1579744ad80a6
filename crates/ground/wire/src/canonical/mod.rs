//! One spelling for each thing a request names: target, path, host (RFC 3986,
//! section 6). Routing and rules see only the canonical form, and it is also
//! what goes upstream. What has two readings is refused, not guessed.

mod authority;
mod error;
mod path;
mod target;

pub use authority::{Authority, HostPort, authority};
pub use error::CanonicalError;
pub use path::{path, path_keeping_slashes};
pub use target::{Form, Target, target};
