//! The open streams of a connection, by id, and the slots kept for the next.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::time::Instant;
use wire::http2::StreamId;

use super::slot::{Cut, Slot};

/// Slots kept for the streams to come.
const SPARE_MAX: usize = 16;

/// All streams whose owner has not dropped them.
pub(super) struct Roster {
    /// In the order of their ids, which only grow.
    open: RefCell<Vec<Rc<Slot>>>,
    spare: RefCell<Vec<Rc<Slot>>>,
    idle_since: Cell<Option<Instant>>,
}

impl Roster {
    pub(super) fn new() -> Self {
        Self {
            open: RefCell::default(),
            spare: RefCell::default(),
            idle_since: Cell::new(Some(Instant::now())),
        }
    }

    /// Since when no stream is open; none while one is.
    pub(super) const fn idle_since(&self) -> Option<Instant> {
        self.idle_since.get()
    }

    pub(super) fn len(&self) -> usize {
        self.open.borrow().len()
    }

    /// Whether some stream is still to receive or to send.
    pub(super) fn is_working(&self) -> bool {
        self.open.borrow().iter().any(|slot| slot.cut.get().is_none() && !slot.is_complete())
    }

    /// The stream of this id, if it is still open.
    pub(super) fn find(&self, id: StreamId) -> Option<Rc<Slot>> {
        let open = self.open.borrow();
        let at = open.binary_search_by_key(&id, |slot| slot.id.get()).ok()?;
        open.get(at).cloned()
    }

    /// Lists a new stream.
    pub(super) fn add(&self, id: StreamId) -> Rc<Slot> {
        let spare = self.spare.borrow_mut().pop();
        let slot = spare.unwrap_or_else(|| Rc::new(Slot::new(id)));
        slot.id.set(id);
        let mut open = self.open.borrow_mut();
        let at = open.partition_point(|slot| slot.id.get() < id);
        open.insert(at, slot.clone());
        self.idle_since.set(None);
        slot
    }

    /// Strikes a stream off. Its slot is used again unless somebody holds it.
    pub(super) fn remove(&self, slot: &mut Rc<Slot>) {
        let id = slot.id.get();
        let mut open = self.open.borrow_mut();
        if let Ok(at) = open.binary_search_by_key(&id, |slot| slot.id.get()) {
            // Not the last reference: the caller has one.
            drop(open.remove(at));
        }
        if open.is_empty() {
            self.idle_since.set(Some(Instant::now()));
        }
        drop(open);
        let Some(own) = Rc::get_mut(slot) else { return };
        own.renew(id);
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_MAX {
            spare.push(slot.clone());
        }
    }

    /// Cuts off every stream.
    pub(super) fn cut_all(&self, cut: Cut) {
        let open = self.open.borrow().clone();
        for slot in open {
            slot.cut(cut);
        }
    }
}
