//! The answer on its way back: interim heads, the final one, the body, each
//! framed for the caller's version.

use std::cell::{Cell, RefCell};
use std::io;

use model::{Limits, Millis};
use net::http2::{self, StreamError};
use tokio::time::{Instant, timeout_at};
use wire::http1::{
    BodyDecoder, Framing, RequestHead, ResponseHead, Version, write_field, write_framing,
    write_status_line,
};
use wire::http2::Block;

use crate::buffer::Buffer;
use crate::fault::{Fault, phrase};
use crate::flow::{BODY_WINDOW, More, Sink, Source, Spoilt, broken};
use crate::half::Half;
use crate::patience::Patience;
use crate::progress::{Activity, Progress};
use crate::right::Asked;
use crate::stream::Stream;
use crate::websocket;

/// The direction of the answer.
pub(crate) struct Downloader<'a> {
    pub(crate) near: NearOut<'a>,
    pub(crate) far: FarIn<'a>,
    pub(crate) limits: &'a Limits,
    pub(crate) patience: Patience,
    pub(crate) clock: &'a Activity,
    pub(crate) request: &'a RequestHead,
    pub(crate) answer: &'a mut Box<ResponseHead>,
    pub(crate) asked: &'a RefCell<Asked>,
    /// What the far side has to prove that it speaks WebSocket.
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) asks_switch: bool,
    pub(crate) closing: &'a Cell<bool>,
    pub(crate) from_app: bool,
    pub(crate) progress: &'a Progress,
}

/// Where the answer comes from.
pub(crate) enum FarIn<'a> {
    One { from: Half<'a, Stream>, input: &'a mut Buffer },
    Two(&'a http2::Stream),
}

/// Where the answer goes.
pub(crate) enum NearOut<'a> {
    One { to: Half<'a, Stream>, out: &'a mut Vec<u8> },
    Two { to: &'a http2::Stream, out: &'a mut Vec<u8> },
}

/// How the answer's body is framed toward an HTTP/1 caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Onward {
    Same,
    Chunked,
    UntilClose,
}

impl Downloader<'_> {
    /// The whole answer, interim ones included. Says whether it was a switch
    /// to another protocol, after which nothing is framed any more.
    pub(crate) async fn answer(&mut self) -> Result<bool, Fault> {
        self.final_head().await?;
        if self.has_switched() {
            self.switch().await?;
            return Ok(true);
        }
        let framing = self.answer.framing();
        let onward = self.onward(framing);
        self.asked.borrow_mut().is_stream |= is_event_stream(self.answer);
        self.write_head(framing, onward);
        if framing == Framing::None {
            self.say_head(framing)?;
            self.near.flush(self.limits.body_stall_time).await?;
        } else {
            self.body(framing, onward == Onward::Chunked).await?;
        }
        let reusable = self.answer.keep_alive() && framing != Framing::UntilClose;
        // Bytes behind the answer belong to no request of ours.
        let is_clean = match &self.far {
            FarIn::One { input, .. } => input.is_empty(),
            FarIn::Two(_) => true,
        };
        self.progress.upstream_usable.set(reusable && is_clean);
        Ok(false)
    }

    /// Reads up to the final head, passing interim ones on.
    async fn final_head(&mut self) -> Result<(), Fault> {
        let mut interim = 0;
        loop {
            self.head().await?;
            if self.answer.status() == 101 {
                let asked = self.asks_switch && websocket::is_answer(self.answer);
                return if asked { Ok(()) } else { Err(Fault::UnaskedSwitch) };
            }
            if !self.answer.is_interim() {
                return Ok(());
            }
            interim += 1;
            self.interim(interim).await?;
        }
    }

    async fn head(&mut self) -> Result<(), Fault> {
        loop {
            let patience = self.patience.head;
            match &mut self.far {
                FarIn::One { from, input } => {
                    let method = self.request.method();
                    let parsed = self.answer.parse(input.unread(), method, self.limits);
                    if let Some(used) = parsed.map_err(Fault::Response)? {
                        input.consume(used);
                        return Ok(());
                    }
                    let cap = self.limits.head_bytes_max.max(BODY_WINDOW);
                    let filled = input.fill(from, cap);
                    let filled = in_time(self.clock, patience, filled).await?;
                    if filled.map_err(Fault::UpstreamClosed)? == 0 {
                        return Err(Fault::UpstreamClosed(io::ErrorKind::UnexpectedEof.into()));
                    }
                    self.progress.upstream_spoke.set(true);
                }
                FarIn::Two(stream) => {
                    let answered = in_time(self.clock, patience, stream.answer()).await?;
                    let Err(error) = answered.map(|(head, _)| *self.answer = head) else {
                        self.progress.upstream_spoke.set(true);
                        return Ok(());
                    };
                    return Err(unanswered(stream, error));
                }
            }
        }
    }

    async fn interim(&mut self, count: u32) -> Result<(), Fault> {
        if count > self.limits.interim_responses_max {
            return Err(Fault::TooManyInterim(self.limits.interim_responses_max));
        }
        if self.request.version() == Version::Http10 {
            return Ok(());
        }
        match &mut self.near {
            NearOut::One { out, .. } => {
                write_status_line(out, self.answer.status(), reason(self.answer));
                each_field(self.answer, self.from_app, |name, value| write_field(out, name, value));
                out.extend_from_slice(b"\r\n");
            }
            NearOut::Two { to, .. } => {
                let fields = |block: &mut Block<'_>| {
                    each_field(self.answer, self.from_app, |name, value| block.field(name, value));
                };
                let told = to.respond(self.answer.status(), fields, false);
                told.map_err(|_| Fault::CallerGone)?;
            }
        }
        self.near.flush(self.limits.body_stall_time).await
    }

    fn onward(&mut self, framing: Framing) -> Onward {
        match (framing, self.request.version()) {
            (Framing::None | Framing::Length(_), _) | (_, Version::Http2) => Onward::Same,
            (_, Version::Http11) => Onward::Chunked,
            (_, Version::Http10) => {
                self.closing.set(true);
                Onward::UntilClose
            }
        }
    }

    /// Writes the head of an HTTP/1 answer; it goes out with what follows.
    fn write_head(&mut self, framing: Framing, onward: Onward) {
        let length = length(self.answer, framing).or(empty(self.answer, framing, self.request));
        let NearOut::One { out, .. } = &mut self.near else { return };
        write_status_line(out, self.answer.status(), reason(self.answer));
        each_field(self.answer, self.from_app, |name, value| write_field(out, name, value));
        if onward == Onward::Chunked {
            write_framing(out, Framing::Chunked);
        } else if let Some(length) = length {
            write_framing(out, Framing::Length(length));
        }
        if self.closing.get() {
            write_field(out, "connection", b"close");
        } else if self.request.version() == Version::Http10 {
            write_field(out, "connection", b"keep-alive");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// From here on the caller has the head: whatever was wrong before could
    /// still become a 502.
    fn say_head(&self, framing: Framing) -> Result<(), Fault> {
        self.progress.status.set(self.answer.status());
        let NearOut::Two { to, .. } = &self.near else { return Ok(()) };
        head_on_stream(to, self.answer, (framing, self.from_app))
    }

    async fn body(&mut self, framing: Framing, chunked: bool) -> Result<(), Fault> {
        let patience = self.patience.answer(self.answer, self.limits);
        let stall =
            if self.patience.is_open_ended { patience } else { self.limits.body_stall_time };
        let stream = match &self.near {
            NearOut::One { .. } => None,
            NearOut::Two { to, .. } => Some(*to),
        };
        let mut source = self.far.source(framing);
        let mut sink = self.near.sink(chunked);
        let mut is_said = false;
        loop {
            let (count, done) = source.take(&mut sink, self.limits).map_err(spoilt)?;
            self.progress.received(count);
            if !std::mem::replace(&mut is_said, true) {
                self.progress.status.set(self.answer.status());
                if let Some(stream) = stream {
                    head_on_stream(stream, self.answer, (framing, self.from_app))?;
                }
            }
            // For the whole of it: a byte now and then is not reading.
            let deadline = Instant::now() + stall.into();
            let sent = if done {
                timeout_at(deadline, sink.finish(&source, stall)).await
            } else {
                timeout_at(deadline, sink.flush(stall)).await
            };
            if !matches!(sent, Ok(Ok(()))) {
                return Err(Fault::CallerGone);
            }
            if done {
                return Ok(());
            }
            match timeout_at(Instant::now() + patience.into(), source.more()).await {
                Err(_) => return Err(Fault::ResponseStalled(patience)),
                Ok(Err(error)) => return Err(spoilt(error)),
                Ok(Ok(More::Bytes(_))) => {}
                Ok(Ok(More::End)) if source.at_eof() => {}
                Ok(Ok(More::End)) => {
                    return Err(Fault::UpstreamBroke(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }

    /// Whether the other side has said yes to a switch: by 101, or in HTTP/2 by
    /// any success (RFC 8441, section 5).
    fn has_switched(&self) -> bool {
        let is_two = matches!(self.far, FarIn::Two(_));
        let status = self.answer.status();
        self.asks_switch && if is_two { (200..300).contains(&status) } else { status == 101 }
    }

    /// Passes the yes on in the caller's words.
    async fn switch(&mut self) -> Result<(), Fault> {
        // What was asked for by HTTP/1 is proved by it, whoever asked us.
        if let FarIn::One { .. } = self.far
            && !websocket::proves(self.answer, self.key)
        {
            return Err(Fault::UnaskedSwitch);
        }
        self.progress.status.set(if self.request.version() == Version::Http2 { 200 } else { 101 });
        let from_app = self.from_app;
        match &mut self.near {
            NearOut::One { out, .. } => {
                write_status_line(out, 101, phrase(101));
                each_field(self.answer, from_app, |name, value| {
                    name.eq_ignore_ascii_case(websocket::ACCEPT) || write_field(out, name, value)
                });
                let key = self.request.value(websocket::KEY).unwrap_or_default();
                write_field(out, websocket::ACCEPT, websocket::accept(key));
                write_field(out, "connection", b"upgrade");
                write_field(out, "upgrade", b"websocket");
                out.extend_from_slice(b"\r\n");
            }
            NearOut::Two { to, .. } => {
                let fields = |block: &mut Block<'_>| {
                    each_field(self.answer, from_app, |name, value| {
                        name.eq_ignore_ascii_case(websocket::ACCEPT) || block.field(name, value)
                    });
                };
                to.respond(200, fields, false).map_err(|_| Fault::CallerGone)?;
            }
        }
        self.near.flush(self.limits.body_stall_time).await
    }
}

impl<'a> FarIn<'a> {
    fn source(&mut self, framing: Framing) -> Source<'_> {
        match self {
            Self::One { from, input } => {
                Source::One { from: *from, input, decoder: BodyDecoder::new(framing) }
            }
            Self::Two(stream) => Source::Two(stream),
        }
    }
}

impl NearOut<'_> {
    fn sink(&mut self, chunked: bool) -> Sink<'_> {
        match self {
            Self::One { to, out } => Sink::One { to: *to, out, chunked },
            Self::Two { to, out } => Sink::Two { to, out },
        }
    }

    async fn flush(&mut self, stall: Millis) -> Result<(), Fault> {
        let mut sink = self.sink(false);
        let sent = timeout_at(Instant::now() + stall.into(), sink.flush(stall)).await;
        if let Ok(Ok(())) = sent { Ok(()) } else { Err(Fault::CallerGone) }
    }
}

/// What it means that an upstream's stream ended before its answer. Only what
/// it surely did not look at may be sent again, and what a connection that was
/// lost may have been too late for.
fn unanswered(stream: &http2::Stream, error: StreamError) -> Fault {
    match error {
        _ if stream.is_unprocessed() => Fault::Unprocessed,
        StreamError::Reset { code, by_peer: false } => Fault::MalformedAnswer(code),
        StreamError::Lost(_) => Fault::UpstreamClosed(broken(error)),
        error => Fault::UpstreamBroke(broken(error)),
    }
}

/// Waits for the answer for as long as patience lasts after the request last
/// moved.
async fn in_time<T>(
    clock: &Activity,
    patience: Millis,
    answered: impl Future<Output = T>,
) -> Result<T, Fault> {
    tokio::pin!(answered);
    loop {
        let deadline = clock.last.get() + patience.into();
        match timeout_at(deadline, &mut answered).await {
            Ok(answered) => return Ok(answered),
            // A request that is still moving has not run out of time.
            Err(_) if clock.sending.get() => clock.last.set(Instant::now()),
            // It ended meanwhile: the answer has its whole time from then.
            Err(_) if clock.last.get() + patience.into() > deadline => {}
            Err(_) => return Err(Fault::ResponseTimeout(patience)),
        }
    }
}

/// The head of an HTTP/2 answer.
fn head_on_stream(
    stream: &http2::Stream,
    answer: &ResponseHead,
    (framing, from_app): (Framing, bool),
) -> Result<(), Fault> {
    let fields = |block: &mut Block<'_>| {
        each_field(answer, from_app, |name, value| block.field(name, value));
        if let Some(length) = length(answer, framing) {
            block.field("content-length", length.to_string().as_bytes());
        }
    };
    let told = stream.respond(answer.status(), fields, framing == Framing::None);
    told.map_err(|_| Fault::CallerGone)
}

/// What the head says of the body's length. HEAD and 304 say what it would
/// have been.
fn length(answer: &ResponseHead, framing: Framing) -> Option<u64> {
    match framing {
        Framing::Length(length) => Some(length),
        Framing::None => answer.content_length(),
        Framing::Chunked | Framing::UntilClose => None,
    }
}

/// The fields that pass; what only doors may say is not taken from an app.
fn each_field(answer: &ResponseHead, from_app: bool, mut each: impl FnMut(&str, &[u8]) -> bool) {
    for (name, value) in answer.forwardable_fields() {
        if !(from_app && wire::header::is_protected(name)) {
            each(name, value);
        }
    }
}

/// HTTP/2 answers without a body say so by their frames; an HTTP/1 caller
/// needs a length, unless the status or the method says it.
fn empty(answer: &ResponseHead, framing: Framing, request: &RequestHead) -> Option<u64> {
    let says_so = matches!(answer.status(), 100..200 | 204 | 304) || request.method() == "HEAD";
    let is_ours = answer.version() == Version::Http2 && framing == Framing::None && !says_so;
    is_ours.then_some(0)
}

/// HTTP/2 has no reason phrases.
fn reason(answer: &ResponseHead) -> &[u8] {
    match answer.version() {
        Version::Http2 => phrase(answer.status()).as_bytes(),
        _ => answer.reason(),
    }
}

fn is_event_stream(answer: &ResponseHead) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let kind = answer.value("content-type");
    kind.and_then(|kind| kind.get(..EVENTS.len())).is_some_and(|k| k.eq_ignore_ascii_case(EVENTS))
}

fn spoilt(error: Spoilt) -> Fault {
    match error {
        Spoilt::Body(error) => Fault::ResponseBody(error),
        Spoilt::Broke(error) => Fault::UpstreamBroke(error),
    }
}
