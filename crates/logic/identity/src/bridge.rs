//! Between our [`Signer`] and the certificate writer: the writer sees a key
//! that signs, and never learns where it lives. Also the serial numbers.

use model::{Dice, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, SerialNumber};
use time::OffsetDateTime;

use crate::key::{KeyError, PublicKey, Signer};
use crate::validity::Validity;

/// Why a certificate or request could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The signer's key is not the issuer's.
    #[error("the signing key does not belong to the issuing certificate")]
    WrongKey,
    /// The signer has no P-256 key.
    #[error("the signing key can't be used: {0}")]
    Key(#[from] KeyError),
    /// A moment that a certificate can't carry.
    #[error("{0} can't stand in a certificate")]
    Moment(Timestamp),
    /// The writer refused, or the signer failed.
    #[error("the certificate could not be written: {0}")]
    Write(String),
}

impl From<rcgen::Error> for BuildError {
    fn from(error: rcgen::Error) -> Self {
        Self::Write(error.to_string())
    }
}

/// A public key as the writer wants it.
pub(crate) struct Subject<'a>(pub(crate) &'a PublicKey);

impl rcgen::PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.point()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// A signer as the writer wants it.
pub(crate) struct Bridge<'a, S: ?Sized> {
    signer: &'a S,
    key: PublicKey,
}

impl<'a, S: Signer + ?Sized> Bridge<'a, S> {
    pub(crate) fn to(signer: &'a S) -> Result<Self, BuildError> {
        let key = PublicKey::from_spki(&signer.public_key_spki())?;
        Ok(Self { signer, key })
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl<S: ?Sized> rcgen::PublicKeyData for Bridge<'_, S> {
    fn der_bytes(&self) -> &[u8] {
        self.key.point()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl<S: Signer + ?Sized> rcgen::SigningKey for Bridge<'_, S> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signer.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Sixteen octets with 126 random bits: positive, never zero, always of the
/// same length (RFC 5280, section 4.1.2.2).
pub(crate) fn serial(dice: &mut (impl Dice + ?Sized)) -> [u8; 16] {
    let random = (u128::from(dice.roll()) << 64) | u128::from(dice.roll());
    ((random & (u128::MAX >> 2)) | (1 << 126)).to_be_bytes()
}

/// The parameters every certificate of ours shares: nothing by default.
pub(crate) fn parameters(
    validity: Validity,
    serial: [u8; 16],
) -> Result<CertificateParams, BuildError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(validity.not_before)?;
    params.not_after = moment(validity.not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    Ok(params)
}

fn moment(at: Timestamp) -> Result<OffsetDateTime, BuildError> {
    let seconds = i64::try_from(at.as_secs()).map_err(|_| BuildError::Moment(at))?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| BuildError::Moment(at))
}

#[cfg(test)]
mod tests {
    use model::SeededDice;

    use super::*;

    #[test]
    fn serials_are_positive_of_one_length_and_differ() {
        let mut dice = SeededDice::new(3);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            let serial = serial(&mut dice);
            assert!((0x40..0x80).contains(&serial[0]));
            assert!(seen.insert(serial));
        }
    }

    #[test]
    fn moments_outside_the_calendar_are_refused() {
        assert!(moment(Timestamp(u64::MAX)).is_err());
        assert!(moment(Timestamp::from_secs(253_402_300_799)).is_ok());
    }
}
