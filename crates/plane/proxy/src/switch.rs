//! Both sides have switched to a WebSocket: bytes in both directions until one
//! side ends or the right to it does. Then both are told by a close frame
//! (RFC 6455, section 7.4.1: 1008, policy violation).

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use model::Millis;
use net::http2;
use tokio::time::{Instant, timeout, timeout_at};
use wire::http1::{BodyDecoder, Framing};
use wire::websocket::{Frames, write_close};

use crate::buffer::Buffer;
use crate::choose::Chosen;
use crate::errand::Errand;
use crate::far::Far;
use crate::fault::Fault;
use crate::flow::{More, Sink, Source};
use crate::half::Half;
use crate::near::Near;
use crate::progress::Progress;
use crate::record;
use crate::stream::Stream;
use crate::world::World;

const POLICY_VIOLATION: u16 = 1008;
const GOING_AWAY: u16 = 1001;
/// How long the present frames may take to end before a close frame is said.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A WebSocket that both sides agreed on.
pub(crate) struct Opened {
    pub(crate) chosen: Chosen,
    /// The stream, where the far side is HTTP/2.
    pub(crate) stream: Option<http2::Stream>,
}

/// Carries the WebSocket to its end.
pub(crate) async fn run(
    ex: &mut Errand,
    near: &mut Near<'_>,
    mut opened: Opened,
    world: &World,
) -> Result<(), Fault> {
    ex.asked.borrow_mut().is_stream = true;
    let _counted = record::open_websocket(ex);
    let limits = &world.snapshot.limits;
    let moved = Cell::new(Instant::now());
    let (mut there_out, mut back_out) = (Vec::new(), Vec::new());
    let far = match (&mut opened.chosen.far, &opened.stream) {
        (_, Some(stream)) => End::Two(stream),
        (Far::One(link), None) => End::One { stream: &link.stream, input: &mut link.input },
        (Far::Two { .. }, None) => return Err(Fault::UnaskedSwitch),
    };
    let near = match near {
        Near::One { stream, input } => End::One { stream, input },
        Near::Two(stream) => End::Two(stream),
    };
    let ((near_in, near_to), (far_in, far_to)) =
        (near.split(&mut back_out), far.split(&mut there_out));
    let common = Common { limits, moved: &moved, progress: &ex.story.progress };
    let mut there = Direction {
        source: near_in,
        sink: far_to,
        frames: Frames::default(),
        common,
        is_there: true,
        is_sending: false,
    };
    let mut back = Direction {
        source: far_in,
        sink: near_to,
        frames: Frames::default(),
        common,
        is_there: false,
        is_sending: false,
    };
    let (listed, connection) = (Rc::clone(&ex.listed), Rc::clone(&ex.session.listed));
    let ended = {
        let both = async { tokio::try_join!(there.pump(), back.pump()).map(|_| ()) };
        tokio::select! {
            biased;
            why = listed.cut() => Err(Fault::Cut(why)),
            why = connection.cut() => Err(Fault::Cut(why)),
            ended = both => ended,
            () = common.idle(limits.stream_idle_time) => Err(Fault::Idle(limits.stream_idle_time)),
        }
    };
    let code = match &ended {
        Err(Fault::Cut(_)) => Some(POLICY_VIOLATION),
        Err(Fault::Idle(_)) => Some(GOING_AWAY),
        _ => None,
    };
    if let Some(code) = code {
        let id = ex.story.id().to_string();
        let [a, b, c, d, ..] = ex.session.core.roll().to_be_bytes();
        let mask = [a, b, c, d];
        let words = async {
            tokio::join!(there.say_last((code, &id), Some(mask)), back.say_last((code, &id), None))
        };
        // Who does not listen any more is closed without it.
        drop(timeout(LAST_WORDS, words).await);
        if let Source::Two(_) = there.source {
            // A reset at once could overtake the last words at the caller.
            there.source.drain(limits).await;
        }
    }
    ended
}

/// One end of it.
enum End<'a> {
    One { stream: &'a RefCell<Stream>, input: &'a mut Buffer },
    Two(&'a http2::Stream),
}

impl<'a> End<'a> {
    fn split(self, out: &'a mut Vec<u8>) -> (Source<'a>, Sink<'a>) {
        match self {
            Self::One { stream, input } => {
                let from = Half::new(stream);
                let decoder = BodyDecoder::new(Framing::UntilClose);
                (Source::One { from, input, decoder }, Sink::One { to: from, out, chunked: false })
            }
            Self::Two(stream) => (Source::Two(stream), Sink::Two { to: stream, out }),
        }
    }
}

/// What both directions know.
#[derive(Clone, Copy)]
struct Common<'a> {
    limits: &'a model::Limits,
    moved: &'a Cell<Instant>,
    progress: &'a Progress,
}

impl Common<'_> {
    /// Ends when nothing has moved for so long.
    async fn idle(&self, idle: Millis) {
        loop {
            let due = self.moved.get() + idle.into();
            if Instant::now() >= due {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}

/// One direction.
struct Direction<'a> {
    source: Source<'a>,
    sink: Sink<'a>,
    frames: Frames,
    common: Common<'a>,
    is_there: bool,
    /// What is held is on its way: nobody knows how much of it went.
    is_sending: bool,
}

impl Direction<'_> {
    async fn pump(&mut self) -> Result<(), Fault> {
        let limits = self.common.limits;
        loop {
            let taken = self.source.take(&mut self.sink, limits);
            let (count, done) = taken.map_err(|_| self.broke(io::ErrorKind::InvalidData.into()))?;
            self.frames.pass(self.sink.held());
            if self.is_there {
                self.common.progress.sent(count);
            } else {
                self.common.progress.received(count);
            }
            self.is_sending = true;
            let sent = self.sink.flush(limits.body_stall_time).await;
            self.is_sending = false;
            sent.map_err(|error| self.broke_there(error))?;
            self.common.moved.set(Instant::now());
            if done {
                let ended = self.sink.end(limits.body_stall_time).await;
                return ended.map_err(|error| self.broke_there(error));
            }
            match self.source.more().await {
                Ok(More::Bytes(_)) => {}
                Ok(More::End) => drop(self.source.at_eof()),
                Err(_) => return Err(self.broke(io::ErrorKind::ConnectionReset.into())),
            }
        }
    }

    /// Lets the present frame end and says a close frame after it.
    async fn say_last(&mut self, (code, id): (u16, &str), mask: Option<[u8; 4]>) {
        if self.is_sending {
            return;
        }
        let deadline = Instant::now() + LAST_WORDS;
        while !self.frames.is_between() {
            let more = timeout_at(deadline, self.source.more()).await;
            if !matches!(more, Ok(Ok(More::Bytes(_)))) {
                return;
            }
            if self.source.take(&mut self.sink, self.common.limits).is_err() {
                return;
            }
            let end = self.frames.pass_to_end(self.sink.held());
            if let Some(end) = end {
                self.sink.cut(end);
            } else if self.sink.flush(self.common.limits.body_stall_time).await.is_err() {
                return;
            }
        }
        if !self.frames.has_closed() {
            write_close(self.sink.out(), code, id, mask);
        }
        // Who does not listen any more is closed without it.
        drop(self.sink.flush(self.common.limits.body_stall_time).await);
        drop(self.sink.end(self.common.limits.body_stall_time).await);
    }

    fn broke(&self, error: io::Error) -> Fault {
        if self.is_there { Fault::CallerGone } else { Fault::Stream(error) }
    }

    fn broke_there(&self, error: io::Error) -> Fault {
        if self.is_there { Fault::Stream(error) } else { Fault::CallerGone }
    }
}
