//! `cargo xtask fuzz`: the fuzz targets for long, one after the other, guided
//! by coverage. The short run over the corpus is a test like any other, in
//! `crates/dev/fuzz`; this one wants a C++ compiler and is no part of `ci`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::run::run_in;
use crate::workspace;

const TIME: Duration = Duration::from_secs(600);
/// One input that takes longer is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
/// So is a process that comes to hold more.
const MEMORY_MIB_MAX: u32 = 2_048;

/// What makes the compiler count edges and compares, for libFuzzer to read.
/// All of it is known to the stable compiler.
const COUNTERS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Which targets, and how long each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    targets: Vec<String>,
    time: Duration,
}

impl Wanted {
    /// Reads `[TARGET...] [--time 600s]`; `None` when it is something else.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let mut wanted = Self { targets: Vec::new(), time: TIME };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--time" => wanted.time = seconds(words.next()?)?,
                flag if flag.starts_with('-') => return None,
                name => wanted.targets.push(name.to_owned()),
            }
        }
        Some(wanted)
    }
}

/// `600s` or `10m`.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Builds once and runs each target; the first finding stops.
pub(crate) fn run(wanted: &Wanted) -> Result<()> {
    let folder = workspace::root()?.join("fuzz");
    let program = build(&folder)?;
    let all = targets(&program)?;
    let is_known = |name: &String| all.iter().any(|target| target.name == *name);
    if let Some(unknown) = wanted.targets.iter().find(|name| !is_known(name)) {
        let names: Vec<_> = all.iter().map(|target| target.name.as_str()).collect();
        bail!("there is no target `{unknown}`; there are {}", names.join(", "));
    }
    let is_wanted =
        |target: &&Target| wanted.targets.is_empty() || wanted.targets.contains(&target.name);
    for target in all.iter().filter(is_wanted) {
        fuzz(&folder, &program, target, wanted.time)?;
    }
    Ok(())
}

/// Part of `ci`: the long run's own lock file fits the crates it is about, and
/// its sources are in form. Building it would want more than a C compiler.
pub(crate) fn check() -> Result<()> {
    let folder = workspace::root()?.join("fuzz");
    run_in(&folder, "cargo", &["fmt", "--check"])?;
    run_in(&folder, "cargo", &["fetch", "--locked", "--quiet"])
        .context("if fuzz/Cargo.lock is stale: `cd fuzz && cargo update --workspace`")
}

struct Target {
    name: String,
    bytes_max: String,
}

/// With counters in everything but build scripts, which a named target keeps
/// apart.
fn build(folder: &Path) -> Result<PathBuf> {
    let host = host()?;
    let arguments = ["build", "--locked", "--release", "--target", &host];
    eprintln!("$ cd fuzz && cargo {}", arguments.join(" "));
    let mut cargo = Command::new("cargo");
    cargo.args(arguments).current_dir(folder).env("RUSTFLAGS", COUNTERS.join(" "));
    let status = cargo.env("CARGO_TARGET_DIR", folder.join("target")).status()?;
    ensure!(status.success(), "the fuzz targets can't be built; is there a C++ compiler?");
    Ok(folder.join("target").join(host).join("release/long"))
}

/// The triple of this machine.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc can't be started")?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc doesn't say what it runs on")?.to_owned())
}

/// The program lists its targets when it is given none.
fn targets(program: &Path) -> Result<Vec<Target>> {
    let output = Command::new(program).env_remove("POSTERN_FUZZ_TARGET").output()?;
    let text = String::from_utf8(output.stdout)?;
    let read = |line: &str| {
        let (name, bytes_max) = line.split_once(' ')?;
        Some(Target { name: name.to_owned(), bytes_max: bytes_max.to_owned() })
    };
    Ok(text.lines().filter_map(read).collect())
}

fn fuzz(folder: &Path, program: &Path, target: &Target, time: Duration) -> Result<()> {
    let name = &target.name;
    let (grown, found) = (folder.join("target/grown").join(name), folder.join("target/found"));
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&found)?;
    let words = grown.with_extension("words");
    fs::write(&words, dictionary(program, name)?)?;
    eprintln!("fuzz: {name} for {} s", time.as_secs());
    let status = Command::new(program)
        .env("POSTERN_FUZZ_TARGET", name)
        .args([&grown, &folder.join("corpus").join(name)])
        .arg(format!("-dict={}", words.display()))
        .arg(format!("-max_len={}", target.bytes_max))
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-artifact_prefix={}/{name}-", found.display()))
        .arg("-print_final_stats=1")
        .status()?;
    if !status.success() {
        bail!(
            "{name}: a finding, in {}; put it into fuzz/corpus/{name}, and \
             `cargo test -p postern-fuzz {name}` repeats it",
            found.display()
        );
    }
    Ok(())
}

/// The target's words; never empty, as libFuzzer refuses an empty file.
fn dictionary(program: &Path, name: &str) -> Result<String> {
    let mut words = Command::new(program);
    let output = words.env("POSTERN_FUZZ_TARGET", name).env("POSTERN_FUZZ_WORDS", "1").output()?;
    Ok(format!("# words of {name}\n{}", String::from_utf8(output.stdout)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_time_are_read_in_any_order() {
        let wanted = Wanted::parse(&["hpack", "--time", "10m", "names"]).unwrap();
        assert_eq!((wanted.targets.len(), wanted.time.as_secs()), (2, 600));
        assert_eq!(Wanted::parse(&[]).unwrap().time, TIME);
        assert_eq!(Wanted::parse(&["--time", "5s"]).unwrap().time.as_secs(), 5);
    }

    #[test]
    fn what_is_no_time_and_no_flag_is_refused() {
        for bad in [&["--time"][..], &["--time", "0s"], &["--time", "x"], &["--jobs"]] {
            assert_eq!(Wanted::parse(bad), None, "{bad:?}");
        }
    }
}
