//! A hold on one process that no reuse of its number can loosen.
//!
//! It deliberately offers no way to signal or trace the process: a handle is
//! for watching.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::stat::Stat;

/// One process, held by a pidfd (Linux 5.3): as long as
/// [`ProcessHandle::is_alive`] says yes, its number means this process and no
/// other. The descriptor becomes readable when the process ends, so an event
/// loop can wait for that.
#[derive(Debug)]
pub struct ProcessHandle {
    pid: i32,
    fd: OwnedFd,
}

/// Why a process can't be held.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No process has this number, or it ended meanwhile.
    #[error("there is no process {0}")]
    Gone(i32),
    /// The kernel refuses: too old, or out of descriptors.
    #[error("process {pid} can't be watched")]
    Refused {
        /// The number asked for.
        pid: i32,
        /// What the kernel says.
        source: io::Error,
    },
}

impl ProcessHandle {
    /// Holds the process that has the number `pid` now.
    ///
    /// The start time is read before and after, so what is held is what had
    /// the number during the whole call.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(pid: i32) -> Result<Self, OpenError> {
        let gone = OpenError::Gone(pid);
        let Some(number) = (pid > 0).then(|| Pid::from_raw(pid)).flatten() else {
            return Err(gone);
        };
        let Ok(before) = Stat::read(pid) else { return Err(gone) };
        let fd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(fd) => fd,
            Err(Errno::SRCH | Errno::INVAL) => return Err(gone),
            Err(errno) => return Err(OpenError::Refused { pid, source: errno.into() }),
        };
        let handle = Self { pid, fd };
        match Stat::read(pid) {
            Ok(after) if after.start_time == before.start_time && handle.is_alive() => Ok(handle),
            _ => Err(gone),
        }
    }

    /// Takes over a pidfd the kernel gave for the process `pid`.
    pub(crate) const fn from_kernel(pid: i32, fd: OwnedFd) -> Self {
        Self { pid, fd }
    }

    /// The number, in our PID namespace.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether the process still runs. A process that ended but wasn't
    /// collected by its parent counts as ended; so does one that can't be
    /// asked about.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let mut watched = [PollFd::new(&self.fd, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        loop {
            match poll(&mut watched, Some(&at_once)) {
                Ok(ready) => return ready == 0,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

impl AsFd for ProcessHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    #[test]
    fn the_own_process_is_alive() {
        let handle = ProcessHandle::open(own_pid()).unwrap();
        assert!(handle.is_alive());
        assert_eq!(handle.pid(), own_pid());
    }

    #[test]
    fn numbers_no_process_can_have_are_gone() {
        for pid in [0, -1, i32::MIN, i32::MAX] {
            assert!(matches!(ProcessHandle::open(pid), Err(OpenError::Gone(_))), "{pid}");
        }
    }

    #[test]
    fn a_process_that_ended_is_not_alive_even_before_it_is_collected() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let handle = ProcessHandle::open(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(handle.is_alive());
        child.kill().unwrap();
        let mut watched = [PollFd::new(&handle, PollFlags::IN)];
        poll(&mut watched, None).unwrap();
        assert!(!handle.is_alive(), "a zombie passed for a living process");
        child.wait().unwrap();
        assert!(!handle.is_alive());
    }
}
