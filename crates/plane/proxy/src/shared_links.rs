//! HTTP/2 connections to upstreams, shared by many exchanges of one core, and
//! the turn of who may open the next one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use net::http2::Mux;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::far::Slot;

/// A connection rests on the certificates it was made with; new streams are
/// opened on it for so long at most.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);

/// The shared connections of one core.
#[derive(Default)]
pub(crate) struct SharedLinks {
    open: RefCell<HashMap<Slot, Vec<Shared>>>,
    dialling: RefCell<HashMap<Slot, Rc<Outcome>>>,
    /// How often everything was dropped.
    epoch: Cell<u64>,
}

struct Shared {
    mux: Mux,
    opened: Instant,
}

/// What came of a dial, for who waits for it.
#[derive(Default)]
struct Outcome {
    epoch: u64,
    is_over: Cell<bool>,
    error: RefCell<Option<String>>,
    told: Notify,
}

/// Whose turn it is to dial.
pub(crate) enum Dial<'a> {
    Mine(Turn<'a>),
    Others(Waiting),
}

impl SharedLinks {
    /// A connection with room for one more stream.
    pub(crate) fn take(&self, slot: Slot) -> Option<Mux> {
        let mut open = self.open.borrow_mut();
        let list = open.get_mut(&slot)?;
        list.retain(|shared| !shared.mux.is_over());
        let is_good = |shared: &&Shared| shared.mux.can_open() && shared.opened.elapsed() < AGE_MAX;
        list.iter().find(is_good).map(|shared| shared.mux.clone())
    }

    /// The turn to dial, or the outcome of whose turn it is.
    pub(crate) fn dial(&self, slot: Slot) -> Dial<'_> {
        let mut dialling = self.dialling.borrow_mut();
        if let Some(outcome) = dialling.get(&slot) {
            return Dial::Others(Waiting(Rc::clone(outcome)));
        }
        let outcome = Rc::new(Outcome { epoch: self.epoch.get(), ..Outcome::default() });
        dialling.insert(slot, Rc::clone(&outcome));
        Dial::Mine(Turn { links: self, slot, outcome })
    }

    /// Ends what has carried nothing since before `oldest`, is too old for new
    /// streams, or takes no more.
    pub(crate) fn sweep(&self, oldest: Instant) {
        self.open.borrow_mut().retain(|_, list| {
            list.retain(|shared| {
                let is_idle = shared.mux.idle_since().is_some_and(|since| since < oldest);
                let is_old = shared.opened.elapsed() > AGE_MAX;
                if is_idle || is_old {
                    shared.mux.shut_down();
                }
                !(is_idle || is_old || shared.mux.is_over())
            });
            !list.is_empty()
        });
    }

    /// No new stream is opened on what is there; open ones go on.
    pub(crate) fn clear(&self) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        for (_, list) in self.open.borrow_mut().drain() {
            list.iter().for_each(|shared| shared.mux.shut_down());
        }
    }

    /// The same for one upstream instance.
    pub(crate) fn empty(&self, slot: Slot) {
        if let Some(list) = self.open.borrow_mut().remove(&slot) {
            list.iter().for_each(|shared| shared.mux.shut_down());
        }
    }
}

/// The turn to dial; dropped without an outcome, the next one dials.
pub(crate) struct Turn<'a> {
    links: &'a SharedLinks,
    slot: Slot,
    outcome: Rc<Outcome>,
}

impl Turn<'_> {
    pub(crate) fn succeeded(self, mux: Mux) {
        // Begun before everything was dropped, it rests on what is gone: it
        // serves who dialled it and nobody else.
        if self.outcome.epoch != self.links.epoch.get() {
            return mux.shut_down();
        }
        let mut open = self.links.open.borrow_mut();
        open.entry(self.slot).or_default().push(Shared { mux, opened: Instant::now() });
    }

    pub(crate) fn failed(self, error: &str) {
        *self.outcome.error.borrow_mut() = Some(error.to_owned());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.links.dialling.borrow_mut().remove(&self.slot);
        self.outcome.is_over.set(true);
        self.outcome.told.notify_waiters();
    }
}

/// Waits for somebody else's dial.
pub(crate) struct Waiting(Rc<Outcome>);

impl Waiting {
    /// The error it ended with; `None`: look again.
    pub(crate) async fn wait(self) -> Option<String> {
        let told = self.0.told.notified();
        if !self.0.is_over.get() {
            told.await;
        }
        self.0.error.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_second_shares_the_outcome_of_the_first() {
        let links = SharedLinks::default();
        let Dial::Mine(turn) = links.dial(1) else { panic!("the first") };
        let Dial::Others(second) = links.dial(1) else { panic!("the second") };
        let Dial::Others(third) = links.dial(1) else { panic!("the third") };
        assert!(matches!(links.dial(2), Dial::Mine(_)));
        let waiting = async { tokio::join!(second.wait(), third.wait()) };
        let failing = async { turn.failed("nobody there") };
        let ((second, third), ()) = tokio::join!(waiting, failing);
        assert_eq!(second.as_deref(), Some("nobody there"));
        assert_eq!(third, second);
        assert!(matches!(links.dial(1), Dial::Mine(_)), "the next one tries again");
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_passes_on() {
        let links = SharedLinks::default();
        let Dial::Mine(turn) = links.dial(1) else { panic!("the first") };
        let Dial::Others(second) = links.dial(1) else { panic!("the second") };
        drop(turn);
        assert_eq!(second.wait().await, None);
    }
}
