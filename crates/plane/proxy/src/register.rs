//! The live register of one core: every open connection and every exchange is
//! in it before its rights are looked up, so that a swap, which stores first
//! and re-judges afterwards, can't miss one that is just being opened.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use identity::Bundles;
use model::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::right::Right;
use crate::shown::Shown;
use crate::world::World;

/// An ordinary request that was allowed when it came may end within this; then
/// it is cut like a stream. Streams are cut at once.
const GRACE: Duration = Duration::from_millis(1500);

/// A connection's or exchange's own end of its entry.
pub(crate) struct Listed {
    register: Weak<Register>,
    key: u64,
    entry: Rc<Entry>,
}

struct Entry {
    door: u64,
    right: RefCell<Right>,
    shown: RefCell<Option<Shown>>,
    why: Cell<Option<&'static str>>,
    /// When it is over, once it is told to end.
    due: Cell<Option<Instant>>,
    told: Notify,
}

impl Listed {
    /// Says what it turned out to be for.
    pub(crate) fn holds(&self, right: Right) {
        *self.entry.right.borrow_mut() = right;
    }

    /// Keeps what the other end has shown, to be judged again.
    pub(crate) fn shows(&self, shown: Shown) {
        *self.entry.shown.borrow_mut() = Some(shown);
    }

    /// One thing has ended and another begins under the same entry: what was
    /// said of the first is not said of the second. What holds for the whole
    /// connection is said to its own entry.
    pub(crate) fn begin_anew(&self) {
        self.entry.why.set(None);
        self.entry.due.set(None);
    }

    /// Whether it has to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.entry.why.get().is_some()
    }

    /// Nobody has said that it ends.
    #[cfg(test)]
    pub(crate) fn is_held(&self) -> bool {
        self.entry.why.get().is_none()
    }

    /// Waits until it has to end, and says why.
    pub(crate) async fn cut(&self) -> &'static str {
        loop {
            if let (Some(why), Some(due)) = (self.entry.why.get(), self.entry.due.get()) {
                if Instant::now() >= due {
                    return why;
                }
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.entry.told.notified() => {}
                }
            } else {
                self.entry.told.notified().await;
            }
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(register) = self.register.upgrade() {
            register.open.borrow_mut().remove(&self.key);
        }
    }
}

/// All open connections and exchanges of one core.
#[derive(Default)]
pub(crate) struct Register {
    next: Cell<u64>,
    open: RefCell<HashMap<u64, Rc<Entry>>>,
}

impl Register {
    /// Lists something of a door. It leaves the list when dropped.
    pub(crate) fn list(self: &Rc<Self>, door: u64, right: Right) -> Listed {
        let key = self.next.get();
        self.next.set(key.wrapping_add(1));
        let entry = Rc::new(Entry {
            door,
            right: RefCell::new(right),
            shown: RefCell::default(),
            why: Cell::default(),
            due: Cell::default(),
            told: Notify::new(),
        });
        self.open.borrow_mut().insert(key, Rc::clone(&entry));
        Listed { register: Rc::downgrade(self), key, entry }
    }

    /// Ends what the given world no longer allows: streams at once, ordinary
    /// requests when they have had the time to end by themselves.
    pub(crate) fn rejudge(&self, door: u64, world: &World) {
        for entry in self.open.borrow().values().filter(|entry| entry.door == door) {
            let right = entry.right.borrow();
            if let Err(why) = right.still_holds(world) {
                let grace = if right.is_stream() { Duration::ZERO } else { GRACE };
                entry.end(why, grace);
            }
        }
    }

    /// Ends the connections of a door whose callers nobody vouches for any more,
    /// and what is served on them with them.
    pub(crate) fn retrust(&self, door: u64, bundles: &Bundles, now: Timestamp) {
        for entry in self.open.borrow().values().filter(|entry| entry.door == door) {
            let shown = entry.shown.borrow();
            if shown.as_ref().is_some_and(|shown| !shown.still_holds(bundles, now)) {
                entry.end("the authority behind the caller is no longer trusted", Duration::ZERO);
            }
        }
    }

    /// Ends everything of one door, or of all.
    pub(crate) fn end(&self, door: Option<u64>, why: &'static str) {
        for entry in self.open.borrow().values() {
            if door.is_none_or(|door| door == entry.door) {
                entry.end(why, Duration::ZERO);
            }
        }
    }
}

impl Entry {
    /// The first reason stays; the time may only come nearer.
    fn end(&self, why: &'static str, grace: Duration) {
        let due = Instant::now() + grace;
        if self.why.get().is_none() {
            self.why.set(Some(why));
        }
        let nearer = self.due.get().is_none_or(|before| due < before);
        if nearer {
            self.due.set(Some(due));
        }
        self.told.notify_waiters();
        self.told.notify_one();
    }
}

#[cfg(test)]
mod tests;
