//! One request under way, with everything it needs besides its two ends: what
//! was asked, what is answered, what will be recorded.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;
use wire::http1::{RequestHead, ResponseHead};
use wire::traceparent::TraceParent;

use crate::grpc;
use crate::register::Listed;
use crate::right::{Asked, Right};
use crate::session::Session;
use crate::story::Story;
use crate::world::World;

/// An exchange on its way. An HTTP/1 connection uses one
/// again and again, so that a request allocates nothing of its own.
pub(crate) struct Errand {
    pub(crate) session: Rc<Session>,
    /// Its entry in the register.
    pub(crate) listed: Rc<Listed>,
    pub(crate) asked: Rc<RefCell<Asked>>,
    pub(crate) request: Box<RequestHead>,
    pub(crate) answer: Box<ResponseHead>,
    /// The canonical authority asked for, with its port once it is routed.
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) request_out: Vec<u8>,
    pub(crate) response_out: Vec<u8>,
    pub(crate) trace: Option<TraceParent>,
    /// The key of a WebSocket the door opens for a caller who needs none.
    pub(crate) key: Option<String>,
    /// An answer broke off: the end of an HTTP/1 connection has to show it.
    pub(crate) is_broken: bool,
    /// What is under way, until its record is made.
    pub(crate) story: Story,
}

/// What an idle HTTP/1 connection keeps of each of its output buffers.
const OUT_BYTES_KEPT: usize = 16 * 1024;

impl Errand {
    /// Listed before anything is looked up for it.
    pub(crate) fn of(session: Rc<Session>) -> Self {
        let asked: Rc<RefCell<Asked>> = Rc::default();
        let right =
            Right::Exchange { caller: Rc::clone(&session.caller), asked: Rc::clone(&asked) };
        let listed = Rc::new(session.core.register.list(session.door.number, right));
        Self {
            session,
            listed,
            asked,
            request: Box::default(),
            answer: Box::default(),
            host: String::new(),
            target: String::new(),
            request_out: Vec::new(),
            response_out: Vec::new(),
            trace: None,
            key: None,
            is_broken: false,
            story: Story::default(),
        }
    }

    /// Gives back what a large message needed.
    pub(crate) fn rest(&mut self) {
        for out in [&mut self.request_out, &mut self.response_out] {
            if out.capacity() > OUT_BYTES_KEPT {
                *out = Vec::new();
            }
        }
    }

    /// Forgets the exchange before and begins another in the present world.
    pub(crate) fn begin(&mut self, since: Instant) -> Arc<World> {
        self.host.clear();
        self.trace = None;
        self.key = None;
        let world = self.session.door.world();
        let id = self.session.core.decision_id();
        self.listed.begin_anew();
        let mut asked = self.asked.borrow_mut();
        asked.clear();
        asked.is_stream = grpc::is_grpc(&self.request);
        asked.world = Some(Arc::clone(&world));
        drop(asked);
        self.story = Story::begin(id, since);
        world
    }
}
