//! The live register of one core: every open connection is in it before its
//! rights are looked up, so that a swap, which stores first and re-judges
//! afterwards, can't miss one that is just being opened.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use tokio::sync::Notify;

use crate::right::Right;
use crate::world::World;

/// A connection's own end of its entry.
#[derive(Debug)]
pub(crate) struct Listed {
    core: Weak<Register>,
    key: u64,
    cut: Rc<Cut>,
}

/// The string by which a connection is ended from outside.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    why: Cell<Option<&'static str>>,
    told: Notify,
}

impl Listed {
    /// Says what the connection turned out to be for.
    pub(crate) fn holds(&self, right: Right) {
        if let Some(register) = self.core.upgrade()
            && let Some(entry) = register.open.borrow_mut().get_mut(&self.key)
        {
            entry.right = right;
        }
    }

    /// Waits until the connection has to end, and says why.
    pub(crate) async fn cut(&self) -> &'static str {
        loop {
            if let Some(why) = self.cut.why.get() {
                return why;
            }
            self.cut.told.notified().await;
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(register) = self.core.upgrade() {
            register.open.borrow_mut().remove(&self.key);
        }
    }
}

struct Entry {
    door: u64,
    right: Right,
    cut: Rc<Cut>,
}

/// All open connections of one core.
#[derive(Default)]
pub(crate) struct Register {
    next: Cell<u64>,
    open: RefCell<HashMap<u64, Entry>>,
}

impl Register {
    /// Lists a connection of a door. It leaves the list when dropped.
    pub(crate) fn list(self: &Rc<Self>, door: u64) -> Listed {
        let key = self.next.get();
        self.next.set(key.wrapping_add(1));
        let cut = Rc::new(Cut::default());
        let entry = Entry { door, right: Right::Undecided, cut: cut.clone() };
        self.open.borrow_mut().insert(key, entry);
        Listed { core: Rc::downgrade(self), key, cut }
    }

    /// Ends what the given world no longer allows.
    pub(crate) fn rejudge(&self, door: u64, world: &World) {
        for entry in self.open.borrow().values().filter(|entry| entry.door == door) {
            if let Err(why) = world.still_allows(&entry.right) {
                entry.end(why);
            }
        }
    }

    /// Ends everything of one door, or of all.
    pub(crate) fn end(&self, door: Option<u64>, why: &'static str) {
        for entry in self.open.borrow().values() {
            if door.is_none_or(|door| door == entry.door) {
                entry.end(why);
            }
        }
    }
}

impl Entry {
    fn end(&self, why: &'static str) {
        self.cut.why.set(Some(why));
        self.cut.told.notify_waiters();
        self.cut.told.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_ended_hears_why_even_when_it_listens_later() {
        let register = Rc::new(Register::default());
        let (mine, other) = (register.list(1), register.list(2));
        register.end(Some(1), "drained");
        assert_eq!(mine.cut().await, "drained");
        assert!(other.cut.why.get().is_none());
        drop(mine);
        assert_eq!(register.open.borrow().len(), 1);
    }
}
