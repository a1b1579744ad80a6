//! P-256 keys: the public half as a checked value, the signing half as a
//! trait, so that a key can live in a file, a TPM or another process. Keys at
//! rest are not this crate's business.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use model::Secret;

use crate::sequence::is_one_sequence;

/// The DER bytes before the point in the SubjectPublicKeyInfo of an
/// uncompressed P-256 key (RFC 5480, section 2).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;

/// Why bytes are no key this project works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another algorithm, curve or encoding.
    #[error("the public key is no uncompressed P-256 key")]
    NotP256,
    /// The point is not on the curve.
    #[error("the public key is no point of P-256")]
    NotOnCurve,
    /// The private key can't be read as PKCS#8.
    #[error("the private key is no P-256 key in PKCS#8")]
    Private,
    /// The cryptographic library could not make one.
    #[error("making a key failed")]
    Generate,
}

/// A P-256 public key that is known to lie on the curve.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: [u8; POINT_BYTES],
}

impl PublicKey {
    /// Takes an uncompressed point (SEC 1, section 2.3.3).
    ///
    /// # Errors
    /// When it has another form, or isn't on the curve.
    pub fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        let point: [u8; POINT_BYTES] = point.try_into().map_err(|_| KeyError::NotP256)?;
        if point.first() != Some(&4) {
            return Err(KeyError::NotP256);
        }
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self { point })
    }

    /// Takes a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When it is no P-256 key, or the point isn't on the curve.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        Self::from_point(spki.strip_prefix(SPKI_PREFIX.as_slice()).ok_or(KeyError::NotP256)?)
    }

    /// The uncompressed point.
    #[must_use]
    pub const fn point(&self) -> &[u8] {
        &self.point
    }

    /// The DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        let mut spki = SPKI_PREFIX.to_vec();
        spki.extend_from_slice(&self.point);
        spki
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicKey(P-256)")
    }
}

/// The key would not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key would not sign")]
pub struct SignError;

/// Something that signs with one P-256 key: a key in memory, or a way to one.
pub trait Signer {
    /// The DER SubjectPublicKeyInfo of the key.
    fn public_key_spki(&self) -> Vec<u8>;

    /// ECDSA with SHA-256 over `message`, as an ASN.1 signature.
    ///
    /// # Errors
    /// When the key is out of reach or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A P-256 key in this process's memory, wiped when it goes away.
///
/// Making one draws from the operating system's generator, inside the
/// cryptographic library: the one kind of chance in this crate that is no
/// argument, since chance that a test can name must never become a key.
pub struct LocalKey {
    pair: EcdsaKeyPair,
    pkcs8: Secret<Vec<u8>>,
}

impl LocalKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Generate`] when the library fails.
    pub fn generate() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| KeyError::Generate)?;
        Self::from_pkcs8(document.as_ref())
    }

    /// Reads an unencrypted PKCS#8 key in DER. A copy is kept.
    ///
    /// # Errors
    /// [`KeyError::Private`] when it is no P-256 key or has bytes to spare.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if !is_one_sequence(der) {
            return Err(KeyError::Private);
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .map_err(|_| KeyError::Private)?;
        Ok(Self { pair, pkcs8: Secret::new(der.to_vec()) })
    }

    /// The private key as unencrypted PKCS#8 DER.
    #[must_use]
    pub const fn pkcs8(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8
    }

    /// The public half.
    ///
    /// # Errors
    /// Never for a key that could be read; the type only spares a panic.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_point(self.pair.public_key().as_ref())
    }
}

impl Signer for LocalKey {
    fn public_key_spki(&self) -> Vec<u8> {
        let mut spki = SPKI_PREFIX.to_vec();
        spki.extend_from_slice(self.pair.public_key().as_ref());
        spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| SignError)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKey([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_round_trips_through_pkcs8_and_spki() {
        let key = LocalKey::generate().unwrap();
        let again = LocalKey::from_pkcs8(key.pkcs8().expose()).unwrap();
        let public = key.public_key().unwrap();
        assert_eq!(again.public_key().unwrap(), public);
        assert_eq!(PublicKey::from_spki(&key.public_key_spki()).unwrap(), public);
        assert_eq!(public.spki(), key.public_key_spki());
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let mut point = LocalKey::generate().unwrap().public_key().unwrap().point().to_vec();
        point[64] ^= 1;
        assert_eq!(PublicKey::from_point(&point), Err(KeyError::NotOnCurve));
    }

    #[test]
    fn other_curves_lengths_and_forms_are_refused() {
        let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let spki = rcgen::PublicKeyData::subject_public_key_info(&p384);
        assert_eq!(PublicKey::from_spki(&spki), Err(KeyError::NotP256));
        assert!(LocalKey::from_pkcs8(&p384.serialize_der()).is_err());
        assert_eq!(PublicKey::from_point(&[4; 64]), Err(KeyError::NotP256));
        assert_eq!(PublicKey::from_point(&[2; 65]), Err(KeyError::NotP256));
    }

    #[test]
    fn a_truncated_or_doubled_private_key_is_refused() {
        let key = LocalKey::generate().unwrap();
        let der = key.pkcs8().expose();
        for cut in 0..der.len() {
            assert!(LocalKey::from_pkcs8(&der[..cut]).is_err(), "{cut} bytes");
        }
        for more in [&[0][..], der] {
            assert!(LocalKey::from_pkcs8(&[der, more].concat()).is_err());
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        let key = LocalKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), "LocalKey([secret])");
    }
}
