//! Step six: the judged request goes to the other side and the answer comes
//! back, both re-serialised from their parsed form. Request and response move
//! at the same time; neither waits for the other to end.
//!
//! It never decides anything, and it can't be called without a `Permit`'s
//! target: `choose` made the upstream from one.

use std::cell::{Cell, RefCell};

use model::Limits;
use tokio::time::Instant;
use wire::http1::{Framing, RequestHead, ResponseHead};

use crate::buffer::Buffer;
use crate::download::Downloader;
use crate::fault::Fault;
use crate::half::Half;
use crate::progress::{Activity, Progress};
use crate::stream::Stream;
use crate::upload::{Pace, Uploader};

/// What is needed to carry one request over and its answer back.
pub(crate) struct Passage<'a> {
    pub(crate) caller: &'a RefCell<Stream>,
    pub(crate) caller_in: &'a mut Buffer,
    pub(crate) upstream: &'a RefCell<Stream>,
    pub(crate) upstream_in: &'a mut Buffer,
    pub(crate) request: &'a RequestHead,
    pub(crate) answer: &'a mut ResponseHead,
    /// The serialised request head as it goes upstream. Later the scratch
    /// space for body bytes.
    pub(crate) request_out: &'a mut Vec<u8>,
    pub(crate) response_out: &'a mut Vec<u8>,
    pub(crate) limits: &'a Limits,
    /// The connection to the caller ends after this exchange.
    pub(crate) closing: bool,
    /// Drop `postern-` fields from the answer: it comes from an app.
    pub(crate) from_app: bool,
}

/// Carries one exchange. On a fault the progress says what was already sent.
pub(crate) async fn forward(passage: Passage<'_>, progress: &mut Progress) -> Result<(), Fault> {
    let Passage { caller, caller_in, upstream, upstream_in, request, answer, .. } = passage;
    let clock = Activity { last: Cell::new(Instant::now()), sending: Cell::new(true) };
    let mut up = Uploader {
        caller: Half::new(caller),
        caller_in,
        upstream: Half::new(upstream),
        out: passage.request_out,
        limits: passage.limits,
        clock: &clock,
        sent: 0,
        pace: Pace::default(),
    };
    let mut down = Downloader {
        caller: Half::new(caller),
        upstream: Half::new(upstream),
        upstream_in,
        out: passage.response_out,
        limits: passage.limits,
        clock: &clock,
        request,
        answer,
        closing: passage.closing,
        from_app: passage.from_app,
        progress,
    };
    if request.framing() == Framing::None {
        let sent = up.head().await;
        clock.sending.set(false);
        let received = match sent {
            Ok(()) => down.answer().await,
            // The other side may have answered and closed before it read.
            Err(error) => down.answer().await.map_err(|_| Fault::UpstreamClosed(error)),
        };
        return received.map(|()| progress.caller_usable = !passage.closing);
    }
    let uploaded = both_ways(&mut up, &mut down, request.framing()).await;
    let sent = up.sent;
    progress.request_bytes = sent;
    let complete = uploaded?;
    progress.caller_usable = complete && !passage.closing;
    progress.upstream_usable &= complete;
    Ok(())
}

/// Runs both directions until the answer is complete; says whether the
/// request was, too. An answer that comes early does not cut the request off
/// while the other side goes on reading (RFC 9112, section 9.3).
async fn both_ways(
    up: &mut Uploader<'_>,
    down: &mut Downloader<'_>,
    framing: Framing,
) -> Result<bool, Fault> {
    let mut complete = false;
    let clock = up.clock;
    let request = up.message(framing);
    tokio::pin!(request);
    {
        let answer = down.answer();
        tokio::pin!(answer);
        loop {
            tokio::select! {
                biased;
                sent = &mut request, if clock.sending.get() => {
                    clock.sending.set(false);
                    clock.last.set(Instant::now());
                    match sent {
                        Ok(()) => complete = true,
                        // It stopped reading; what it answered still counts.
                        Err(Fault::UpstreamClosed(_)) => {}
                        Err(fault) => return Err(fault),
                    }
                }
                received = &mut answer => {
                    received?;
                    break;
                }
            }
        }
    }
    if clock.sending.get() && !down.closing && down.progress.upstream_usable {
        complete = request.await.is_ok();
    }
    Ok(complete)
}
