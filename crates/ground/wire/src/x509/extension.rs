//! The extensions SPIFFE has rules for (X509-SVID, section 4), and which
//! others are critical. What path building needs besides is webpki's matter.

use super::der::{
    BIT_STRING, BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, read_boolean,
    read_natural,
};
use super::error::ReadError;

/// More than any certificate has; keeps the search for duplicates short.
const EXTENSIONS_MAX: usize = 64;

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];

const ANY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;

/// What the key may be used for (RFC 5280, section 4.2.1.3), as far as a leaf
/// and an authority differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// The extension is marked critical.
    pub critical: bool,
    /// It may sign handshakes.
    pub digital_signature: bool,
    /// It may sign certificates.
    pub key_cert_sign: bool,
    /// It may sign revocation lists.
    pub crl_sign: bool,
}

/// Which side of a connection it may be (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eku {
    /// A server.
    pub server_auth: bool,
    /// A client.
    pub client_auth: bool,
    /// Anything.
    pub any: bool,
}

/// What the extensions say together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) is_ca: bool,
    pub(crate) path_len: Option<u32>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<Eku>,
    pub(crate) uris: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) san_is_critical: bool,
    pub(crate) unknown_critical: bool,
    pub(crate) has_duplicate: bool,
}

impl Extensions {
    /// Reads `SEQUENCE OF Extension`, its tag and length taken off.
    pub(crate) fn read(content: &[u8]) -> Result<Self, ReadError> {
        let mut all = Reader::new(content);
        let mut found = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        while !all.is_empty() {
            let mut extension = all.open(SEQUENCE)?;
            let id = extension.take(OBJECT_IDENTIFIER)?.content;
            let critical = extension.maybe(BOOLEAN)?.map(|flag| read_boolean(flag.content));
            let value = extension.take(OCTET_STRING)?.content;
            extension.end()?;
            if seen.len() >= EXTENSIONS_MAX {
                return Err(ReadError::TooManyExtensions);
            }
            found.has_duplicate |= seen.contains(&id);
            seen.push(id);
            found.take(id, critical.transpose()?.unwrap_or_default(), value)?;
        }
        Ok(found)
    }

    fn take(&mut self, id: &[u8], critical: bool, value: &[u8]) -> Result<(), ReadError> {
        let (name, outcome) = match id {
            BASIC_CONSTRAINTS => ("basic constraints", self.take_basic_constraints(value)),
            KEY_USAGE => ("key usage", self.take_key_usage(critical, value)),
            EXTENDED_KEY_USAGE => ("extended key usage", self.take_extended_key_usage(value)),
            SUBJECT_ALT_NAME => ("subject alternative name", self.take_names(critical, value)),
            // Path building reads these; to a leaf they say nothing.
            NAME_CONSTRAINTS | CRL_DISTRIBUTION_POINTS => return Ok(()),
            _ => {
                self.unknown_critical |= critical;
                return Ok(());
            }
        };
        outcome.map_err(|_| ReadError::Extension(name))
    }

    fn take_basic_constraints(&mut self, value: &[u8]) -> Result<(), ReadError> {
        let mut content = whole_sequence(value)?;
        if let Some(flag) = content.maybe(BOOLEAN)? {
            self.is_ca = read_boolean(flag.content)?;
        }
        if let Some(number) = content.maybe(INTEGER)? {
            let bytes = read_natural(number.content)?;
            let is_small = bytes.len() <= 4;
            let length = bytes.iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
            self.path_len = Some(if is_small { length } else { u32::MAX });
        }
        content.end()
    }

    fn take_key_usage(&mut self, critical: bool, value: &[u8]) -> Result<(), ReadError> {
        let mut reader = Reader::new(value);
        let bits = reader.take(BIT_STRING)?.content;
        reader.end()?;
        let [unused @ 0..=7, bits @ ..] = bits else { return Err(ReadError::Der) };
        let padding = bits.last().map_or(*unused, |last| last & ((1 << unused) - 1));
        if padding != 0 {
            return Err(ReadError::Der);
        }
        let first = bits.first().copied().unwrap_or_default();
        self.key_usage = Some(KeyUsage {
            critical,
            digital_signature: first & 0x80 != 0,
            key_cert_sign: first & 0x04 != 0,
            crl_sign: first & 0x02 != 0,
        });
        Ok(())
    }

    fn take_extended_key_usage(&mut self, value: &[u8]) -> Result<(), ReadError> {
        let mut content = whole_sequence(value)?;
        let mut usage = Eku::default();
        if content.is_empty() {
            return Err(ReadError::Der);
        }
        while !content.is_empty() {
            match content.take(OBJECT_IDENTIFIER)?.content {
                SERVER_AUTH => usage.server_auth = true,
                CLIENT_AUTH => usage.client_auth = true,
                ANY_USAGE => usage.any = true,
                _ => {}
            }
        }
        self.extended_key_usage = Some(usage);
        Ok(())
    }

    fn take_names(&mut self, critical: bool, value: &[u8]) -> Result<(), ReadError> {
        let mut content = whole_sequence(value)?;
        if content.is_empty() {
            return Err(ReadError::Der);
        }
        self.san_is_critical = critical;
        while !content.is_empty() {
            let name = content.any()?;
            match name.tag {
                URI => self.uris.push(ascii(name.content)?),
                DNS_NAME => self.dns_names.push(ascii(name.content)?),
                _ => {}
            }
        }
        Ok(())
    }
}

fn whole_sequence(value: &[u8]) -> Result<Reader<'_>, ReadError> {
    let mut reader = Reader::new(value);
    let content = reader.open(SEQUENCE)?;
    reader.end()?;
    Ok(content)
}

/// An `IA5String`; a NUL or other control character in a name is a trick.
fn ascii(content: &[u8]) -> Result<String, ReadError> {
    let is_printable = content.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = std::str::from_utf8(content).ok().filter(|_| is_printable);
    text.map(str::to_owned).ok_or(ReadError::Der)
}
