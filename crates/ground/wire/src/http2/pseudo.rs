//! The fields that begin with a colon: first, known, and once (RFC 9113,
//! section 8.3). Which of them have to be there is the heads' matter.

use super::error::MalformedHead;

/// Their values, unchecked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pseudo<'a> {
    pub(super) method: Option<&'a [u8]>,
    pub(super) scheme: Option<&'a [u8]>,
    pub(super) authority: Option<&'a [u8]>,
    pub(super) path: Option<&'a [u8]>,
    pub(super) protocol: Option<&'a [u8]>,
    pub(super) status: Option<&'a [u8]>,
}

impl<'a> Pseudo<'a> {
    /// Takes them from the front of the fields and leaves the ordinary ones.
    pub(super) fn take(
        fields: &mut (impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone),
    ) -> Result<Self, MalformedHead> {
        let mut pseudo = Self::default();
        loop {
            let mut ahead = fields.clone();
            match ahead.next() {
                Some((name @ [b':', ..], value)) => pseudo.put(name, value)?,
                _ => return Ok(pseudo),
            }
            *fields = ahead;
        }
    }

    fn put(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), MalformedHead> {
        let place = match name {
            b":method" => &mut self.method,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b":path" => &mut self.path,
            b":protocol" => &mut self.protocol,
            b":status" => &mut self.status,
            _ => return Err(MalformedHead::Pseudo),
        };
        if place.replace(value).is_some() { Err(MalformedHead::Pseudo) } else { Ok(()) }
    }

    /// Whether the method is `CONNECT`, extended or not.
    pub(super) fn is_connect(&self) -> bool {
        self.method == Some(b"CONNECT")
    }
}
