//! Whose state this is: the trust domain and the root that the documents were
//! made under, remembered in the store, so that a lost or foreign authority
//! beside it is noticed and never made up for by a new one.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use model::{Clock as _, TrustDomain};
use net::{OsDice, SystemClock};
use store::{Store, StoreError};

use crate::ca::{Authority, CaError, Opening};

const KEY: &str = "/authority";
const DEFAULT: &str = "mesh";

/// Why state and authority don't make one mesh.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The authority can't be opened.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is remembered can't be read.
    #[error("what the state remembers of its authority is unreadable")]
    Unreadable,
    /// Asked to be another mesh.
    #[error(
        "this state belongs to the trust domain `{stored}`, and the documents say `{wanted}`: \
         another trust domain needs a state directory of its own"
    )]
    OtherTrustDomain {
        /// What the state has.
        stored: TrustDomain,
        /// What was asked for.
        wanted: TrustDomain,
    },
    /// The authority was exchanged.
    #[error(
        "the authority in {0} is not the one this state was made with: restore both from one backup"
    )]
    OtherAuthority(PathBuf),
    /// There is an authority without the state that belongs to it.
    #[error("{missing} is missing beside {present}: restore it from a backup")]
    StateMissing {
        /// The state file.
        missing: PathBuf,
        /// The authority's directory.
        present: PathBuf,
    },
}

/// Refuses to begin with no state where an authority says that there was one.
pub(crate) fn check_beginning(state: &Path, ca: &Path) -> Result<(), OwnerError> {
    let has_authority = ca.read_dir().is_ok_and(|mut files| files.next().is_some());
    if has_authority && !state.exists() {
        let (missing, present) = (state.to_owned(), ca.to_owned());
        return Err(OwnerError::StateMissing { missing, present });
    }
    Ok(())
}

/// Opens the authority that belongs to this store, or makes it for a new one.
pub(crate) async fn open(
    store: &Store,
    ca: PathBuf,
    wanted: Option<TrustDomain>,
) -> Result<Authority, OwnerError> {
    let stored = match store.get(KEY).await? {
        Some(entry) => Some(Remembered::read(&entry.value).ok_or(OwnerError::Unreadable)?),
        None => None,
    };
    let trust_domain = decide(stored.as_ref(), wanted)?;
    let may_create = stored.is_none();
    let path = ca.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let opening = Opening { dir: &path, trust_domain: &trust_domain, may_create };
        Authority::open(&opening, SystemClock.now(), Box::new(OsDice::new()))
    });
    let authority = opened.await.map_err(|_| OwnerError::Store(StoreError::Closed))??;
    let found = Remembered::of(&authority);
    match stored {
        Some(stored) if stored.root != found.root => return Err(OwnerError::OtherAuthority(ca)),
        Some(_) => {}
        None => drop(store.put(KEY, found.written()).await?),
    }
    Ok(authority)
}

fn decide(
    stored: Option<&Remembered>,
    wanted: Option<TrustDomain>,
) -> Result<TrustDomain, OwnerError> {
    match (stored.map(|stored| stored.trust_domain.clone()), wanted) {
        (Some(stored), Some(wanted)) if stored != wanted => {
            Err(OwnerError::OtherTrustDomain { stored, wanted })
        }
        (Some(stored), _) => Ok(stored),
        (None, Some(wanted)) => Ok(wanted),
        (None, None) => DEFAULT.parse().map_err(|_| OwnerError::Unreadable),
    }
}

/// What the store keeps of its authority.
#[derive(Debug, PartialEq, Eq)]
struct Remembered {
    trust_domain: TrustDomain,
    /// SHA-256 of the root certificates.
    root: Vec<u8>,
}

impl Remembered {
    fn of(authority: &Authority) -> Self {
        let root = digest(&SHA256, &authority.bundle().concat()).as_ref().to_vec();
        Self { trust_domain: authority.trust_domain().clone(), root }
    }

    fn written(&self) -> Vec<u8> {
        [self.trust_domain.as_str().as_bytes(), b" ", &self.root].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let at = bytes.iter().position(|byte| *byte == b' ')?;
        let (domain, root) = bytes.split_at_checked(at)?;
        let trust_domain = std::str::from_utf8(domain).ok()?.parse().ok()?;
        Some(Self { trust_domain, root: root.strip_prefix(b" ")?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(domain: &str) -> Remembered {
        Remembered { trust_domain: domain.parse().unwrap(), root: vec![b' ', 2, 3] }
    }

    #[test]
    fn what_is_remembered_round_trips() {
        let remembered = remembered("shop.example");
        assert_eq!(Remembered::read(&remembered.written()), Some(remembered));
        assert_eq!(Remembered::read(b"shop.example"), None);
    }

    #[test]
    fn a_state_keeps_its_trust_domain() {
        let stored = remembered("shop");
        let domain = |text: &str| text.parse::<TrustDomain>().unwrap();
        assert_eq!(decide(Some(&stored), None).unwrap(), domain("shop"));
        assert_eq!(decide(Some(&stored), Some(domain("shop"))).unwrap(), domain("shop"));
        assert!(decide(Some(&stored), Some(domain("other"))).is_err());
        assert_eq!(decide(None, Some(domain("other"))).unwrap(), domain("other"));
        assert_eq!(decide(None, None).unwrap(), domain("mesh"));
    }
}
