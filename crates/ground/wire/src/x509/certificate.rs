//! A certificate's outer parts, and the facts a verifier or a person asks
//! for.

use model::Timestamp;

use super::der::{BIT_STRING, INTEGER, Reader, SEQUENCE, read_natural};
use super::error::ReadError;
use super::extension::{Eku, Extensions, KeyUsage};
use super::moment::read_moment;

/// The longest serial number (RFC 5280, section 4.1.2.2).
const SERIAL_BYTES_MAX: usize = 20;

/// The version, `[0]`; the two old unique identifiers, `[1]` and `[2]`; the
/// extensions, `[3]`.
const VERSION: u8 = 0xa0;
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// A certificate taken apart, its parts still DER.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    signed: &'a [u8],
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    not_before: Timestamp,
    not_after: Timestamp,
    extensions: &'a [u8],
}

/// What a certificate says. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The serial number, most significant byte first, without leading zeros.
    pub serial: Vec<u8>,
    /// The first moment it is valid.
    pub not_before: Timestamp,
    /// The last second it is valid.
    pub not_after: Timestamp,
    /// The subject is the empty name, as SPIFFE allows when the SAN is
    /// critical.
    pub subject_is_empty: bool,
    /// Basic constraints say `cA`.
    pub is_ca: bool,
    /// How many authorities may follow below it.
    pub path_len: Option<u32>,
    /// Key usage, if there.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage, if there.
    pub extended_key_usage: Option<Eku>,
    /// The URI names, all of them, in order.
    pub uris: Vec<String>,
    /// The DNS names, in order.
    pub dns_names: Vec<String>,
    /// The subject alternative name is marked critical.
    pub san_is_critical: bool,
    /// An extension neither we nor the path builder know is critical.
    pub unknown_critical: bool,
    /// An extension stands there twice.
    pub has_duplicate_extension: bool,
}

/// Reads what a certificate in DER says.
///
/// # Errors
/// When it is no well-formed X.509 version 3 certificate, or goes on after
/// its end.
pub fn read(der: &[u8]) -> Result<Facts, ReadError> {
    Certificate::parse(der)?.facts()
}

impl<'a> Certificate<'a> {
    /// Takes a certificate apart.
    ///
    /// # Errors
    /// When it is no well-formed X.509 version 3 certificate, or goes on after
    /// its end.
    pub fn parse(der: &'a [u8]) -> Result<Self, ReadError> {
        let mut outer = Reader::new(der);
        let mut certificate = outer.open(SEQUENCE)?;
        outer.end()?;
        let signed = certificate.take(SEQUENCE)?;
        let algorithm = certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING)?;
        certificate.end()?;
        let mut body = Reader::new(signed.content);
        read_version(&mut body)?;
        let serial = read_serial(&mut body)?;
        if body.take(SEQUENCE)?.whole != algorithm.whole {
            return Err(ReadError::Algorithms);
        }
        let issuer = body.take(SEQUENCE)?.whole;
        let (not_before, not_after) = read_validity(&mut body)?;
        let subject = body.take(SEQUENCE)?.whole;
        let public_key = body.take(SEQUENCE)?.whole;
        let extensions = read_extensions(&mut body)?;
        body.end()?;
        let signed = signed.whole;
        Ok(Self { signed, serial, issuer, subject, public_key, not_before, not_after, extensions })
    }

    /// What it says.
    ///
    /// # Errors
    /// When an extension is malformed.
    pub fn facts(&self) -> Result<Facts, ReadError> {
        let found = Extensions::read(self.extensions)?;
        Ok(Facts {
            serial: self.serial.to_vec(),
            not_before: self.not_before,
            not_after: self.not_after,
            subject_is_empty: self.subject.len() == 2,
            is_ca: found.is_ca,
            path_len: found.path_len,
            key_usage: found.key_usage,
            extended_key_usage: found.extended_key_usage,
            uris: found.uris,
            dns_names: found.dns_names,
            san_is_critical: found.san_is_critical,
            unknown_critical: found.unknown_critical,
            has_duplicate_extension: found.has_duplicate,
        })
    }

    /// The `TBSCertificate`, which the signature is over.
    #[must_use]
    pub const fn signed_part(&self) -> &'a [u8] {
        self.signed
    }

    /// The issuer's `Name`.
    #[must_use]
    pub const fn issuer(&self) -> &'a [u8] {
        self.issuer
    }

    /// The subject's `Name`.
    #[must_use]
    pub const fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The `SubjectPublicKeyInfo`.
    #[must_use]
    pub const fn public_key(&self) -> &'a [u8] {
        self.public_key
    }
}

fn read_version(body: &mut Reader<'_>) -> Result<(), ReadError> {
    let version = body.maybe(VERSION)?.ok_or(ReadError::Version)?;
    if version.content == [INTEGER, 1, 2] { Ok(()) } else { Err(ReadError::Version) }
}

fn read_serial<'a>(body: &mut Reader<'a>) -> Result<&'a [u8], ReadError> {
    let serial = read_natural(body.take(INTEGER)?.content).map_err(|_| ReadError::Serial)?;
    if serial.len() > SERIAL_BYTES_MAX { Err(ReadError::Serial) } else { Ok(serial) }
}

fn read_validity(body: &mut Reader<'_>) -> Result<(Timestamp, Timestamp), ReadError> {
    let mut validity = body.open(SEQUENCE)?;
    let moments = (read_moment(validity.any()?)?, read_moment(validity.any()?)?);
    validity.end()?;
    Ok(moments)
}

/// The content of the list of extensions; empty when there is none.
fn read_extensions<'a>(body: &mut Reader<'a>) -> Result<&'a [u8], ReadError> {
    body.maybe(ISSUER_UNIQUE_ID)?;
    body.maybe(SUBJECT_UNIQUE_ID)?;
    let Some(tagged) = body.maybe(EXTENSIONS)? else { return Ok(&[]) };
    let mut reader = Reader::new(tagged.content);
    let list = reader.take(SEQUENCE)?.content;
    reader.end()?;
    Ok(list)
}
