//! `postern __child`: the moment between fork and exec. The helper asks the
//! kernel to die with its parent and then becomes the command, so that no
//! service outlives the `up` that started it, not even after kill -9.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::failure::Failure;
use crate::output;

/// As the shell says it: found but not to be run, not found.
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Which command to become.
#[derive(Args, Debug)]
pub(crate) struct ChildArgs {
    /// The process that has to be the parent
    #[arg(long)]
    parent: u32,
    /// The program and its arguments
    #[arg(last = true, required = true, num_args = 1..)]
    command: Vec<std::ffi::OsString>,
}

/// The file this process runs, also after it was replaced on disk.
pub(crate) fn own_binary() -> PathBuf {
    let proc = PathBuf::from("/proc/self/exe");
    match std::env::current_exe() {
        Ok(path) if path.exists() => path,
        _ => proc,
    }
}

/// Becomes the command; returns only when that fails.
pub(crate) fn become_command(args: ChildArgs) -> Result<ExitCode, Failure> {
    if let Err(error) = host::die_with_parent(args.parent) {
        return Err(Failure::Refused(error.into()));
    }
    let mut words = args.command.into_iter();
    let Some(program) = words.next() else {
        return Err(Failure::Usage("no command".to_owned()));
    };
    let file = if program == "postern" { own_binary().into() } else { program.clone() };
    let error = Command::new(&file).arg0(&program).args(words).exec();
    output::error(&format!("can't start {}: {error}", program.display()));
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    Ok(ExitCode::from(if missing { NOT_FOUND } else { NOT_RUNNABLE }))
}
