//! A value many read and few replace: reading takes no lock, and whoever
//! wants to can wait for the next replacement.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

/// Holds the present value of something. `load` is wait-free and cheap enough
/// for a hot path; `store` replaces the value for every reader at once.
///
/// Versions count the replacements from 0. The value is stored before the
/// version moves: who reads the version first and the value second never
/// holds a value older than the version says.
#[derive(Debug)]
pub struct Swap<T> {
    value: ArcSwap<T>,
    version: watch::Sender<u64>,
}

impl<T> Swap<T> {
    /// A cell holding `value`, at version 0.
    pub fn new(value: T) -> Self {
        Self { value: ArcSwap::from_pointee(value), version: watch::Sender::new(0) }
    }

    /// The present value, to be used briefly: not to be kept across awaits.
    pub fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }

    /// The present value, to keep as long as one likes.
    pub fn load_full(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// Replaces the value and wakes who waits.
    pub fn store(&self, value: T) {
        self.value.store(Arc::new(value));
        self.version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// How often the value has been replaced.
    pub fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Waits until the version is another than `since` and returns it; at
    /// once when it already is. Cancelling loses nothing.
    pub async fn changed(&self, since: u64) -> u64 {
        let mut versions = self.version.subscribe();
        // The sender lives in `self`, so the wait cannot end by its loss.
        versions.wait_for(|version| *version != since).await.map_or(since, |version| *version)
    }

    /// A receiver of versions, for loops that select over several sources.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

impl<T: Default> Default for Swap<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_see_the_last_value_stored() {
        let cell = Swap::new(1);
        let kept = cell.load_full();
        cell.store(2);
        assert_eq!((*kept, **cell.load(), cell.version()), (1, 2, 1));
    }

    #[tokio::test]
    async fn a_change_that_already_happened_is_not_waited_for() {
        let cell = Swap::new("old");
        cell.store("new");
        assert_eq!(cell.changed(0).await, 1);
    }

    #[tokio::test]
    async fn a_waiter_wakes_on_the_next_change_and_sees_its_value() {
        let cell = Arc::new(Swap::new(0));
        let since = cell.version();
        let waiter = tokio::spawn({
            let cell = Arc::clone(&cell);
            async move {
                cell.changed(since).await;
                **cell.load()
            }
        });
        tokio::task::yield_now().await;
        cell.store(7);
        assert_eq!(waiter.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_waiter_does_not_wake_without_a_change() {
        let cell = Swap::new(0);
        let mut changed = std::pin::pin!(cell.changed(0));
        let first = futures_poll(&mut changed).await;
        assert!(first.is_pending());
        cell.store(1);
        assert_eq!(changed.await, 1);
    }

    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
        std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx)))
            .await
    }
}
