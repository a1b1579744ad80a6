//! An authority's life: its beginning, its damages, its turning, its work.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use identity::{Bundle, Bundles, LocalKey, Peer, Role, Sealed, Signer as _, make_csr, verify};
use model::{Millis, SeededDice, SpiffeId, Timestamp, TrustDomain};

use super::*;

mod damage;
mod work;

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);
const HOUR: Millis = Millis::from_secs(3_600);
const DAY: Millis = Millis::from_secs(24 * 3_600);

/// A directory of this test alone, removed at its end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("postern-ca-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn dir(&self) -> PathBuf {
        self.0.join("ca")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    fn names(&self) -> Vec<String> {
        names_in(&self.dir())
    }

    fn open(&self, now: Timestamp) -> Result<Authority, CaError> {
        self.open_as("shop.test", true, now)
    }

    fn open_as(
        &self,
        domain: &str,
        may_create: bool,
        now: Timestamp,
    ) -> Result<Authority, CaError> {
        let (dir, trust_domain) = (self.dir(), domain.parse::<TrustDomain>().unwrap());
        let opening = Opening { dir: &dir, trust_domain: &trust_domain, may_create };
        Authority::open(&opening, now, Box::new(SeededDice::new(now.0 ^ 77)))
    }

    /// Everything below the directory, by path, with modes and contents.
    fn snapshot(&self) -> Vec<(String, u32, Vec<u8>)> {
        self.names()
            .into_iter()
            .map(|name| {
                let path = self.file(&name);
                let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
                (name, mode, fs::read(&path).unwrap_or_default())
            })
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn id(text: &str) -> SpiffeId {
    text.parse().unwrap()
}

fn bundles(authority: &Authority) -> Bundles {
    let domain = authority.trust_domain().clone();
    Bundles::alone(Bundle::new(domain, authority.bundle()).unwrap())
}

fn issue_web(authority: &Authority, now: Timestamp) -> (Vec<Vec<u8>>, Peer) {
    let csr = make_csr(&LocalKey::generate().unwrap()).unwrap();
    let web = id("spiffe://shop.test/ns/default/sa/web");
    let chain = authority.issue(&web, &csr, HOUR, now).unwrap();
    let peer = verify(&chain, &bundles(authority), Role::Client, now).unwrap();
    (chain, peer)
}
