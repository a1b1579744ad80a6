//! What the kernel knows of one process, read in such a way that all of it
//! is about that process and about no successor under the same number.
//!
//! It deliberately keeps nothing: facts are read when they are judged.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::pidfd::ProcessHandle;
use crate::stat::{Credentials, Stat};

/// How far up the family is followed.
const ANCESTORS_MAX: usize = 64;
/// How often the family is read again when it changes under our eyes.
const ATTEMPTS_MAX: usize = 8;

/// One process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its number in our PID namespace.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
    /// The file it executes. `None` when that can't be said for certain: we
    /// may not look, the file was deleted or replaced, or the path names
    /// another file here than it does where the process lives (another mount
    /// namespace).
    pub path: Option<PathBuf>,
    /// Who started it: parent first, at most 64 generations, in our PID
    /// namespace.
    pub ancestors: Vec<i32>,
}

/// Why the facts of a process can't be told.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// It ended before or while we looked; nothing read is of use.
    #[error("process {0} has ended")]
    Gone(i32),
    /// It lives, and the kernel doesn't show it to us.
    #[error("the kernel doesn't show process {pid} to us")]
    Hidden {
        /// Its number.
        pid: i32,
        /// What the kernel says.
        source: io::Error,
    },
    /// Its family changed each time we looked.
    #[error("the family of process {0} changes too fast to be told")]
    Restless(i32),
}

/// Reads the facts of a process.
///
/// That the process still lives after the last read proves that everything
/// read under its number was its own.
///
/// # Errors
/// See [`FactsError`].
pub fn facts(process: &ProcessHandle) -> Result<Facts, FactsError> {
    let read = read(process.pid());
    if !process.is_alive() {
        return Err(FactsError::Gone(process.pid()));
    }
    read
}

fn read(pid: i32) -> Result<Facts, FactsError> {
    let hidden = |source| FactsError::Hidden { pid, source };
    let stat = Stat::read(pid).map_err(hidden)?;
    let credentials = Credentials::read(pid).map_err(hidden)?;
    Ok(Facts {
        pid,
        uid: credentials.uid,
        gid: credentials.gid,
        start_time: stat.start_time,
        path: executable(pid),
        ancestors: settled_ancestors(pid)?,
    })
}

/// The path of the executable, if it names the same file for us. A process in
/// a mount namespace of its own can execute anything under any name, so the
/// text of the link alone proves nothing.
fn executable(pid: i32) -> Option<PathBuf> {
    let link = PathBuf::from(format!("/proc/{pid}/exe"));
    let path = fs::read_link(&link).ok()?;
    let theirs = fs::metadata(&link).ok()?;
    let ours = fs::metadata(&path).ok()?;
    let same = theirs.dev() == ours.dev() && theirs.ino() == ours.ino();
    (same && path.is_absolute()).then_some(path)
}

/// Reads the ancestors until two readings agree: a parent that ends while we
/// climb hands its children to another, and its number may be given again.
fn settled_ancestors(pid: i32) -> Result<Vec<i32>, FactsError> {
    let mut last = ancestors(pid);
    for _ in 0..ATTEMPTS_MAX {
        let again = ancestors(pid);
        if again == last {
            return Ok(again.into_iter().map(|(pid, _)| pid).collect());
        }
        last = again;
    }
    Err(FactsError::Restless(pid))
}

/// Numbers and start times, parent first. Nobody is younger than their child:
/// where that would be so, the number was given again, and the climb ends.
fn ancestors(pid: i32) -> Vec<(i32, u64)> {
    let mut family = Vec::new();
    let Ok(mut child) = Stat::read(pid) else { return family };
    while family.len() < ANCESTORS_MAX && child.parent > 0 {
        let Ok(parent) = Stat::read(child.parent) else { break };
        if parent.start_time > child.start_time {
            break;
        }
        family.push((child.parent, parent.start_time));
        child = parent;
    }
    family
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    fn hold(child: &Child) -> ProcessHandle {
        ProcessHandle::open(i32::try_from(child.id()).unwrap()).unwrap()
    }

    fn finish(mut child: Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn the_own_process_is_told_right() {
        let facts = facts(&ProcessHandle::open(own_pid()).unwrap()).unwrap();
        assert_eq!(facts.pid, own_pid());
        assert_eq!(facts.uid, rustix::process::geteuid().as_raw());
        assert_eq!(facts.gid, rustix::process::getegid().as_raw());
        assert_eq!(facts.path, Some(std::env::current_exe().unwrap()));
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        assert_eq!(facts.ancestors.first(), Some(&parent));
    }

    #[test]
    fn a_child_names_us_as_its_parent() {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let facts = facts(&hold(&child)).unwrap();
        finish(child);
        assert_eq!(facts.ancestors.first(), Some(&own_pid()));
        assert!(facts.start_time > 0);
    }

    #[test]
    fn a_process_that_ended_has_no_facts() {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let handle = hold(&child);
        finish(child);
        assert!(matches!(facts(&handle), Err(FactsError::Gone(_))));
    }

    #[test]
    fn a_deleted_executable_is_no_path() {
        let copy = std::env::temp_dir().join(format!("postern-host-{}", own_pid()));
        fs::copy("/bin/cat", &copy).unwrap();
        let child = Command::new(&copy).stdin(Stdio::piped()).spawn().unwrap();
        let handle = hold(&child);
        let before = facts(&handle).unwrap();
        fs::remove_file(&copy).unwrap();
        let after = facts(&handle).unwrap();
        fs::write(&copy, "another file under the same name").unwrap();
        let replaced = facts(&handle).unwrap();
        fs::remove_file(&copy).unwrap();
        finish(child);
        assert_eq!(before.path.as_deref(), Some(copy.as_path()));
        assert_eq!(after.path, None);
        assert_eq!(replaced.path, None);
    }

    #[test]
    fn a_borrowed_name_in_another_mount_namespace_is_no_path() {
        let disguise = "mount --bind /bin/cat /bin/false && exec /bin/false";
        let mut child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", disguise])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Where user namespaces are off the child has ended: nothing to test.
        let written = child.stdin.as_mut().unwrap().write_all(b"x");
        let answer = child.stdout.as_mut().unwrap().read(&mut [0]).unwrap();
        if written.is_ok() && answer == 1 {
            let facts = facts(&hold(&child)).unwrap();
            assert_eq!(facts.path, None, "took the name of a file that is another one here");
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
}
