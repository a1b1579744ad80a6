//! The head of a request, read strictly (RFC 9112, sections 2 to 6): when
//! `parse` gives a head, its framing, its authority and its target form are
//! beyond doubt. The path is `canonical`'s matter, the answer the proxy's.

use model::Limits;

use super::error::RequestError;
use super::scan::Caps;
use super::version::VersionField;
use crate::alphabet::{find, is_token, is_visible};
use crate::canonical::{self, HostPort};
use crate::http::{
    Coding, Control, ControlError, Found, Framing, Line, Progress, RequestHead, Underscores,
    Version, is_upgrade,
};

impl RequestHead {
    /// Reads a head from the beginning of `input`. `None`: it isn't complete;
    /// call again with the same bytes and more. `Some(n)`: it took the first
    /// `n` bytes. One empty line before it is passed over (RFC 9112,
    /// section 2.2).
    ///
    /// # Errors
    /// When the request is malformed, ambiguous or too large. The same bytes
    /// give the same outcome however they are split over calls.
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, RequestError> {
        self.forget();
        let outcome = self.read(input, limits);
        if !matches!(outcome, Ok(None)) {
            self.progress = Progress::default();
        }
        if outcome.is_err() {
            self.forget();
        }
        outcome
    }

    fn read(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, RequestError> {
        let Some(input_after) = skip_empty_line(input)? else { return Ok(None) };
        let Some(length) = self.progress.advance(input_after, &caps(limits))? else {
            return Ok(None);
        };
        let head = input_after.get(..length.saturating_sub(2)).unwrap_or_default();
        let end = find(head, b'\n').map_or(head.len(), |at| at + 1);
        let (line, fields) = head.split_at_checked(end).unwrap_or_default();
        self.read_line(line)?;
        self.section.read_fields(fields, Underscores::Refused)?;
        let control = Control::read(&mut self.section)?;
        self.read_framing(control)?;
        self.read_host()?;
        if !self.read_expectation() {
            return Err(RequestError::Expectation);
        }
        self.read_upgrade(control);
        Ok(Some(input.len() - input_after.len() + length))
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), RequestError> {
        let line = line.strip_suffix(b"\r\n").ok_or(RequestError::Line)?;
        let mut parts = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(RequestError::Line);
        };
        let is_plain = !method.is_empty() && method.iter().copied().all(is_token);
        if !is_plain || target.is_empty() || !target.iter().copied().all(is_visible) {
            return Err(RequestError::Line);
        }
        let version = match VersionField::read(version) {
            VersionField::Known(version) => version,
            VersionField::Other => return Err(RequestError::Version),
            VersionField::Malformed => return Err(RequestError::Line),
        };
        if method.iter().any(u8::is_ascii_lowercase) {
            return Err(RequestError::Method);
        }
        let (method, target) = (self.section.keep_text(method), self.section.keep_text(target));
        self.line = Line { method, target, version };
        Ok(())
    }

    /// A body ends where its length or its last chunk says; without either
    /// there is none. A `CONNECT` has none at all (RFC 9110, section 9.3.6).
    fn read_framing(&mut self, control: Control) -> Result<(), RequestError> {
        let coding_fits = self.line.version == Version::Http11 && self.method() != "CONNECT";
        self.framing = match (control.coding, control.length) {
            (None, None) => Framing::None,
            (None, Some(length)) if length > 0 && self.method() == "CONNECT" => {
                return Err(ControlError::Length.into());
            }
            (None, Some(length)) => Framing::Length(length),
            (Some(_), _) if !coding_fits => return Err(ControlError::CodingUnfit.into()),
            (Some(Coding::Chunked), _) => Framing::Chunked,
            (Some(Coding::ChunkedInOtherCase), _) => {
                return Err(ControlError::UnknownCoding.into());
            }
        };
        self.keep_alive = self.line.version == Version::Http11 && !control.close;
        Ok(())
    }

    /// One authority for all uses: `Host`, which a target that names one has
    /// to equal; or the target's, where HTTP/1.0 has no `Host`.
    fn read_host(&mut self) -> Result<(), RequestError> {
        let target = canonical::target(self.method(), self.target());
        let target = target.map_err(RequestError::Target)?;
        let span = match self.section.find("host") {
            Found::Once(span) => Some(span),
            Found::Nowhere if self.line.version == Version::Http10 => None,
            _ => return Err(RequestError::Hosts),
        };
        let host = span.map(|span| HostPort::read_bytes(self.section.bytes(span))).transpose();
        let host = host.map_err(RequestError::Host)?;
        let agrees = host.is_none_or(|host| target.agrees_with(&host));
        if !agrees {
            return Err(RequestError::HostConflict);
        }
        self.host = span;
        Ok(())
    }

    /// An upgrade is taken up only where nothing about it is in doubt; else
    /// it is passed over, as any server may (RFC 9110, section 7.8).
    fn read_upgrade(&mut self, control: Control) {
        let is_open = control.upgrade && self.line.version == Version::Http11 && !self.has_body();
        let protocol = self.section.find("upgrade").once();
        self.upgrade = protocol.filter(|span| is_open && is_upgrade(self.section.bytes(*span)));
    }
}

fn caps(limits: &Limits) -> Caps {
    Caps {
        first_line: limits.request_line_bytes_max,
        total: limits.head_bytes_max,
        lines: limits.header_count_max.saturating_add(1),
    }
}

/// Passes over one empty line; refuses at once what can't begin a request
/// (a TLS greeting, say). `None`: too early to say.
fn skip_empty_line(input: &[u8]) -> Result<Option<&[u8]>, RequestError> {
    let rest = match input {
        [] | [b'\r'] | [b'\r', b'\n'] => return Ok(None),
        [b'\r', b'\n', rest @ ..] => rest,
        _ => input,
    };
    if rest.first().copied().is_some_and(is_token) {
        Ok(Some(rest))
    } else {
        Err(RequestError::Line)
    }
}
