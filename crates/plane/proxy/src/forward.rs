//! Step six: the judged request goes to the other side and the answer comes
//! back, both re-serialised from their parsed form. Request and response move
//! at the same time; neither waits for the other to end.
//!
//! It never decides anything, and it can't be called without a `Permit`'s
//! target: `choose` made the upstream from one.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use model::Millis;
use net::http2::{self, Mux};
use tokio::time::Instant;
use wire::http1::{BodyDecoder, Framing, Version};

use crate::buffer::Buffer;
use crate::choose::Chosen;
use crate::download::{Downloader, FarIn, NearOut};
use crate::errand::Errand;
use crate::far::Far;
use crate::fault::Fault;
use crate::flow::{Sink, Source};
use crate::half::Half;
use crate::near::{Near, gone};
use crate::patience::Patience;
use crate::progress::{Activity, Progress};
use crate::rewrite;
use crate::stream::Stream;
use crate::upload::{Pace, Uploader};
use crate::websocket;
use crate::world::World;

/// Both sides have switched; the stream, where the far side is HTTP/2.
pub(crate) struct SwitchedTo {
    pub(crate) stream: Option<http2::Stream>,
}

/// Carries one exchange. On a fault the progress says what was already sent.
pub(crate) async fn carry(
    ex: &mut Errand,
    near: &mut Near<'_>,
    world: &World,
    chosen: &mut Chosen,
) -> Result<Option<SwitchedTo>, Fault> {
    ex.story.progress = Progress::default();
    ex.response_out.clear();
    // What an earlier connection began to say is not this one's answer, nor
    // is what an upstream says before it was asked (H1-23).
    ex.answer.clear();
    let opened = match &mut chosen.far {
        Far::One(link) => {
            let stream = link.stream.get_mut();
            if !link.used && poll_fn(|cx| Poll::Ready(stream.has_spoken(cx))).await {
                return Err(Fault::SpokeFirst);
            }
            if websocket::is_asked(&ex.request) && ex.request.version() == Version::Http2 {
                ex.key = Some(websocket::key(ex.session.core.roll_wide()));
            }
            rewrite::write_head(ex);
            None
        }
        Far::Two { mux, .. } => {
            if websocket::is_asked(&ex.request) {
                settled(mux, world.snapshot.limits.connect_time).await;
            }
            Some(rewrite::open(ex, mux, chosen.is_app)?)
        }
    };
    let switched = match (&mut chosen.far, &opened) {
        (Far::One(link), _) => {
            let far = Way::One { stream: &link.stream, input: &mut link.input };
            passage(ex, near, far, world, chosen.is_app).await?
        }
        (Far::Two { .. }, Some(stream)) => {
            passage(ex, near, Way::Two(stream), world, chosen.is_app).await?
        }
        (Far::Two { .. }, None) => false,
    };
    Ok(switched.then_some(SwitchedTo { stream: opened }))
}

/// Waits until the other side has said what it allows: a connection that was
/// just made knows nothing yet, and only a WebSocket has to know.
async fn settled(mux: &Mux, within: Millis) {
    let deadline = Instant::now() + within.into();
    while !mux.has_peer_settings() && !mux.is_over() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The far end of one exchange.
enum Way<'a> {
    One { stream: &'a RefCell<Stream>, input: &'a mut Buffer },
    Two(&'a http2::Stream),
}

/// Runs both directions; says whether they have switched to something else.
async fn passage(
    ex: &mut Errand,
    near: &mut Near<'_>,
    far: Way<'_>,
    world: &World,
    is_app: bool,
) -> Result<bool, Fault> {
    let limits = &world.snapshot.limits;
    let clock = Activity { last: Cell::new(Instant::now()), sending: Cell::new(true) };
    let patience = Patience::of(&ex.request, limits);
    let asks_switch = websocket::is_asked(&ex.request);
    let framing = if asks_switch { Framing::None } else { ex.request.framing() };
    let too_old = Instant::now() > ex.session.opened + limits.connection_age.into();
    // What follows a switch that was refused may have been meant for it (H1-14).
    let closing =
        !ex.request.keep_alive() || ex.session.core.is_draining() || too_old || asks_switch;
    let closing = Cell::new(closing);
    let own_key = ex.key.as_deref().map(str::as_bytes);
    let key = own_key.or_else(|| ex.request.value(websocket::KEY));
    let (to_far, from_far) = match far {
        Way::One { stream, input } => {
            let out = &mut ex.request_out;
            let chunked = framing == Framing::Chunked;
            let to = Sink::One { to: Half::new(stream), out, chunked };
            (to, FarIn::One { from: Half::new(stream), input })
        }
        Way::Two(stream) => {
            (Sink::Two { to: stream, out: &mut ex.request_out }, FarIn::Two(stream))
        }
    };
    let is_one_of_many = near.stream().is_some();
    let (mut waiting, source, near_out) = match near {
        Near::One { stream, input } => {
            let near_out = NearOut::One { to: Half::new(stream), out: &mut ex.response_out };
            let decoder = BodyDecoder::new(framing);
            if framing == Framing::None {
                (Some((Half::new(stream), &mut **input)), None, near_out)
            } else {
                let source = Source::One { from: Half::new(stream), input, decoder };
                (None, Some(source), near_out)
            }
        }
        Near::Two(stream) => {
            let near_out = NearOut::Two { to: stream, out: &mut ex.response_out };
            let source = (framing != Framing::None).then_some(Source::Two(stream));
            (None, source, near_out)
        }
    };
    let progress = &ex.story.progress;
    let mut down = Downloader {
        near: near_out,
        far: from_far,
        limits,
        patience,
        clock: &clock,
        request: &ex.request,
        answer: &mut ex.answer,
        asked: &ex.asked,
        key,
        asks_switch,
        closing: &closing,
        from_app: is_app,
        progress,
    };
    let Some(source) = source else {
        let mut to_far = to_far;
        let sent = to_far.flush(limits.body_stall_time).await;
        if is_one_of_many {
            // Of use to nobody while the answer is waited for.
            *to_far.out() = Vec::new();
        }
        clock.sending.set(false);
        clock.last.set(Instant::now());
        let received = match &mut waiting {
            Some((half, input)) => tokio::select! {
                biased;
                received = down.answer() => received,
                () = gone(*half, input, limits.head_bytes_max) => Err(Fault::CallerGone),
            },
            None => down.answer().await,
        };
        // The other side may have answered and closed before it read.
        let is_sent = sent.is_ok();
        let received = match (sent, received) {
            (Err(error), Err(Fault::UpstreamClosed(_))) => Err(Fault::UpstreamClosed(error)),
            (_, received) => received,
        };
        progress.upstream_usable.set(progress.upstream_usable.get() && is_sent);
        progress.caller_usable.set(received.is_ok() && !closing.get());
        return received;
    };
    let mut up = Uploader {
        source,
        sink: to_far,
        limits,
        patience,
        clock: &clock,
        progress,
        pace: Pace::default(),
    };
    let left = both_ways(&mut up, &mut down).await?;
    let is_whole = left == Left::Nothing;
    progress.upstream_usable.set(progress.upstream_usable.get() && is_whole);
    // What the other side did not want is read for nobody, so that the next
    // request on the caller's connection is found.
    let is_read = is_whole || left == Left::Unread && up.source.drain(limits).await;
    progress.caller_usable.set(is_read && !closing.get());
    Ok(false)
}

/// What is left of a request when its answer is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    /// The other side had enough of it.
    Unread,
    /// Nobody asks: its stream or connection ends anyway.
    Whatever,
}

/// Runs both directions until the answer is complete. An early answer on
/// HTTP/1 does not cut the request off while the other side goes on reading
/// (RFC 9112, section 9.3); on HTTP/2 it ends the stream (RFC 9113, section
/// 8.1).
async fn both_ways(up: &mut Uploader<'_>, down: &mut Downloader<'_>) -> Result<Left, Fault> {
    let (clock, progress, closing) = (up.clock, down.progress, down.closing);
    let is_shared = matches!(up.source, Source::Two(_));
    let cap = up.limits.head_bytes_max;
    let answer = down.answer();
    tokio::pin!(answer);
    let left = {
        let request = up.message();
        tokio::pin!(request);
        tokio::select! {
            biased;
            sent = &mut request => match sent {
                Ok(()) => Left::Nothing,
                // It stopped reading; what it answered still counts.
                Err(Fault::UpstreamClosed(_)) => Left::Unread,
                Err(fault) => return Err(fault),
            },
            received = &mut answer => {
                received?;
                if is_shared || closing.get() {
                    return Ok(Left::Whatever);
                }
                let is_sent = progress.upstream_usable.get() && request.await.is_ok();
                return Ok(if is_sent { Left::Nothing } else { Left::Unread });
            }
        }
    };
    clock.sending.set(false);
    clock.last.set(Instant::now());
    match &mut up.source {
        Source::One { from, input, .. } if left == Left::Nothing => tokio::select! {
            biased;
            received = &mut answer => received?,
            () = gone(*from, input, cap) => return Err(Fault::CallerGone),
        },
        _ => answer.await?,
    };
    Ok(left)
}
