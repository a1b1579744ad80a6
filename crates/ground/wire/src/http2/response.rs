//! Fills a response head, or trailers, from the fields of a stream (RFC 9113,
//! sections 8.1 and 8.3.2), as strictly as from HTTP/1.1.

use super::error::MalformedHead;
use super::field;
use super::hpack::FieldList;
use super::pseudo::Pseudo;
use crate::http::{Control, Framing, ResponseHead, Trailers, Underscores, Version};

impl ResponseHead {
    /// Reads a head from decoded fields, which answers a request with this
    /// method (`CONNECT` also for an extended one); `is_end`: no body follows.
    /// Either all of it holds, or the head reads as empty.
    ///
    /// A body that ends with the head, or that there can't be, is
    /// [`Framing::None`]; what `content-length` says is kept besides.
    ///
    /// # Errors
    /// When the response is malformed or too large. A list that is over the
    /// limits is [`MalformedHead::TooLarge`].
    pub fn read_http2(
        &mut self,
        fields: &FieldList,
        request_method: &str,
        is_end: bool,
    ) -> Result<(), MalformedHead> {
        self.clear();
        let outcome = self.take_list(fields, request_method, is_end);
        if outcome.is_err() {
            self.forget();
        }
        outcome
    }

    fn take_list(
        &mut self,
        list: &FieldList,
        method: &str,
        is_end: bool,
    ) -> Result<(), MalformedHead> {
        if list.is_over() {
            return Err(MalformedHead::TooLarge);
        }
        let mut fields = list.iter();
        let pseudo = Pseudo::take(&mut fields)?;
        self.take_status(&pseudo, is_end)?;
        for (name, value) in fields {
            field::check(name, value, Underscores::Passed)?;
            self.section.push(name, value);
        }
        let control = Control::read(&mut self.section)?;
        self.content_length = control.length;
        self.take_framing(method, is_end)?;
        (self.version, self.keep_alive) = (Version::Http2, true);
        Ok(())
    }

    /// Three digits, and nothing else of a pseudo-header field. There is no
    /// 101 in HTTP/2 (RFC 9113, section 8.6).
    fn take_status(&mut self, pseudo: &Pseudo<'_>, is_end: bool) -> Result<(), MalformedHead> {
        let Pseudo { method, scheme, authority, path, protocol, status } = pseudo;
        let others = [method, scheme, authority, path, protocol];
        let (Some(status), true) = (status, others.iter().all(|other| other.is_none())) else {
            return Err(MalformedHead::PseudoSet);
        };
        let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] = status else {
            return Err(MalformedHead::Status);
        };
        self.status = [a, b, c].iter().fold(0, |sum, d| sum * 10 + u16::from(**d - b'0'));
        if self.status == 101 || (self.status < 200 && is_end) {
            return Err(MalformedHead::Status);
        }
        Ok(())
    }

    fn take_framing(&mut self, method: &str, is_end: bool) -> Result<(), MalformedHead> {
        let announced = self.content_length.filter(|length| *length > 0);
        let is_short = self.status < 200 || self.status == 204;
        let is_tunnel = method == "CONNECT" && (200..300).contains(&self.status);
        let is_bare = self.status == 304 || method == "HEAD";
        if announced.is_some() && (is_short || is_tunnel || (is_end && !is_bare)) {
            return Err(MalformedHead::Body);
        }
        self.framing = match self.content_length {
            _ if is_end || is_short || is_tunnel || is_bare => Framing::None,
            Some(length) => Framing::Length(length),
            None => Framing::Chunked,
        };
        Ok(())
    }
}

impl Trailers {
    /// Reads the fields behind a body; what may not stand there is dropped.
    /// Either all of it holds, or there are none.
    ///
    /// # Errors
    /// When they are malformed or too large, or there is a pseudo-header field
    /// (RFC 9113, section 8.1).
    pub fn read_http2(&mut self, fields: &FieldList) -> Result<(), MalformedHead> {
        self.clear();
        let outcome = self.take_list(fields);
        if outcome.is_err() {
            self.clear();
        }
        outcome
    }

    fn take_list(&mut self, list: &FieldList) -> Result<(), MalformedHead> {
        if list.is_over() {
            return Err(MalformedHead::TooLarge);
        }
        for (name, value) in list.iter() {
            field::check(name, value, Underscores::Passed)?;
            self.section.push(name, value);
        }
        self.judge();
        Ok(())
    }
}
