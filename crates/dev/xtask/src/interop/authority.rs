//! Certificates made with the openssl command line, good and bad: an
//! authority in a folder, and leaves of every kind it may be made to sign.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::process::{Running, command};
use super::scratch::Scratch;

const OPENSSL_TIME: Duration = Duration::from_secs(20);
const HOUR: i64 = 3_600;

/// What SPIFFE asks of a leaf; the names come after.
const LEAF: &str = "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
";
/// A leaf that claims to be an authority.
const CA_LEAF: &str = "basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature,keyCertSign,cRLSign
extendedKeyUsage=serverAuth,clientAuth
";

/// Somebody who signs.
pub(crate) struct Authority<'a> {
    scratch: &'a Scratch,
    name: String,
    certificate: PathBuf,
    key: PathBuf,
}

/// A certificate with its key, as `s_client` wants them.
pub(crate) struct Leaf {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// What has to be shown besides the leaf.
    pub(crate) chain: PathBuf,
}

/// What a leaf says.
pub(crate) struct Claims<'a> {
    pub(crate) name: &'a str,
    pub(crate) uris: &'a [&'a str],
    pub(crate) is_ca: bool,
    /// Ended an hour ago.
    pub(crate) is_old: bool,
}

impl<'a> Authority<'a> {
    /// The mesh's own: its newest intermediate, key and all. Only root or its
    /// owner can, which is what file mode 0600 means.
    pub(crate) fn of_mesh(scratch: &'a Scratch, folder: &Path) -> Result<Self> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let paths = entries.flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("intermediate") && name.ends_with(".key")
        };
        let key = paths.filter(is_it).max().context("no intermediate")?;
        let certificate = key.with_extension("pem");
        Self::open(scratch, "mesh", (certificate, key))
    }

    /// A new one with an identity of its own.
    pub(crate) fn make(scratch: &'a Scratch, name: &str, uri: &str) -> Result<Self> {
        let (key, certificate) = (file(scratch, name, "key"), file(scratch, name, "pem"));
        openssl(
            scratch,
            &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &s(&key)],
        )?;
        let uri = format!("subjectAltName=URI:{uri}");
        openssl(
            scratch,
            &[
                "req",
                "-new",
                "-x509",
                "-key",
                &s(&key),
                "-out",
                &s(&certificate),
                "-days",
                "2",
                "-subj",
                "/O=interop",
                "-addext",
                &uri,
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ],
        )?;
        Self::open(scratch, name, (certificate, key))
    }

    fn open(
        scratch: &'a Scratch,
        name: &str,
        (certificate, key): (PathBuf, PathBuf),
    ) -> Result<Self> {
        let folder = scratch.file(&format!("ca-{name}"));
        fs::create_dir(&folder)?;
        fs::write(folder.join("index.txt"), "")?;
        // Several leaves of one subject are normal here.
        fs::write(folder.join("index.txt.attr"), "unique_subject = no\n")?;
        let folder = s(&folder);
        let settings = format!(
            "[ca]\ndefault_ca=it\n[it]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\n\
             rand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\norganizationName=supplied\n"
        );
        scratch.write(&format!("ca-{name}.cnf"), settings)?;
        Ok(Self { scratch, name: name.to_owned(), certificate, key })
    }

    /// Signs a leaf that says what it is told to say.
    pub(crate) fn leaf(&self, claims: &Claims<'_>) -> Result<Leaf> {
        let scratch = self.scratch;
        let (key, request) = (file(scratch, claims.name, "key"), file(scratch, claims.name, "csr"));
        let certificate = file(scratch, claims.name, "pem");
        openssl(
            scratch,
            &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &s(&key)],
        )?;
        openssl(
            scratch,
            &["req", "-new", "-key", &s(&key), "-subj", "/O=interop", "-out", &s(&request)],
        )?;
        let uris: Vec<_> = claims.uris.iter().map(|uri| format!("URI:{uri}")).collect();
        let profile = if claims.is_ca { CA_LEAF } else { LEAF };
        let extensions = format!("{profile}subjectAltName={}\n", uris.join(","));
        let extensions = scratch.write(&format!("{}.ext", claims.name), extensions)?;
        let settings = scratch.file(&format!("ca-{}.cnf", self.name));
        let (begin, end) = if claims.is_old { (-2 * HOUR, -HOUR) } else { (-60, HOUR) };
        openssl(
            scratch,
            &[
                "ca",
                "-batch",
                "-notext",
                "-config",
                &s(&settings),
                "-cert",
                &s(&self.certificate),
                "-keyfile",
                &s(&self.key),
                "-startdate",
                &moment(begin)?,
                "-enddate",
                &moment(end)?,
                "-extfile",
                &s(&extensions),
                "-in",
                &s(&request),
                "-out",
                &s(&certificate),
            ],
        )?;
        Ok(Leaf { certificate, key, chain: self.certificate.clone() })
    }
}

/// Runs openssl to its end.
pub(crate) fn openssl(scratch: &Scratch, words: &[&str]) -> Result<String> {
    let mut command = command("openssl");
    let running = Running::start(scratch.path(), "openssl", command.args(words))?;
    running.said(OPENSSL_TIME)?.ok().with_context(|| format!("openssl {}", words.join(" ")))
}

/// So many seconds from now, as openssl wants it.
fn moment(seconds: i64) -> Result<String> {
    let offset = format!("{seconds} seconds");
    let output = std::process::Command::new("date")
        .args(["-u", "-d", &offset, "+%Y%m%d%H%M%SZ"])
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn file(scratch: &Scratch, name: &str, extension: &str) -> PathBuf {
    scratch.file(&format!("{name}.{extension}"))
}

fn s(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
