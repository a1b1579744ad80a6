//! Idle upstream connections of one core, kept by slot: one slot for each
//! pair of upstream and address, so that a connection made for one service
//! can never carry a request for another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::far::{Far, Link, Slot};
use crate::shared_links::SharedLinks;

/// A connection rests on the certificates it was made with; it is used for so
/// long at most.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);

/// The idle connections of one core.
#[derive(Default)]
pub(crate) struct Pool {
    /// Connections that many exchanges share.
    pub(crate) shared: SharedLinks,
    /// Since when connections count: those made before everything was dropped
    /// rest on what is gone.
    since: Cell<Option<Instant>>,
    idle: RefCell<HashMap<Slot, Vec<(Instant, Link)>>>,
}

impl Pool {
    /// The connection that has been idle for the shortest time, if one is
    /// still open and silent. Dead ones found on the way are dropped.
    pub(crate) async fn take(&self, slot: Slot, oldest: Instant) -> Option<Link> {
        loop {
            let (since, mut link) = self.idle.borrow_mut().get_mut(&slot)?.pop()?;
            if since < oldest {
                // The rest has been idle for longer still.
                self.idle.borrow_mut().remove(&slot);
                return None;
            }
            if link.opened.elapsed() > AGE_MAX {
                continue;
            }
            let quiet = poll_fn(|cx| Poll::Ready(link.stream.get_mut().is_quiet(cx))).await;
            if quiet && link.input.is_empty() {
                return Some(link);
            }
        }
    }

    /// Puts a connection back; the oldest makes room when there are `max`.
    pub(crate) fn give(&self, slot: Slot, far: Far, max: usize) {
        let Far::One(mut link) = far else { return };
        if self.since.get().is_some_and(|since| link.opened <= since) {
            return;
        }
        link.used = true;
        link.input.rest();
        let mut idle = self.idle.borrow_mut();
        let list = idle.entry(slot).or_default();
        if list.len() >= max && !list.is_empty() {
            list.remove(0);
        }
        if max > 0 {
            list.push((Instant::now(), link));
        }
    }

    /// Drops what has been idle since before `oldest`.
    pub(crate) fn sweep(&self, oldest: Instant) {
        self.idle.borrow_mut().retain(|_, list| {
            list.retain(|(since, _)| *since >= oldest);
            !list.is_empty()
        });
        self.shared.sweep(oldest);
    }

    /// Drops everything: what some of it rests on is gone, and connections are
    /// cheap.
    pub(crate) fn clear(&self) {
        self.since.set(Some(Instant::now()));
        self.idle.borrow_mut().clear();
        self.shared.clear();
    }

    /// Drops everything in a slot: its upstream is gone or not trusted now.
    pub(crate) fn empty(&self, slot: Slot) {
        self.idle.borrow_mut().remove(&slot);
        self.shared.empty(slot);
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::stream::Stream;

    async fn pair() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Link::fresh(Stream::Plain(near)), listener.accept().await.unwrap().0)
    }

    fn long_ago() -> Instant {
        Instant::now() - Duration::from_secs(60)
    }

    #[tokio::test]
    async fn an_open_silent_connection_comes_back_marked_as_used() {
        let pool = Pool::default();
        let (link, _far) = pair().await;
        pool.give(3, Far::One(link), 4);
        assert!(pool.take(4, long_ago()).await.is_none());
        assert!(pool.take(3, long_ago()).await.unwrap().used);
        assert!(pool.take(3, long_ago()).await.is_none());
    }

    #[tokio::test]
    async fn a_connection_that_spoke_unasked_or_closed_is_not_used() {
        let pool = Pool::default();
        let (mut link, far) = pair().await;
        far.writable().await.unwrap();
        far.try_write(b"HTTP/1.1 200 OK\r\n").unwrap();
        readable(&mut link).await;
        pool.give(1, Far::One(link), 4);
        assert!(pool.take(1, long_ago()).await.is_none());
        let (mut link, far) = pair().await;
        drop(far);
        readable(&mut link).await;
        pool.give(1, Far::One(link), 4);
        assert!(pool.take(1, long_ago()).await.is_none());
    }

    async fn readable(link: &mut Link) {
        let Stream::Plain(stream) = link.stream.get_mut() else { panic!("plain") };
        stream.readable().await.unwrap();
    }

    #[tokio::test]
    async fn the_pool_keeps_at_most_so_many_and_none_too_long() {
        let pool = Pool::default();
        let mut far = Vec::new();
        for _ in 0..3 {
            let (link, end) = pair().await;
            far.push(end);
            pool.give(1, Far::One(link), 2);
        }
        assert!(pool.take(1, long_ago()).await.is_some());
        assert!(pool.take(1, long_ago()).await.is_some());
        assert!(pool.take(1, long_ago()).await.is_none());
        let (link, _end) = pair().await;
        pool.give(1, Far::One(link), 2);
        assert!(pool.take(1, Instant::now() + Duration::from_secs(1)).await.is_none());
    }
}
