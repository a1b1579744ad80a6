//! The head of a response from an upstream we don't trust, read as strictly
//! as a request (RFC 9112, sections 4 and 6.3). Whatever is wrong here ends
//! as a 502 and costs the upstream its connection; that is the proxy's part.

use model::Limits;

use super::error::ResponseError;
use super::scan::Caps;
use super::version::VersionField;
use crate::alphabet::{find, is_all_value};
use crate::http::{Control, ControlError, Framing, Progress, ResponseHead, Underscores, Version};

impl ResponseHead {
    /// Reads a head from the beginning of `input`, which answers a request
    /// with this method. `None`: it isn't complete; call again with the same
    /// bytes and more. `Some(n)`: it took the first `n` bytes.
    ///
    /// # Errors
    /// When the response is malformed, ambiguous or too large. The same bytes
    /// give the same outcome however they are split over calls.
    pub fn parse(
        &mut self,
        input: &[u8],
        request_method: &str,
        limits: &Limits,
    ) -> Result<Option<usize>, ResponseError> {
        self.forget();
        let outcome = self.read(input, request_method, limits);
        if !matches!(outcome, Ok(None)) {
            self.progress = Progress::default();
        }
        if outcome.is_err() {
            self.forget();
        }
        outcome
    }

    fn read(
        &mut self,
        input: &[u8],
        request_method: &str,
        limits: &Limits,
    ) -> Result<Option<usize>, ResponseError> {
        if input.first().is_some_and(|byte| *byte != b'H') {
            return Err(ResponseError::Line);
        }
        let Some(length) = self.progress.advance(input, &caps(limits))? else { return Ok(None) };
        let head = input.get(..length.saturating_sub(2)).unwrap_or_default();
        let end = find(head, b'\n').map_or(head.len(), |at| at + 1);
        let (line, fields) = head.split_at_checked(end).unwrap_or_default();
        self.read_line(line)?;
        self.section.read_fields(fields, Underscores::Passed)?;
        let control = Control::read(&mut self.section)?;
        self.read_framing(control, request_method)?;
        Ok(Some(length))
    }

    /// `HTTP/1.1 200 OK`; many upstreams leave out the blank before an empty
    /// reason, and that is taken.
    fn read_line(&mut self, line: &[u8]) -> Result<(), ResponseError> {
        let line = line.strip_suffix(b"\r\n").ok_or(ResponseError::Line)?;
        let (version, rest) = line.split_at_checked(8).ok_or(ResponseError::Line)?;
        self.version = match VersionField::read(version) {
            VersionField::Known(version) => version,
            VersionField::Other => return Err(ResponseError::Version),
            VersionField::Malformed => return Err(ResponseError::Line),
        };
        let [b' ', a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', reason @ ..] = rest else {
            return Err(ResponseError::Line);
        };
        let reason = match reason {
            [] => reason,
            [b' ', reason @ ..] if is_all_value(reason) => reason,
            _ => return Err(ResponseError::Line),
        };
        self.status = [a, b, c].iter().fold(0, |sum, d| sum * 10 + u16::from(**d - b'0'));
        self.reason = self.section.keep_bytes(reason);
        Ok(())
    }

    /// RFC 9112, section 6.3, without its leniencies.
    fn read_framing(&mut self, control: Control, method: &str) -> Result<(), ResponseError> {
        let has_coding = control.coding.is_some();
        if has_coding && self.version == Version::Http10 {
            return Err(ControlError::CodingUnfit.into());
        }
        let is_short = self.status < 200 || self.status == 204;
        if is_short && (has_coding || control.length.is_some_and(|length| length > 0)) {
            return Err(ResponseError::Body);
        }
        let is_tunnel = method == "CONNECT" && (200..300).contains(&self.status);
        if is_tunnel && (has_coding || control.length.is_some()) {
            return Err(ResponseError::Body);
        }
        self.framing = match control.length {
            _ if is_short || is_tunnel || self.status == 304 || method == "HEAD" => Framing::None,
            _ if has_coding => Framing::Chunked,
            Some(length) => Framing::Length(length),
            None => Framing::UntilClose,
        };
        self.content_length = control.length;
        self.upgrade = control.upgrade && self.status == 101;
        self.keep_alive = self.version == Version::Http11
            && !control.close
            && self.status != 101
            && !is_tunnel
            && self.framing != Framing::UntilClose;
        Ok(())
    }
}

fn caps(limits: &Limits) -> Caps {
    Caps {
        first_line: limits.request_line_bytes_max,
        total: limits.head_bytes_max,
        lines: limits.header_count_max.saturating_add(1),
    }
}
