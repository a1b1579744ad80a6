//! The process at the other end of one connection, as the requests on it see
//! it: its facts read anew each time, and its end as something to wait for.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use host::{Facts, FactsError, PeerProcess};
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;

/// Reading facts touches the file a process executes, which may lie on a slow
/// or hostile file system.
const FACTS_TIME: Duration = Duration::from_secs(2);

const SECOND_LOOK: Duration = Duration::from_millis(200);

/// Shared by all requests of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    process: Arc<PeerProcess>,
    /// The process's descriptor, which becomes readable when it ends, in the
    /// one tokio type that takes any descriptor without `unsafe`. Nothing is
    /// ever read from it.
    end: Arc<pipe::Receiver>,
    reading: Arc<Semaphore>,
}

/// Why nothing is known of a peer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("{0}")]
    Facts(FactsError),
    #[error("its facts could not be read in time")]
    Slow,
}

impl Peer {
    /// Must be called within a runtime, whose event loop watches the process.
    pub(crate) fn new(process: PeerProcess) -> std::io::Result<Self> {
        let watched = process.handle().as_fd().try_clone_to_owned()?;
        let end = Arc::new(pipe::Receiver::from_owned_fd_unchecked(watched)?);
        Ok(Self { process: Arc::new(process), end, reading: Arc::new(Semaphore::new(1)) })
    }

    /// The facts now. At most one reading at a time per connection, away from
    /// the threads that serve others.
    pub(crate) async fn facts(&self) -> Result<Facts, Unknown> {
        let read = async {
            let turn = Arc::clone(&self.reading).acquire_owned().await.ok()?;
            let process = Arc::clone(&self.process);
            let read = move || {
                let facts = process.facts();
                drop(turn);
                facts
            };
            tokio::task::spawn_blocking(read).await.ok()
        };
        match tokio::time::timeout(FACTS_TIME, read).await {
            Ok(Some(facts)) => facts.map_err(Unknown::Facts),
            Ok(None) | Err(_) => Err(Unknown::Slow),
        }
    }

    /// Returns when the process has ended. Should the event loop wake us
    /// without need, it is asked again at leisure.
    pub(crate) async fn ended(&self) {
        while self.end.readable().await.is_ok() && self.process.is_alive() {
            tokio::time::sleep(SECOND_LOOK).await;
        }
    }

    /// For the operator's eyes.
    pub(crate) fn who(&self) -> String {
        format!("process {} of user {}", self.process.pid(), self.process.uid())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::{Command, Stdio};

    use super::*;

    /// `cat` with a socket to us that Python opened for it.
    fn connected_child() -> (Peer, std::process::Child) {
        let path = std::env::temp_dir().join(format!("postern-peer-{}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let program = format!(
            "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect({path:?})\n\
             sys.stdin.read()"
        );
        let child =
            Command::new("python3").args(["-c", &program]).stdin(Stdio::piped()).spawn().unwrap();
        let (stream, _) = listener.accept().unwrap();
        std::fs::remove_file(path).unwrap();
        (Peer::new(PeerProcess::of(&stream).unwrap()).unwrap(), child)
    }

    #[tokio::test]
    async fn the_end_of_the_process_wakes_everybody_who_waits_for_it() {
        let (peer, mut child) = connected_child();
        assert_eq!(peer.facts().await.unwrap().pid, i32::try_from(child.id()).unwrap());
        let waiting = [tokio::spawn(wait(peer.clone())), tokio::spawn(wait(peer.clone()))];
        tokio::task::yield_now().await;
        assert!(waiting.iter().all(|task| !task.is_finished()), "the process still lives");
        child.kill().unwrap();
        for task in waiting {
            task.await.unwrap();
        }
        child.wait().unwrap();
        peer.ended().await;
        assert!(matches!(peer.facts().await, Err(Unknown::Facts(FactsError::Gone(_)))));
    }

    async fn wait(peer: Peer) {
        peer.ended().await;
    }
}
