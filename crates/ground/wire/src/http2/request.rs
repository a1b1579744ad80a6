//! Fills a request head from the fields of a stream (RFC 9113, section 8.3.1;
//! RFC 8441), so that it reads as if it had come by HTTP/1.1. What one of the
//! two refuses, the other refuses too.

use model::Limits;

use super::error::MalformedHead;
use super::field;
use super::hpack::FieldList;
use super::pseudo::Pseudo;
use crate::alphabet::{is_token, is_visible};
use crate::canonical::{self, Form, HostPort, Target};
use crate::http::{
    Control, ControlError, Found, Framing, Line, RequestHead, Underscores, Version, is_upgrade,
};

/// What an HTTP/1.1 request line has besides method and target.
const LINE_BYTES: usize = " ".len() + " HTTP/1.1\r\n".len();

impl RequestHead {
    /// Reads a head from decoded fields; `is_end`: no body follows. Either all
    /// of it holds, or the head reads as empty.
    ///
    /// `:authority` reads as the field `host`, before all others, and the
    /// crumbs of a cookie as one field. An extended `CONNECT` reads as a `GET`
    /// that wants to upgrade. A `CONNECT` of either kind has no framing: what
    /// follows is the tunnel's.
    ///
    /// # Errors
    /// When the request is malformed or too large. A list that is over the
    /// limits is [`MalformedHead::TooLarge`].
    pub fn read_http2(
        &mut self,
        fields: &FieldList,
        is_end: bool,
        limits: &Limits,
    ) -> Result<(), MalformedHead> {
        self.clear();
        let outcome = self.take_list(fields, is_end, limits);
        if outcome.is_err() {
            self.forget();
        }
        outcome
    }

    fn take_list(
        &mut self,
        list: &FieldList,
        is_end: bool,
        limits: &Limits,
    ) -> Result<(), MalformedHead> {
        if list.is_over() {
            return Err(MalformedHead::TooLarge);
        }
        let mut fields = list.iter();
        let pseudo = Pseudo::take(&mut fields)?;
        self.take_line(&pseudo, limits)?;
        let authority = self.keep_authority(&pseudo)?;
        self.take_fields(fields, authority)?;
        if authority.is_none() {
            self.take_host()?;
        }
        let control = Control::read(&mut self.section)?;
        self.take_framing(control, pseudo.is_connect(), is_end)?;
        if !self.read_expectation() {
            return Err(MalformedHead::Expectation);
        }
        self.keep_alive = true;
        Ok(())
    }

    /// The pseudo-header fields that the method has to have, and no others.
    fn take_line(&mut self, pseudo: &Pseudo<'_>, limits: &Limits) -> Result<(), MalformedHead> {
        let method = pseudo.method.ok_or(MalformedHead::PseudoSet)?;
        let is_word = |byte: &u8| is_token(*byte) && !byte.is_ascii_lowercase();
        if method.is_empty() || !method.iter().all(is_word) {
            return Err(MalformedHead::Method);
        }
        if pseudo.status.is_some() || (pseudo.protocol.is_some() && !pseudo.is_connect()) {
            return Err(MalformedHead::PseudoSet);
        }
        let (method, target) = match pseudo.protocol {
            None if pseudo.is_connect() => (method, tunnel_target(pseudo)?),
            None => (method, path(pseudo)?),
            Some(protocol) if is_upgrade(protocol) => (&b"GET"[..], path(pseudo)?),
            Some(_) => return Err(MalformedHead::Protocol),
        };
        if method.len() + target.len() + LINE_BYTES > limits.request_line_bytes_max {
            return Err(MalformedHead::TooLarge);
        }
        let (method, target) = (self.section.keep_text(method), self.section.keep_text(target));
        self.line = Line { method, target, version: Version::Http2 };
        self.upgrade = pseudo.protocol.map(|protocol| self.section.keep_bytes(protocol));
        self.extended_connect = self.upgrade.is_some();
        Ok(())
    }

    /// `:authority` becomes the field `host`. Gives it in a form that another
    /// one can be compared with.
    fn keep_authority<'a>(
        &mut self,
        pseudo: &Pseudo<'a>,
    ) -> Result<Option<Target<'a>>, MalformedHead> {
        let Some(raw) = pseudo.authority else { return Ok(None) };
        HostPort::read_bytes(raw).map_err(MalformedHead::Authority)?;
        let authority = std::str::from_utf8(raw).ok();
        let scheme = pseudo.scheme.and_then(|scheme| std::str::from_utf8(scheme).ok());
        let form = if scheme.is_some() { Form::Absolute } else { Form::Authority };
        let span = self.section.keep_bytes(raw);
        self.section.push_kept(b"host", span);
        self.host = Some(span);
        Ok(Some(Target { form, scheme, authority, path: "", query: None }))
    }

    fn take_fields<'a>(
        &mut self,
        mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        authority: Option<Target<'_>>,
    ) -> Result<(), MalformedHead> {
        let (mut has_cookie, mut has_host) = (false, false);
        let underscores =
            if is_grpc(fields.clone()) { Underscores::Passed } else { Underscores::Refused };
        while let Some((name, value)) = fields.next() {
            field::check(name, value, underscores)?;
            match (name, &authority) {
                (b"cookie", _) if has_cookie => {}
                (b"cookie", _) => {
                    has_cookie = true;
                    self.keep_cookie(value, fields.clone());
                }
                (b"host", Some(_)) if has_host => return Err(MalformedHead::Hosts),
                (b"host", Some(authority)) => {
                    has_host = true;
                    check_host(value, authority)?;
                }
                _ => self.section.push(name, value),
            }
        }
        Ok(())
    }

    /// Puts the crumbs of a cookie together (RFC 9113, section 8.2.3), empty
    /// ones left out: the value may end in no blank. Those
    /// that are still to come are checked when their turn comes.
    fn keep_cookie<'a>(&mut self, first: &[u8], rest: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        let mut cookie = self.section.keep_bytes(first);
        let mut is_empty = first.is_empty();
        for (_, crumb) in rest.filter(|(name, crumb)| *name == b"cookie" && !crumb.is_empty()) {
            if !std::mem::replace(&mut is_empty, false) {
                cookie = self.section.keep_behind(cookie, b"; ");
            }
            cookie = self.section.keep_behind(cookie, crumb);
        }
        self.section.push_kept(b"cookie", cookie);
    }

    /// Without `:authority` there is one `host`.
    fn take_host(&mut self) -> Result<(), MalformedHead> {
        let Found::Once(span) = self.section.find("host") else {
            return Err(MalformedHead::Hosts);
        };
        HostPort::read_bytes(self.section.bytes(span)).map_err(MalformedHead::Authority)?;
        self.host = Some(span);
        Ok(())
    }

    fn take_framing(
        &mut self,
        control: Control,
        is_connect: bool,
        is_end: bool,
    ) -> Result<(), MalformedHead> {
        self.framing = match control.length {
            Some(length) if length > 0 && is_connect => return Err(ControlError::Length.into()),
            _ if is_connect => Framing::None,
            Some(length) if length > 0 && is_end => return Err(MalformedHead::Body),
            Some(length) => Framing::Length(length),
            None if is_end => Framing::None,
            None => Framing::Chunked,
        };
        Ok(())
    }
}

/// A `CONNECT` names host and port and nothing else (RFC 9113, section 8.5).
fn tunnel_target<'a>(pseudo: &Pseudo<'a>) -> Result<&'a [u8], MalformedHead> {
    let (None, None, Some(raw)) = (pseudo.scheme, pseudo.path, pseudo.authority) else {
        return Err(MalformedHead::PseudoSet);
    };
    let text = std::str::from_utf8(raw).unwrap_or_default();
    canonical::target("CONNECT", text).map_err(MalformedHead::Authority)?;
    Ok(raw)
}

/// The path as it came. Which characters it may have is `canonical`'s to say;
/// here it is made sure that it is a path, and never a whole URI.
fn path<'a>(pseudo: &Pseudo<'a>) -> Result<&'a [u8], MalformedHead> {
    let (Some(scheme), Some(path)) = (pseudo.scheme, pseudo.path) else {
        return Err(MalformedHead::PseudoSet);
    };
    if !matches!(scheme, b"http" | b"https") {
        return Err(MalformedHead::Scheme);
    }
    let is_asterisk = path == b"*" && pseudo.method == Some(b"OPTIONS");
    let is_path = path.first() == Some(&b'/') || is_asterisk;
    if is_path && path.iter().copied().all(is_visible) {
        Ok(path)
    } else {
        Err(MalformedHead::Path)
    }
}

/// A `Host` beside `:authority` has to say the same.
fn check_host(value: &[u8], authority: &Target<'_>) -> Result<(), MalformedHead> {
    let host = HostPort::read_bytes(value).map_err(MalformedHead::Authority)?;
    if authority.agrees_with(&host) { Ok(()) } else { Err(MalformedHead::HostConflict) }
}

/// Metadata of gRPC may have underscores in its names, and no gRPC library
/// takes them for hyphens; the apps that do are behind other requests.
fn is_grpc<'a>(mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> bool {
    let kind = fields.find(|(name, _)| *name == b"content-type");
    kind.is_some_and(|(_, value)| value.starts_with(b"application/grpc"))
}
