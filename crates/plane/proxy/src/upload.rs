//! The request's body on its way to the other side.

use std::io;
use std::time::Duration;

use model::{Limits, Millis};
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::flow::{More, Sink, Source, Spoilt};
use crate::patience::Patience;
use crate::progress::{Activity, Progress};

/// The direction of the request. In HTTP/1 the sink holds the head already.
pub(crate) struct Uploader<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) sink: Sink<'a>,
    pub(crate) limits: &'a Limits,
    pub(crate) patience: Patience,
    pub(crate) clock: &'a Activity,
    pub(crate) progress: &'a Progress,
    pub(crate) pace: Pace,
}

impl Uploader<'_> {
    /// Head and body. Body bytes that are here already go out with the head.
    pub(crate) async fn message(&mut self) -> Result<(), Fault> {
        let stall = self.patience.request;
        let mut is_kept = true;
        loop {
            let (count, done) = self.source.take(&mut self.sink, self.limits).map_err(spoilt)?;
            self.progress.sent(count);
            if !is_kept && !done {
                return Err(Fault::RequestCrawls(self.patience.request));
            }
            if done {
                let sent = self.sink.finish(&self.source, stall).await;
                return sent.map_err(|error| stopped(error, stall));
            }
            self.sink.flush(stall).await.map_err(|error| stopped(error, stall))?;
            is_kept = self.more().await?;
        }
    }

    /// Reads on; says whether the body comes fast enough.
    async fn more(&mut self) -> Result<bool, Fault> {
        let now = Instant::now();
        self.clock.last.set(now);
        let stall = self.patience.request;
        match timeout_at(now + stall.into(), self.source.more()).await {
            Err(_) => Err(Fault::RequestStalled(stall)),
            Ok(Ok(More::End)) => Err(Fault::CallerGone),
            Ok(Err(error)) => Err(spoilt(error)),
            Ok(Ok(More::Bytes(count))) => Ok(self.patience.is_open_ended
                || self.pace.is_kept(count, now.elapsed(), stall.into())),
        }
    }
}

/// An upstream that reads nothing for so long is stuck; one that closed may
/// have answered.
fn stopped(error: io::Error, stall: Millis) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut => Fault::UploadStalled(stall),
        _ => Fault::UpstreamClosed(error),
    }
}

fn spoilt(error: Spoilt) -> Fault {
    match error {
        Spoilt::Body(error) => Fault::RequestBody(error),
        Spoilt::Broke(_) => Fault::CallerGone,
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
