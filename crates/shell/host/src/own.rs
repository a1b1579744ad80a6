//! What a process asks of the kernel for itself: not to be looked into, and
//! not to outlive the one that started it.
//!
//! It deliberately offers no hook between fork and exec: that needs unsafe
//! code. A helper that calls [`die_with_parent`] and then executes the
//! command in its own place does the same.

use std::io;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};

/// Why the kernel didn't do as asked.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The request itself failed.
    #[error("the kernel refuses to {what}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What the kernel says.
        source: io::Error,
    },
    /// The parent ended before the request was in force.
    #[error("the process that started this one has ended")]
    Orphaned,
}

/// Makes this process opaque: no core dump, no tracing and no look into its
/// memory by processes of the same user (prctl(2) PR_SET_DUMPABLE, and a core
/// size of 0). Not passed on to programs it executes.
///
/// # Errors
/// [`OwnError::Refused`].
pub fn set_undumpable() -> Result<(), OwnError> {
    let refused = |errno: rustix::io::Errno| OwnError::Refused {
        what: "keep our memory out of core dumps",
        source: errno.into(),
    };
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(refused)?;
    let limit = Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum };
    setrlimit(Resource::Core, limit).map_err(refused)
}

/// Has the kernel kill this process when the one that started it, `parent`,
/// ends (prctl(2) PR_SET_PDEATHSIG). It stays so across `exec`, unless that
/// changes the user.
///
/// To be called by a helper that the parent starts and that then executes
/// the real command in its own place. The kernel watches the *thread* that
/// forked, so start helpers from a thread that lives as long as the process.
///
/// # Errors
/// [`OwnError::Orphaned`] when `parent` isn't, or isn't any longer, our
/// parent: then end at once.
pub fn die_with_parent(parent: u32) -> Result<(), OwnError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| OwnError::Refused {
        what: "end this process together with its parent",
        source: errno.into(),
    })?;
    let now = getppid().map_or(0, rustix::process::Pid::as_raw_pid);
    if u32::try_from(now) == Ok(parent) { Ok(()) } else { Err(OwnError::Orphaned) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs the named ignored test in a process of its own, which it may spoil.
    fn passes_alone(test: &str) -> bool {
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored"])
            .output()
            .unwrap();
        run.status.success() && String::from_utf8_lossy(&run.stdout).contains("1 passed")
    }

    #[test]
    fn an_undumpable_process_says_so() {
        assert!(passes_alone("own::tests::alone_undumpable"));
    }

    #[test]
    #[ignore = "run by `an_undumpable_process_says_so` in its own process"]
    fn alone_undumpable() {
        set_undumpable().unwrap();
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }

    #[test]
    fn a_wrong_parent_is_noticed() {
        assert!(passes_alone("own::tests::alone_orphan"));
    }

    #[test]
    #[ignore = "run by `a_wrong_parent_is_noticed` in its own process"]
    fn alone_orphan() {
        let parent = std::os::unix::process::parent_id();
        assert!(die_with_parent(parent).is_ok());
        assert!(matches!(die_with_parent(parent + 1), Err(OwnError::Orphaned)));
    }
}
