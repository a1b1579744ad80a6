//! Where the doors of this process write their access log and count. Files are
//! appended to; one that has grown large is put aside at the next start.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use model::ServiceName;
use telemetry::{Registry, Sink};

const FILE_BYTES_MAX: u64 = 64 << 20;
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// The flag that says where.
#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    /// Where the access log goes: a file, `-` for stdout, or `off` [default: stdout of an `up`
    /// that is not on a terminal, else access.log in the state directory]
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
}

/// Whose log it is.
pub(crate) enum Whose<'a> {
    /// An `up` with this state directory.
    Up(&'a Path),
    /// A `run` of this service, attached to the `up` with this state directory.
    Run(&'a Path, &'a ServiceName),
}

/// What the doors of this process report to.
pub(crate) struct Watch {
    pub(crate) sink: Arc<Sink>,
    pub(crate) meters: Arc<Registry>,
}

impl Watch {
    /// The meters as text, whenever asked.
    pub(crate) fn render(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let meters = Arc::clone(&self.meters);
        Arc::new(move || meters.render())
    }
}

/// Writes what is still waiting to be written.
pub(crate) fn close(sink: &Sink) {
    let _all_written = sink.close(CLOSE_TIME);
}

/// Opens the log and an empty set of meters.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn open(args: &LogArgs, whose: &Whose<'_>) -> anyhow::Result<Watch> {
    let sink = match place(args, whose, std::io::stdout().is_terminal()) {
        Place::Stdout => Sink::stdout(),
        Place::Nowhere => Sink::nowhere(),
        Place::File(path) => {
            let name = path.display().to_string();
            put_aside(&path).with_context(|| name.clone())?;
            return Ok(watch(Sink::file(&path).with_context(|| format!("access log {name}"))?));
        }
    };
    Ok(watch(sink.context("can't start the access log")?))
}

fn watch(sink: Sink) -> Watch {
    let sink = Arc::new(sink);
    let meters = Arc::new(Registry::new().with_sink(Arc::clone(&sink)));
    Watch { sink, meters }
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Stdout,
    Nowhere,
    File(PathBuf),
}

fn place(args: &LogArgs, whose: &Whose<'_>, on_terminal: bool) -> Place {
    match args.access_log.as_deref().map(|path| (path, path.to_str())) {
        Some((_, Some("-"))) => return Place::Stdout,
        Some((_, Some("off"))) => return Place::Nowhere,
        Some((path, _)) => return Place::File(path.to_owned()),
        None => {}
    }
    match whose {
        Whose::Up(_) if !on_terminal => Place::Stdout,
        Whose::Up(state) => Place::File(state.join("access.log")),
        Whose::Run(state, service) => {
            let name = format!("access-{}.{}.log", service.namespace, service.name);
            Place::File(state.join(name))
        }
    }
}

fn put_aside(path: &Path) -> std::io::Result<()> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() && facts.len() > FILE_BYTES_MAX => {
            fs::rename(path, path.with_extension("log.1"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(flag: Option<&str>, whose: &Whose<'_>, on_terminal: bool) -> Place {
        place(&LogArgs { access_log: flag.map(PathBuf::from) }, whose, on_terminal)
    }

    #[test]
    fn stdout_belongs_to_the_table_or_to_the_command() {
        let (state, web) = (Path::new("/s"), "ops/web".parse().unwrap());
        let file = |name: &str| Place::File(state.join(name));
        assert_eq!(at(None, &Whose::Up(state), false), Place::Stdout);
        assert_eq!(at(None, &Whose::Up(state), true), file("access.log"));
        assert_eq!(at(None, &Whose::Run(state, &web), false), file("access-ops.web.log"));
    }

    #[test]
    fn the_flag_decides() {
        let up = Whose::Up(Path::new("/s"));
        assert_eq!(at(Some("-"), &up, true), Place::Stdout);
        assert_eq!(at(Some("off"), &up, false), Place::Nowhere);
        assert_eq!(at(Some("/x"), &up, false), Place::File(PathBuf::from("/x")));
    }
}
