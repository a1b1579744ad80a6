//! The request on its way: the head as rewritten, the body as it comes.

use std::io;
use std::time::Duration;

use model::Limits;
use tokio::time::{Instant, timeout_at};
use wire::http1::{BodyDecoder, Framing, write_last_chunk};

use crate::body::{BODY_WINDOW, write_body};
use crate::buffer::Buffer;
use crate::fault::Fault;
use crate::half::Half;
use crate::progress::Activity;
use crate::stream::Stream;

/// The direction of the request.
pub(crate) struct Uploader<'a> {
    pub(crate) caller: Half<'a, Stream>,
    pub(crate) caller_in: &'a mut Buffer,
    pub(crate) upstream: Half<'a, Stream>,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a Activity,
    pub(crate) sent: u64,
    pub(crate) pace: Pace,
}

impl Uploader<'_> {
    /// A head without a body.
    pub(crate) async fn head(&mut self) -> io::Result<()> {
        self.clock.last.set(Instant::now());
        self.upstream.send(self.out, self.limits.body_stall_time).await
    }

    /// Head and body. Body bytes that are here already go out with the head.
    pub(crate) async fn message(&mut self, framing: Framing) -> Result<(), Fault> {
        let mut decoder = BodyDecoder::new(framing);
        let chunked = framing == Framing::Chunked;
        let stall = self.limits.body_stall_time;
        let mut is_kept = true;
        loop {
            self.take_in(&mut decoder, chunked)?;
            if !is_kept && !decoder.is_done() {
                return Err(Fault::RequestCrawls(stall));
            }
            if !self.out.is_empty() {
                let sent = self.upstream.send(self.out, stall).await;
                sent.map_err(Fault::UpstreamClosed)?;
                self.out.clear();
            }
            if decoder.is_done() {
                return Ok(());
            }
            is_kept = self.more().await?;
        }
    }

    /// Moves what is unread into `out`, re-framed.
    fn take_in(&mut self, decoder: &mut BodyDecoder, chunked: bool) -> Result<(), Fault> {
        while !decoder.is_done() {
            let unread = self.caller_in.unread();
            let step = decoder.decode(unread, self.limits).map_err(Fault::RequestBody)?;
            let data = unread.get(step.data.clone()).unwrap_or_default();
            self.sent = self.sent.saturating_add(data.len() as u64);
            write_body(self.out, data, chunked);
            let stuck = step.used == 0;
            self.caller_in.consume(step.used);
            if stuck && !decoder.is_done() {
                return Ok(());
            }
        }
        if chunked {
            write_last_chunk(self.out, decoder.trailers());
        }
        Ok(())
    }

    /// Reads on; says whether the body comes fast enough.
    async fn more(&mut self) -> Result<bool, Fault> {
        let now = Instant::now();
        self.clock.last.set(now);
        let stall = self.limits.body_stall_time;
        let filled = self.caller_in.fill(&mut self.caller, BODY_WINDOW);
        match timeout_at(now + stall.into(), filled).await {
            Err(_) => Err(Fault::RequestStalled(stall)),
            Ok(Ok(0) | Err(_)) => Err(Fault::CallerGone),
            Ok(Ok(count)) => Ok(self.pace.is_kept(count, now.elapsed(), stall.into())),
        }
    }
}

/// How many bytes have to come in each span of waiting as long as a body may
/// stall: a byte now and then would otherwise hold an app for hours (H1-20).
const STALL_BYTES_MIN: usize = 1024;

/// How fast a body comes, counted only while it is waited for.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: usize,
}

impl Pace {
    /// Takes in what came after waiting for so long; says whether it is enough.
    fn is_kept(&mut self, count: usize, waited: Duration, span: Duration) -> bool {
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(count);
        if self.waited < span {
            return true;
        }
        std::mem::take(self).bytes >= STALL_BYTES_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(60);

    #[test]
    fn a_byte_now_and_then_is_too_slow() {
        let mut pace = Pace::default();
        let kept = (1..=6).take_while(|_| pace.is_kept(1, SPAN / 6, SPAN)).count();
        assert_eq!(kept, 5);
    }

    #[test]
    fn enough_in_each_span_may_go_on_for_ever() {
        let mut pace = Pace::default();
        assert!((0..1000).all(|_| pace.is_kept(STALL_BYTES_MIN / 2, SPAN / 2, SPAN)));
    }

    #[test]
    fn only_waiting_counts() {
        let mut pace = Pace::default();
        assert!((0..10_000).all(|_| pace.is_kept(1, Duration::ZERO, SPAN)));
    }
}
