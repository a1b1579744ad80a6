//! The authority's private keys, and the only file that touches them: made,
//! written once, read back, used to sign, wiped. Unencrypted PKCS#8 in DER
//! under file mode 0600; sealing them by other means is not there yet.

use std::path::{Path, PathBuf};

use identity::{CaCertificate, KeyError, LocalKey, PublicKey, SignError, Signer};

use super::error::CaError;
use super::files;

/// What guards the keys at rest, for people who ask.
pub(super) const PROTECTION: &str = "file mode 0600, not encrypted";

/// One of the authority's keys, in memory.
#[derive(Debug)]
pub(super) struct CaKey {
    key: LocalKey,
}

impl CaKey {
    /// Makes a key and writes it to disk before anybody relies on it.
    pub(super) fn create(dir: &Path, name: &str) -> Result<Self, CaError> {
        let path = dir.join(name);
        let key = LocalKey::generate().map_err(|error| damaged(&path, error))?;
        files::write(dir, name, key.pkcs8().expose())?;
        Ok(Self { key })
    }

    /// Reads the key that belongs to a certificate.
    pub(super) fn of(
        certificate: &CaCertificate,
        (path, certificate_path): (&Path, &Path),
    ) -> Result<Self, CaError> {
        let bytes = files::read(path)?;
        let key = LocalKey::from_pkcs8(bytes.expose()).map_err(|error| damaged(path, error))?;
        if !certificate.is_of(&key) {
            let (key, certificate) = (path.to_owned(), certificate_path.to_owned());
            return Err(CaError::NotAPair { key, certificate });
        }
        Ok(Self { key })
    }

    /// The public half.
    pub(super) fn public_key(&self) -> Result<PublicKey, KeyError> {
        self.key.public_key()
    }
}

impl Signer for CaKey {
    fn public_key_spki(&self) -> Vec<u8> {
        self.key.public_key_spki()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign(message)
    }
}

fn damaged(path: &Path, error: KeyError) -> CaError {
    CaError::Damaged { path: PathBuf::from(path), reason: error.to_string() }
}
