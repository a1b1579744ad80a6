//! How an authority lies in its directory: `root.pem` and `root.key`, and
//! `intermediate-0001.pem` and `.key` with rising numbers. Nothing is ever
//! written over or removed. It is made in one step, by renaming a finished
//! directory into its place.

use std::fs;
use std::path::{Path, PathBuf};

use identity::{
    Bundle, BundleError, CaCertificate, Validity, intermediate_certificate, root_certificate,
};
use model::{Dice, Millis, Timestamp, TrustDomain};

use super::error::{CaError, IssueError};
use super::files;
use super::signer::CaKey;

const ROOT: &str = "root";
const ROOT_LIFE: Millis = Millis::from_secs(10 * 365 * 24 * 3_600);
const INTERMEDIATE_LIFE: Millis = Millis::from_secs(365 * 24 * 3_600);

/// An issuing certificate with its key.
#[derive(Debug)]
pub(super) struct Issuing {
    pub(super) certificate: CaCertificate,
    pub(super) key: CaKey,
}

/// Whether an authority stands in `dir`. One that is there in parts counts:
/// opening it then says which part is away.
pub(super) fn is_there(dir: &Path) -> Result<bool, CaError> {
    if !files::exists(dir)? {
        return Ok(false);
    }
    let names = files::names(dir)?;
    if names.is_empty() {
        return Ok(false);
    }
    if names.iter().any(|name| name.starts_with(ROOT) || number_of(name).is_some()) {
        return Ok(true);
    }
    Err(CaError::NotAnAuthority(dir.to_owned()))
}

/// Makes a new authority. Until the last step nothing of it is visible.
pub(super) fn create(
    dir: &Path,
    trust_domain: &TrustDomain,
    now: Timestamp,
    dice: &mut dyn Dice,
) -> Result<(), CaError> {
    let parent = files::parent(dir);
    files::make_dir(&parent)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unfinished = parent.join(format!(".{name}.new"));
    if files::exists(&unfinished)? {
        // Of a start that was cut off: nobody has ever trusted it.
        fs::remove_dir_all(&unfinished).map_err(files::io(&unfinished))?;
    }
    files::make_dir(&unfinished)?;
    let key = CaKey::create(&unfinished, &key_name(ROOT))?;
    let root = root_certificate(trust_domain, &key, Validity::beginning(now, ROOT_LIFE), dice)
        .map_err(IssueError::from)?;
    files::write(&unfinished, &certificate_name(ROOT), root.to_pem().as_bytes())?;
    add_intermediate(&unfinished, (&root, &key), (1, now), dice)?;
    files::place_dir(&unfinished, dir)
}

/// Reads the root and makes sure that its key is there and fits; the key
/// itself is wiped again.
pub(super) fn root(dir: &Path, trust_domain: &TrustDomain) -> Result<CaCertificate, CaError> {
    let certificate = read_certificate(dir, ROOT, trust_domain)?;
    root_key(dir, &certificate)?;
    Ok(certificate)
}

/// Reads all intermediates, the newest last; at least one.
pub(super) fn intermediates(
    dir: &Path,
    trust_domain: &TrustDomain,
) -> Result<Vec<Issuing>, CaError> {
    let names = files::names(dir)?;
    // A key without a certificate is of a turn that was cut off: not in use.
    let certificates = names.iter().filter(|name| has_extension(name, "pem"));
    let mut numbers: Vec<_> = certificates.filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    if numbers.is_empty() {
        let missing = dir.join(certificate_name(&stem(1)));
        return Err(CaError::FileMissing { missing, present: dir.join(certificate_name(ROOT)) });
    }
    let read = |number| {
        let stem = stem(number);
        let certificate = read_certificate(dir, &stem, trust_domain)?;
        let key = read_key(dir, &stem, &certificate)?;
        Ok(Issuing { certificate, key })
    };
    numbers.into_iter().map(read).collect()
}

/// Makes the next intermediate, durable before it is used. Those before it
/// stay: should `now` have come from a clock that ran ahead, they are what
/// still counts when it is set right.
pub(super) fn turn(
    dir: &Path,
    root: &CaCertificate,
    (now, dice): (Timestamp, &mut dyn Dice),
) -> Result<Issuing, CaError> {
    let key = root_key(dir, root)?;
    // Above everything that lies there, be it a part of a turn cut off.
    let names = files::names(dir)?;
    let highest = names.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
    add_intermediate(dir, (root, &key), (highest.saturating_add(1), now), dice)
}

fn add_intermediate(
    dir: &Path,
    root: (&CaCertificate, &CaKey),
    (number, now): (u32, Timestamp),
    dice: &mut dyn Dice,
) -> Result<Issuing, CaError> {
    let stem = stem(number);
    let key = CaKey::create(dir, &key_name(&stem))?;
    let public = key.public_key().map_err(IssueError::from)?;
    let validity = Validity::beginning(now, INTERMEDIATE_LIFE);
    let certificate =
        intermediate_certificate(&public, root, validity, dice).map_err(IssueError::from)?;
    files::write(dir, &certificate_name(&stem), certificate.to_pem().as_bytes())?;
    Ok(Issuing { certificate, key })
}

fn root_key(dir: &Path, certificate: &CaCertificate) -> Result<CaKey, CaError> {
    read_key(dir, ROOT, certificate)
}

fn read_key(dir: &Path, stem: &str, certificate: &CaCertificate) -> Result<CaKey, CaError> {
    let (key, present) = (dir.join(key_name(stem)), dir.join(certificate_name(stem)));
    expect_beside(&key, &present)?;
    CaKey::of(certificate, (&key, &present))
}

fn read_certificate(
    dir: &Path,
    stem: &str,
    trust_domain: &TrustDomain,
) -> Result<CaCertificate, CaError> {
    let path = dir.join(certificate_name(stem));
    expect_beside(&path, &dir.join(key_name(stem)))?;
    let text = files::read(&path)?;
    let damaged = |reason: String| CaError::Damaged { path: path.clone(), reason };
    let foreign = |reason: String| {
        let wanted = trust_domain.clone();
        CaError::OtherTrustDomain { path: path.clone(), wanted, reason }
    };
    let bundle = Bundle::from_pem(trust_domain.clone(), text.expose()).map_err(|error| {
        let reason = error.to_string();
        if matches!(error, BundleError::Foreign(_)) { foreign(reason) } else { damaged(reason) }
    })?;
    if bundle.to_pem().as_bytes() != text.expose().as_slice() {
        return Err(damaged("it holds something besides one certificate".to_owned()));
    }
    let [der] = bundle.anchors() else {
        return Err(damaged("it holds several certificates".to_owned()));
    };
    CaCertificate::read(der.clone(), trust_domain).map_err(|error| damaged(error.to_string()))
}

fn expect_beside(missing: &Path, present: &Path) -> Result<(), CaError> {
    if files::exists(missing)? {
        return Ok(());
    }
    let (missing, present) = (missing.to_owned(), present.to_owned());
    Err(CaError::FileMissing { missing, present })
}

fn stem(number: u32) -> String {
    format!("intermediate-{number:04}")
}

fn key_name(stem: &str) -> String {
    format!("{stem}.key")
}

fn certificate_name(stem: &str) -> String {
    format!("{stem}.pem")
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

fn number_of(name: &str) -> Option<u32> {
    let stem = PathBuf::from(name).file_stem()?.to_string_lossy().into_owned();
    stem.strip_prefix("intermediate-")?.parse().ok()
}
