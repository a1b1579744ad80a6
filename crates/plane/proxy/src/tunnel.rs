//! A declared TCP port: bytes in both directions, from the first moment, so
//! that a server that speaks first is heard. Each direction may end by itself.

use std::cell::{Cell, RefCell};
use std::io;

use model::Millis;
use tokio::time::{Instant, timeout_at};

use crate::buffer::Buffer;
use crate::half::Half;
use crate::stream::Stream;

/// One read at most, and the most one direction holds.
const WINDOW: usize = 64 * 1024;

/// What went through.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) sent: Cell<u64>,
    pub(crate) received: Cell<u64>,
}

/// Both ends of a stream, and what was read from them before.
pub(crate) struct Ends<'a> {
    pub(crate) caller: &'a RefCell<Stream>,
    pub(crate) caller_in: &'a mut Buffer,
    pub(crate) upstream: &'a RefCell<Stream>,
    pub(crate) upstream_in: &'a mut Buffer,
}

/// How a tunnel ended before its time.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The caller's end broke.
    ByCaller,
    /// The upstream's end broke.
    ByUpstream(io::Error),
    /// Nothing moved for too long.
    Idle,
}

/// Runs until both directions have ended, one of them broke, or nothing has
/// moved in either for `idle`.
pub(crate) async fn run(ends: Ends<'_>, idle: Millis, passed: &Passed) -> Result<(), Broken> {
    let (caller, upstream) = (Half::new(ends.caller), Half::new(ends.upstream));
    let moved = Cell::new(Instant::now());
    let there = pump(caller, ends.caller_in, upstream, (&passed.sent, &moved, idle));
    let back = pump(upstream, ends.upstream_in, caller, (&passed.received, &moved, idle));
    let there =
        async { there.await.map_err(|end| end.named(|_| Broken::ByCaller, Broken::ByUpstream)) };
    let back =
        async { back.await.map_err(|end| end.named(Broken::ByUpstream, |_| Broken::ByCaller)) };
    let both = async { tokio::try_join!(there, back).map(|_| ()) };
    tokio::pin!(both);
    loop {
        let deadline = moved.get() + idle.into();
        match timeout_at(deadline, &mut both).await {
            Ok(ended) => return ended,
            Err(_) if moved.get() + idle.into() > deadline => {}
            Err(_) => return Err(Broken::Idle),
        }
    }
}

/// Which end of one direction broke.
enum Failed {
    Reading(io::Error),
    Writing(io::Error),
}

impl Failed {
    fn named(
        self,
        from: impl FnOnce(io::Error) -> Broken,
        to: impl FnOnce(io::Error) -> Broken,
    ) -> Broken {
        match self {
            Self::Reading(error) => from(error),
            Self::Writing(error) => to(error),
        }
    }
}

async fn pump(
    mut from: Half<'_, Stream>,
    input: &mut Buffer,
    to: Half<'_, Stream>,
    (count, moved, idle): (&Cell<u64>, &Cell<Instant>, Millis),
) -> Result<(), Failed> {
    loop {
        let unread = input.unread();
        if !unread.is_empty() {
            to.send(unread, idle).await.map_err(Failed::Writing)?;
            let length = unread.len();
            count.set(count.get().saturating_add(length as u64));
            moved.set(Instant::now());
            input.consume(length);
        }
        if input.fill(&mut from, WINDOW).await.map_err(Failed::Reading)? == 0 {
            return to.finish(idle).await.map_err(Failed::Writing);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn pair() -> (RefCell<Stream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (RefCell::new(Stream::Plain(near)), listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_server_that_speaks_first_is_heard_and_ends_are_passed_on_one_by_one() {
        let ((caller, mut client), (upstream, mut server)) = (pair().await, pair().await);
        let (mut caller_in, mut upstream_in) = (Buffer::default(), Buffer::default());
        let passed = Passed::default();
        let ends = Ends {
            caller: &caller,
            caller_in: &mut caller_in,
            upstream: &upstream,
            upstream_in: &mut upstream_in,
        };
        let talk = async {
            server.write_all(b"220 hello\n").await.unwrap();
            let mut greeting = [0; 10];
            client.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"220 hello\n");
            client.write_all(b"bye").await.unwrap();
            client.shutdown().await.unwrap();
            let mut rest = Vec::new();
            server.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"bye");
            server.write_all(b"late answer").await.unwrap();
            drop(server);
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"late answer");
        };
        let (run, ()) = tokio::join!(run(ends, Millis::from_secs(60), &passed), talk);
        run.unwrap();
        assert_eq!((passed.sent.get(), passed.received.get()), (3, 21));
    }

    #[tokio::test]
    async fn who_broke_it_is_told() {
        for caller_breaks in [true, false] {
            let ((caller, client), (upstream, server)) = (pair().await, pair().await);
            let (mut caller_in, mut upstream_in) = (Buffer::default(), Buffer::default());
            let ends = Ends {
                caller: &caller,
                caller_in: &mut caller_in,
                upstream: &upstream,
                upstream_in: &mut upstream_in,
            };
            let (breaks, _stays) = if caller_breaks { (client, server) } else { (server, client) };
            // A reset instead of an end.
            socket2::SockRef::from(&breaks).set_linger(Some(std::time::Duration::ZERO)).unwrap();
            drop(breaks);
            let ended = run(ends, Millis::from_secs(60), &Passed::default()).await;
            let by_caller = matches!(ended, Err(Broken::ByCaller));
            assert!(ended.is_err() && by_caller == caller_breaks, "{ended:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_on_which_nothing_moves_ends() {
        let ((caller, _client), (upstream, _server)) = (pair().await, pair().await);
        let (mut caller_in, mut upstream_in) = (Buffer::default(), Buffer::default());
        let ends = Ends {
            caller: &caller,
            caller_in: &mut caller_in,
            upstream: &upstream,
            upstream_in: &mut upstream_in,
        };
        let ended = run(ends, Millis::from_secs(30), &Passed::default()).await;
        assert!(matches!(ended, Err(Broken::Idle)));
    }
}
