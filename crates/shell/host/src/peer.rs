//! Who is at the other end of a Unix socket.
//!
//! It deliberately takes the user from the moment of connecting, as the
//! kernel stored it on the socket, not from what the process became later.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};

use crate::pidfd::{OpenError, ProcessHandle};
use crate::process::{Facts, FactsError, facts};

/// The process that connected a Unix socket, held so that its number can't
/// come to mean another one unnoticed.
#[derive(Debug)]
pub struct PeerProcess {
    handle: ProcessHandle,
    uid: u32,
    gid: u32,
}

/// Why the peer of a socket is nobody we can speak of.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It lives in a PID namespace we can't see into.
    #[error("the peer isn't visible from our PID namespace")]
    OtherNamespace,
    /// It ended.
    #[error("the peer, process {0}, has ended")]
    Gone(i32),
    /// The kernel can't say.
    #[error("the kernel doesn't name the peer")]
    Unknown(#[source] io::Error),
}

impl PeerProcess {
    /// Asks the kernel who connected `socket` (SO_PEERCRED, and SO_PEERPIDFD
    /// of Linux 6.5).
    ///
    /// An older kernel has no SO_PEERPIDFD. There the number is turned into a
    /// handle afterwards: a peer that ends between its connecting and this
    /// call, and whose number is given again in between, goes unnoticed.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub fn of(socket: &impl AsFd) -> Result<Self, PeerError> {
        let unknown = |errno: Errno| PeerError::Unknown(errno.into());
        let credentials = getsockopt(socket, sockopt::PeerCredentials).map_err(unknown)?;
        let (pid, uid, gid) = (credentials.pid(), credentials.uid(), credentials.gid());
        if pid <= 0 {
            return Err(PeerError::OtherNamespace);
        }
        let handle = match getsockopt(socket, sockopt::PeerPidfd) {
            Ok(fd) => hold(pid, fd)?,
            Err(Errno::ENOPROTOOPT) => reopen(pid)?,
            Err(Errno::ESRCH | Errno::EINVAL | Errno::ENODATA) => return Err(PeerError::Gone(pid)),
            Err(errno) => return Err(unknown(errno)),
        };
        Ok(Self { handle, uid, gid })
    }

    /// The number of the process, in our PID namespace.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.handle.pid()
    }

    /// The effective user at the moment of connecting.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The effective group at the moment of connecting.
    #[must_use]
    pub const fn gid(&self) -> u32 {
        self.gid
    }

    /// The handle, to wait for the end of the process with.
    #[must_use]
    pub const fn handle(&self) -> &ProcessHandle {
        &self.handle
    }

    /// Whether the process that connected still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.handle.is_alive()
    }

    /// The facts of the process now; user and group are those it connected
    /// with.
    ///
    /// # Errors
    /// See [`FactsError`].
    pub fn facts(&self) -> Result<Facts, FactsError> {
        let facts = facts(&self.handle)?;
        Ok(Facts { uid: self.uid, gid: self.gid, ..facts })
    }
}

fn hold(pid: i32, fd: OwnedFd) -> Result<ProcessHandle, PeerError> {
    let handle = ProcessHandle::from_kernel(pid, fd);
    if handle.is_alive() { Ok(handle) } else { Err(PeerError::Gone(pid)) }
}

fn reopen(pid: i32) -> Result<ProcessHandle, PeerError> {
    ProcessHandle::open(pid).map_err(|error| match error {
        OpenError::Gone(pid) => PeerError::Gone(pid),
        OpenError::Refused { source, .. } => PeerError::Unknown(source),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use super::*;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    fn socket_path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("postern-host-{}-{name}.sock", own_pid()))
    }

    #[test]
    fn a_pair_of_our_own_names_us() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = PeerProcess::of(&one).unwrap();
        assert_eq!(peer.pid(), own_pid());
        assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
        assert_eq!(peer.facts().unwrap().pid, own_pid());
        assert!(peer.is_alive());
    }

    #[test]
    fn a_socket_that_is_no_unix_socket_names_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(PeerProcess::of(&stream).is_err());
    }

    /// Python connects and says so; what follows in `script` happens after.
    fn connected_child(listener: &UnixListener, script: &str) -> (UnixStream, std::process::Child) {
        let path = listener.local_addr().unwrap().as_pathname().unwrap().to_owned();
        let program = format!(
            "import os,socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect({path:?})\n{script}"
        );
        let child =
            Command::new("python3").args(["-c", &program]).stdin(Stdio::piped()).spawn().unwrap();
        (listener.accept().unwrap().0, child)
    }

    #[test]
    fn a_peer_that_ends_stays_ended_though_its_socket_lives_on_in_a_child() {
        let path = socket_path("fork");
        let listener = UnixListener::bind(&path).unwrap();
        let script = "if os.fork(): os._exit(0)\ns.send(b'x')\nsys.stdin.read()";
        let (mut stream, mut child) = connected_child(&listener, script);
        child.wait().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        assert!(
            matches!(PeerProcess::of(&stream), Err(PeerError::Gone(_))),
            "the forked child passed for the process that had connected"
        );
        drop(child.stdin.take());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_end_of_a_held_peer_is_seen() {
        let path = socket_path("end");
        let listener = UnixListener::bind(&path).unwrap();
        let (stream, mut child) = connected_child(&listener, "sys.stdin.read()");
        let peer = PeerProcess::of(&stream).unwrap();
        assert_eq!(peer.facts().unwrap().ancestors.first(), Some(&own_pid()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!peer.is_alive());
        assert!(matches!(peer.facts(), Err(FactsError::Gone(_))));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_pidfd_is_a_descriptor_of_its_own() {
        let (one, other) = UnixStream::pair().unwrap();
        let peer = PeerProcess::of(&one).unwrap();
        drop::<[OwnedFd; 2]>([one.into(), other.into()]);
        assert!(peer.is_alive());
    }
}
