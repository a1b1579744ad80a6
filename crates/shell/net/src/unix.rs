//! Unix sockets of the runtime directory: bound with their mode from the
//! first moment, never taken from a process that still answers, and open to
//! the owner only unless said otherwise.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

/// Who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Processes with the effective uid of this one; the file has mode 0600.
    Owner,
    /// Every local process; the file has mode 0666.
    Anyone,
}

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody answers on it.
    #[error("{}: another process is listening there", .0.display())]
    Taken(PathBuf),
    /// There is a file of another kind.
    #[error("{}: there is a file that is no socket", .0.display())]
    Foreign(PathBuf),
    /// Anything else, for example a path longer than 107 bytes.
    #[error("{}: can't listen there", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The process at the other end, as the kernel knew it when it connected.
#[derive(Clone, Debug)]
pub struct UnixPeer {
    /// Process id in this process's namespace; none when it can't be seen.
    pub pid: Option<i32>,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// A duplicate of the connection, for further questions to the kernel
    /// such as SO_PEERPIDFD. Not to be read or written.
    pub connection: Arc<OwnedFd>,
}

impl UnixPeer {
    /// Asks the kernel (SO_PEERCRED).
    ///
    /// # Errors
    /// When the kernel won't say, or no descriptor is left.
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let cred = stream.peer_cred()?;
        let connection = Arc::new(stream.as_fd().try_clone_to_owned()?);
        Ok(Self { pid: cred.pid(), uid: cred.uid(), gid: cred.gid(), connection })
    }
}

/// A bound socket. Its file goes when the listener goes, unless somebody put
/// another in its place.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
    access: Access,
}

impl Listener {
    /// Binds `path`, within a tokio runtime. A socket file nobody answers on
    /// is replaced. The new file appears with its final mode: it is bound
    /// under another name and moved into place.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(path: &Path, access: Access) -> Result<Self, BindError> {
        refuse_taken(path)?;
        let io_error = |source| BindError::Io { path: path.to_owned(), source };
        let (socket, inode) = place(path, access).map_err(io_error)?;
        Ok(Self { socket, path: path.to_owned(), inode, access })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next connection of somebody who may connect; others are closed
    /// without a word. It lasts through a lack of descriptors.
    pub async fn accept(&self) -> (UnixStream, UnixPeer) {
        loop {
            let accepted = match self.socket.accept().await {
                Ok((stream, _)) => UnixPeer::of(&stream).map(|peer| (stream, peer)),
                Err(error) => Err(error),
            };
            match accepted {
                Ok((stream, peer)) if self.admits(&peer) => return (stream, peer),
                Ok(_) => {}
                // Out of descriptors or memory: the connection waits in the
                // queue until there is room.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn admits(&self, peer: &UnixPeer) -> bool {
        match self.access {
            Access::Anyone => true,
            Access::Owner => peer.uid == rustix::process::geteuid().as_raw(),
        }
    }
}

const PAUSE: Duration = Duration::from_millis(50);

impl Drop for Listener {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.inode) {
            // A file that stays is replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn refuse_taken(path: &Path) -> Result<(), BindError> {
    use std::os::unix::fs::FileTypeExt;
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if !found.file_type().is_socket() => Err(BindError::Foreign(path.to_owned())),
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => Err(BindError::Taken(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(source) => Err(BindError::Io { path: path.to_owned(), source }),
        },
    }
}

fn place(path: &Path, access: Access) -> io::Result<(UnixListener, (u64, u64))> {
    let mode = match access {
        Access::Owner => 0o600,
        Access::Anyone => 0o666,
    };
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:x}", std::process::id()));
    let beside = PathBuf::from(name);
    let _ = fs::remove_file(&beside);
    let bound = UnixListener::bind(&beside).and_then(|socket| {
        fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
        let meta = fs::symlink_metadata(&beside)?;
        fs::rename(&beside, path)?;
        Ok((socket, (meta.dev(), meta.ino())))
    });
    if bound.is_err() {
        let _ = fs::remove_file(&beside);
    }
    bound
}

/// Connects to a socket of this host, and refuses one that another user than
/// this process's or root is listening on.
///
/// # Errors
/// The kernel's, or `PermissionDenied` for a foreign listener.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path).await?;
    let uid = stream.peer_cred()?.uid();
    if uid == 0 || uid == rustix::process::geteuid().as_raw() {
        return Ok(stream);
    }
    let text = format!("{} belongs to user {uid}, who is neither us nor root", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

#[cfg(test)]
mod tests;
