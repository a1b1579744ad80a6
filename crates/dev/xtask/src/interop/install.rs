//! Peers are here, or are brought here by name and version, or the run fails.
//! Debian's packages come unpinned, since its archive drops what it replaced;
//! their versions are printed instead. Python's, Go's and npm's are pinned by
//! hash.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{run, workspace};

/// Chromium without its windows: a third of its size.
pub(crate) const CHROMIUM: &str = "chromium-headless-shell";

/// A peer's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Apache,
    Chromium,
    Curl,
    Go,
    H2load,
    Haproxy,
    Lighttpd,
    Nghttp,
    Nginx,
    Node,
    Openssl,
    Postgres,
    Python,
    Redis,
    Tcpdump,
}

impl Tool {
    /// Debian's packages for it; empty where the machine has to have it.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium-headless-shell"],
            // The server without its service, which would want port 80.
            Self::Apache => &["apache2-bin"],
            Self::Curl => &["curl"],
            Self::Haproxy => &["haproxy"],
            Self::Lighttpd => &["lighttpd"],
            Self::Nginx => &["nginx"],
            Self::H2load | Self::Nghttp => &["nghttp2-client"],
            Self::Openssl => &["openssl"],
            Self::Postgres => &["postgresql", "postgresql-client"],
            Self::Redis => &["redis-server", "redis-tools"],
            Self::Tcpdump => &["tcpdump"],
            Self::Python => &["python3", "python3-venv"],
            // Debian's are too old for go-spiffe, and come with hundreds of
            // packages for npm; CI's machine brings its own.
            Self::Go | Self::Node => &[],
        }
    }

    /// What proves that it is here, and prints its version.
    fn probe(self) -> (PathBuf, &'static [&'static str]) {
        let (program, arguments): (_, &'static [&'static str]) = match self {
            Self::Chromium => (CHROMIUM.into(), &["--version"]),
            Self::Apache => ("apache2".into(), &["-v"]),
            Self::Curl => ("curl".into(), &["--version"]),
            Self::Haproxy => ("haproxy".into(), &["-v"]),
            Self::Lighttpd => ("lighttpd".into(), &["-v"]),
            Self::Nginx => ("nginx".into(), &["-v"]),
            Self::Nghttp => ("nghttp".into(), &["--version"]),
            Self::Node => ("node".into(), &["--version"]),
            Self::Go => ("go".into(), &["version"]),
            Self::H2load => ("h2load".into(), &["--version"]),
            Self::Openssl => ("openssl".into(), &["version"]),
            Self::Postgres => (postgres("postgres"), &["--version"]),
            Self::Python => ("python3".into(), &["--version"]),
            Self::Redis => ("redis-server".into(), &["--version"]),
            Self::Tcpdump => ("tcpdump".into(), &["--version"]),
        };
        (program, arguments)
    }

    fn version(self) -> Option<String> {
        let (program, arguments) = self.probe();
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(if output.stdout.is_empty() {
            &output.stderr
        } else {
            &output.stdout
        })
        .into_owned();
        let first = text.lines().next()?.to_owned();
        output.status.success().then_some(first)
    }
}

/// A server program of PostgreSQL, which Debian keeps off the search path.
pub(crate) fn postgres(program: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|entry| entry.path().join("bin").join(program));
    found.filter(|path| path.exists()).max().unwrap_or_else(|| program.into())
}

/// Brings what is missing and prints what is met.
pub(crate) fn all(tools: &[Tool]) -> Result<()> {
    let mut tools: Vec<_> = tools.to_vec();
    tools.sort_by_key(|tool| format!("{tool:?}"));
    tools.dedup();
    let missing: Vec<_> = tools.iter().filter(|tool| tool.version().is_none()).collect();
    let packages: Vec<_> = missing.iter().flat_map(|tool| tool.packages()).copied().collect();
    if !packages.is_empty() {
        from_debian(&packages)?;
    }
    for tool in tools {
        let version = tool.version().with_context(|| format!("{tool:?} is not on this machine"))?;
        eprintln!("peer  {tool:?}: {version}");
    }
    Ok(())
}

fn from_debian(packages: &[&str]) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("peers are missing; as root: apt-get install {}", packages.join(" "));
    }
    run::run("apt-get", &["update", "-qq"])?;
    // In runlevel 1 no package starts its service: the peers that are servers
    // are started by their cases, each on a port of its own.
    let install = ["RUNLEVEL=1", "apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    run::run("env", &[&install, packages].concat())
}

/// A Python with exactly the packages of `interop/python/requirements.txt`,
/// each held to its hash. Made once for each version of that file.
pub(crate) fn python() -> Result<PathBuf> {
    let root = workspace::root()?;
    let wanted = root.join("interop/python/requirements.txt");
    let home = root.join("target/interop/python");
    let (program, stamp) = (home.join("bin/python"), home.join("installed.txt"));
    let text = std::fs::read_to_string(&wanted)?;
    if program.exists() && std::fs::read_to_string(&stamp).is_ok_and(|done| done == text) {
        return Ok(program);
    }
    let folder = home.to_string_lossy();
    run::run("python3", &["-m", "venv", "--clear", &folder])?;
    let (program_text, wanted) = (program.to_string_lossy(), wanted.to_string_lossy());
    let install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"];
    run::run(&program_text, &[&install[..], &["-r", &wanted]].concat())?;
    std::fs::write(&stamp, text)?;
    Ok(program)
}

/// The Go peer, built from `interop/go` with its checked-in sums.
pub(crate) fn go() -> Result<PathBuf> {
    let program = workspace::root()?.join("target/interop/go-peer");
    go_build("interop/go", &program, ".")
}

/// The folder with the programs that `interop/FOLDER/go.mod` names as tools,
/// built from the versions and sums checked in there.
pub(crate) fn go_tools(folder: &str) -> Result<PathBuf> {
    let programs = workspace::root()?.join("target/interop").join(folder);
    std::fs::create_dir_all(&programs)?;
    go_build(&format!("interop/{folder}"), &programs, "tool")
}

fn go_build(folder: &str, output: &Path, what: &str) -> Result<PathBuf> {
    let build = ["build", "-mod=readonly", "-trimpath", "-o", &output.to_string_lossy(), what];
    run::run_in(&workspace::root()?.join(folder), "go", &build)?;
    ensure!(output.exists(), "go built nothing");
    Ok(output.to_owned())
}

/// The folder with Node's peers and exactly the packages of
/// `interop/node/package-lock.json`, each held to its hash.
pub(crate) fn node() -> Result<PathBuf> {
    let root = workspace::root()?;
    let (from, home) = (root.join("interop/node"), root.join("target/interop/node"));
    std::fs::create_dir_all(&home)?;
    let lock = std::fs::read_to_string(from.join("package-lock.json"))?;
    let stamp = home.join("installed.json");
    let is_done = std::fs::read_to_string(&stamp).is_ok_and(|done| done == lock);
    for entry in std::fs::read_dir(&from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), home.join(entry.file_name()))?;
    }
    if !is_done {
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run::run_in(&home, "npm", &install)?;
        std::fs::write(&stamp, lock)?;
    }
    Ok(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_on_the_list_that_ci_installs() {
        let list = workspace::root().unwrap().join("interop/debian-packages.txt");
        let list = std::fs::read_to_string(list).unwrap();
        let all = [
            Tool::Chromium,
            Tool::Apache,
            Tool::Curl,
            Tool::Go,
            Tool::H2load,
            Tool::Haproxy,
            Tool::Lighttpd,
            Tool::Nginx,
            Tool::Nghttp,
            Tool::Node,
            Tool::Openssl,
            Tool::Postgres,
            Tool::Python,
            Tool::Redis,
            Tool::Tcpdump,
        ];
        for package in all.iter().flat_map(|tool| tool.packages()) {
            assert!(list.lines().any(|line| line == *package), "{package}");
        }
    }
}
