//! The answer on its way back: interim heads, the final one, the body, each
//! framed for the caller's version.

use std::io;

use model::Limits;
use tokio::time::{Instant, timeout_at};
use wire::http1::{
    BodyDecoder, Framing, RequestHead, ResponseHead, Version, write_field, write_framing,
    write_last_chunk, write_status_line,
};

use crate::body::{BODY_WINDOW, write_body};
use crate::buffer::Buffer;
use crate::fault::Fault;
use crate::half::Half;
use crate::progress::{Activity, Progress};
use crate::stream::Stream;

/// The direction of the answer.
pub(crate) struct Downloader<'a> {
    pub(crate) caller: Half<'a, Stream>,
    pub(crate) upstream: Half<'a, Stream>,
    pub(crate) upstream_in: &'a mut Buffer,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a Activity,
    pub(crate) request: &'a RequestHead,
    pub(crate) answer: &'a mut ResponseHead,
    pub(crate) closing: bool,
    pub(crate) from_app: bool,
    pub(crate) progress: &'a mut Progress,
}

/// How the answer's body is framed toward the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Onward {
    Same,
    Chunked,
    UntilClose,
}

impl Downloader<'_> {
    /// The whole answer, interim ones included.
    pub(crate) async fn answer(&mut self) -> Result<(), Fault> {
        self.final_head().await?;
        let framing = self.answer.framing();
        let onward = self.onward(framing);
        self.write_head(framing, onward);
        if framing == Framing::None {
            self.deliver().await?;
        } else {
            self.body(framing, onward).await?;
        }
        let reusable = self.answer.keep_alive() && framing != Framing::UntilClose;
        // Bytes behind the answer belong to no request of ours.
        self.progress.upstream_usable = reusable && self.upstream_in.is_empty();
        Ok(())
    }

    /// Reads up to the final head, passing interim ones on.
    async fn final_head(&mut self) -> Result<(), Fault> {
        let mut interim = 0;
        loop {
            let method = self.request.method();
            let unread = self.upstream_in.unread();
            let parsed = self.answer.parse(unread, method, self.limits);
            match parsed.map_err(Fault::Response)? {
                None => self.more_head().await?,
                Some(used) => {
                    self.upstream_in.consume(used);
                    if self.answer.status() == 101 {
                        return Err(Fault::UnaskedSwitch);
                    }
                    if !self.answer.is_interim() {
                        return Ok(());
                    }
                    interim += 1;
                    self.interim(interim).await?;
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
        write_status_line(self.out, self.answer.status(), self.answer.reason());
        self.write_fields();
        self.out.extend_from_slice(b"\r\n");
        self.send_out().await
    }

    async fn more_head(&mut self) -> Result<(), Fault> {
        let cap = self.limits.head_bytes_max.max(BODY_WINDOW);
        let filled = self.upstream_in.fill(&mut self.upstream, cap);
        tokio::pin!(filled);
        let filled = loop {
            let deadline = self.clock.last.get() + self.limits.response_time.into();
            match timeout_at(deadline, &mut filled).await {
                Ok(filled) => break filled,
                // A request that is still moving has not run out of time.
                Err(_) if self.clock.sending.get() => self.clock.last.set(Instant::now()),
                // It ended meanwhile: the answer has its whole time from then.
                Err(_) if self.clock.last.get() + self.limits.response_time.into() > deadline => {}
                Err(_) => return Err(Fault::ResponseTimeout(self.limits.response_time)),
            }
        };
        match filled {
            Ok(0) => Err(Fault::UpstreamClosed(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {
                self.progress.upstream_spoke = true;
                Ok(())
            }
            Err(error) => Err(Fault::UpstreamClosed(error)),
        }
    }

    fn onward(&mut self, framing: Framing) -> Onward {
        match (framing, self.request.version()) {
            (Framing::None | Framing::Length(_), _) => Onward::Same,
            (_, Version::Http11) => Onward::Chunked,
            (_, Version::Http10) => {
                self.closing = true;
                Onward::UntilClose
            }
        }
    }

    fn write_head(&mut self, framing: Framing, onward: Onward) {
        write_status_line(self.out, self.answer.status(), self.answer.reason());
        self.write_fields();
        match (framing, onward) {
            (Framing::Length(_), _) => write_framing(self.out, framing),
            (_, Onward::Chunked) => write_framing(self.out, Framing::Chunked),
            // HEAD and 304 say what the body would have been.
            (Framing::None, _) if self.answer.status() >= 200 => {
                if let Some(length) = self.answer.content_length() {
                    write_framing(self.out, Framing::Length(length));
                }
            }
            _ => {}
        }
        if self.closing {
            write_field(self.out, "connection", b"close");
        } else if self.request.version() == Version::Http10 {
            write_field(self.out, "connection", b"keep-alive");
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn write_fields(&mut self) {
        for (name, value) in self.answer.forwardable_fields() {
            if self.from_app && wire::header::is_protected(name) {
                continue;
            }
            write_field(self.out, name, value);
        }
    }

    async fn body(&mut self, framing: Framing, onward: Onward) -> Result<(), Fault> {
        let mut decoder = BodyDecoder::new(framing);
        let chunked = onward == Onward::Chunked;
        loop {
            self.take_in(&mut decoder, chunked)?;
            self.deliver().await?;
            if decoder.is_done() {
                return Ok(());
            }
            self.more_body(&mut decoder).await?;
        }
    }

    fn take_in(&mut self, decoder: &mut BodyDecoder, chunked: bool) -> Result<(), Fault> {
        while !decoder.is_done() {
            let unread = self.upstream_in.unread();
            let step = decoder.decode(unread, self.limits).map_err(Fault::ResponseBody)?;
            let data = unread.get(step.data.clone()).unwrap_or_default();
            let counted = self.progress.response_bytes.saturating_add(data.len() as u64);
            self.progress.response_bytes = counted;
            write_body(self.out, data, chunked);
            let stuck = step.used == 0;
            self.upstream_in.consume(step.used);
            if stuck && !decoder.is_done() {
                return Ok(());
            }
        }
        if chunked {
            write_last_chunk(self.out, decoder.trailers());
        }
        Ok(())
    }

    async fn more_body(&mut self, decoder: &mut BodyDecoder) -> Result<(), Fault> {
        let stall = self.limits.body_stall_time;
        let filled = self.upstream_in.fill(&mut self.upstream, BODY_WINDOW);
        match timeout_at(Instant::now() + stall.into(), filled).await {
            Err(_) => Err(Fault::ResponseStalled(stall)),
            Ok(Err(error)) => Err(Fault::UpstreamBroke(error)),
            Ok(Ok(0)) => decoder
                .at_eof()
                .map_err(|_| Fault::UpstreamBroke(io::ErrorKind::UnexpectedEof.into())),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// Sends what stands in `out`, which begins with the final head. Until
    /// then nothing is said, and whatever is wrong can still become a 502.
    async fn deliver(&mut self) -> Result<(), Fault> {
        self.progress.status = self.answer.status();
        self.send_out().await
    }

    async fn send_out(&mut self) -> Result<(), Fault> {
        if self.out.is_empty() {
            return Ok(());
        }
        let stall = self.limits.body_stall_time;
        let sent = self.caller.send(self.out, stall);
        // For the whole of it: a byte now and then is not reading.
        let sent = timeout_at(Instant::now() + stall.into(), sent).await;
        self.out.clear();
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err(Fault::CallerGone),
        }
    }
}
