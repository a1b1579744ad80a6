//! One caller's connection, as everything that is served on it sees it: who is
//! there, where it came in, the rules left for it. An HTTP/1 connection serves
//! one exchange at a time, an HTTP/2 connection many; they share this.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use net::accept::Slot;
use policy::Narrowed;
use tokio::time::Instant;

use crate::caller::Caller;
use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::meters::Meters;
use crate::register::Listed;

/// An open connection whose other end is known.
pub(crate) struct Session {
    pub(crate) core: Rc<Core>,
    pub(crate) door: Arc<Door>,
    pub(crate) entry: Arc<Entry>,
    /// The connection's own entry in the register.
    pub(crate) listed: Rc<Listed>,
    pub(crate) from: SocketAddr,
    pub(crate) caller: Rc<Caller>,
    /// The server name asked for in the TLS handshake.
    pub(crate) sni: Option<String>,
    /// The service port an inbound connection is for.
    pub(crate) inbound_port: Option<u16>,
    /// The rules left for this caller, as of a world's version.
    pub(crate) narrowed: RefCell<Option<(u64, Narrowed)>>,
    pub(crate) meters: RefCell<Meters>,
    pub(crate) opened: Instant,
    /// The place under the listener's cap.
    pub(crate) _place: Slot,
}
