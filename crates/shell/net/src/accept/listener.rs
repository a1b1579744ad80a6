//! The listening socket and its accept loop.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::net::SocketFlags;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::holder;
use super::slot::{Cap, Slot};

/// Connections the kernel keeps for us; capped by net.core.somaxconn.
const BACKLOG: i32 = 4096;
/// After an error that won't go away by trying again at once.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections taken before other tasks of the thread get a turn.
const BURST: usize = 64;

/// A connection that came in: non-blocking, without Nagle's delay.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// Who is at the other end.
    pub peer: SocketAddr,
    /// Its place under the cap; lives as long as the connection does.
    pub slot: Slot,
}

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else has it.
    #[error("{address} is taken{}", holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken {
        /// Which address.
        address: SocketAddr,
        /// The process that has it, when this user may know: `nginx (pid 7)`.
        holder: Option<String>,
    },
    /// Anything else.
    #[error("can't listen on {address}")]
    Io {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// One listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds and listens. Port 0 chooses one, see [`Listener::address`].
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        match listen(address) {
            Ok((socket, address)) => Ok(Self { socket, address }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(BindError::Taken { address, holder: holder::of_port(address.port()) })
            }
            Err(source) => Err(BindError::Io { address, source }),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands every connection on, until the future is dropped, which closes
    /// the socket. Beyond the cap connections are closed at once; when
    /// descriptors or memory run out they wait in the kernel's queue.
    ///
    /// # Errors
    /// Only when the socket can't be registered with the present runtime.
    pub async fn run(self, cap: Cap, mut hand: impl FnMut(Accepted)) -> io::Result<Infallible> {
        #[expect(
            deprecated,
            reason = "its replacement is an unsafe fn, for types that may close their descriptor \
                      early: a TcpListener doesn't"
        )]
        let socket = AsyncFd::with_interest(self.socket, Interest::READABLE)?;
        loop {
            let mut ready = socket.readable().await?;
            match accept_burst(socket.get_ref(), &cap, &mut hand) {
                Burst::Empty => ready.clear_ready(),
                Burst::More => tokio::task::yield_now().await,
                Burst::Pause => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

enum Burst {
    Empty,
    More,
    Pause,
}

fn accept_burst(socket: &TcpListener, cap: &Cap, hand: &mut impl FnMut(Accepted)) -> Burst {
    use rustix::io::Errno;
    for _ in 0..BURST {
        match accept(socket) {
            Ok((stream, peer)) => {
                if let Some(slot) = cap.take() {
                    hand(Accepted { stream, peer, slot });
                }
            }
            Err(Errno::WOULDBLOCK) => return Burst::Empty,
            // No room for another connection.
            Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => return Burst::Pause,
            // Errors of the one connection that was next (accept(2)): gone.
            Err(_) => {}
        }
    }
    Burst::More
}

fn accept(socket: &TcpListener) -> Result<(TcpStream, SocketAddr), rustix::io::Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (fd, peer) = rustix::net::acceptfrom_with(socket, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    Ok((TcpStream::from(fd), peer.ok_or(rustix::io::Errno::CONNABORTED)?))
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // A restart need not wait for old connections to be forgotten. On Linux
    // this never lets two sockets listen at once.
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit it on Linux: one call for all of them.
    socket.set_tcp_nodelay(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from(socket);
    let address = socket.local_addr()?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use tokio::io::AsyncReadExt;
    use tokio::sync::mpsc;

    use super::*;

    fn listening() -> Listener {
        Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    fn serve(listener: Listener, max: usize) -> mpsc::UnboundedReceiver<Accepted> {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(listener.run(Cap::new(max), move |accepted| {
            let _ = sender.send(accepted);
        }));
        receiver
    }

    #[tokio::test]
    async fn connections_are_handed_on_ready_to_use() {
        let listener = listening();
        let address = listener.address();
        let mut accepted = serve(listener, 10);
        let client = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut came = accepted.recv().await.unwrap();
        assert_eq!(came.peer, client.local_addr().unwrap());
        assert!(came.stream.nodelay().unwrap());
        let blocked = came.stream.read(&mut [0]).unwrap_err();
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn beyond_the_cap_connections_are_closed_until_one_ends() {
        let listener = listening();
        let address = listener.address();
        let mut accepted = serve(listener, 1);
        let _first = tokio::net::TcpStream::connect(address).await.unwrap();
        let held = accepted.recv().await.unwrap();
        let mut second = tokio::net::TcpStream::connect(address).await.unwrap();
        assert!(matches!(second.read(&mut [0]).await, Ok(0) | Err(_)));
        drop(held);
        let _third = tokio::net::TcpStream::connect(address).await.unwrap();
        assert!(accepted.recv().await.is_some());
    }

    #[tokio::test]
    async fn many_at_once_all_come_through() {
        let listener = listening();
        let address = listener.address();
        let mut accepted = serve(listener, 1000);
        let mut clients = Vec::new();
        for _ in 0..BURST * 3 {
            clients.push(tokio::net::TcpStream::connect(address).await.unwrap());
        }
        for _ in 0..BURST * 3 {
            accepted.recv().await.unwrap();
        }
    }

    #[test]
    fn a_taken_address_names_its_holder() {
        let first = listening();
        let Err(BindError::Taken { address, holder }) = Listener::bind(first.address()) else {
            panic!("two listeners on one address");
        };
        assert_eq!(address, first.address());
        let holder = holder.unwrap();
        assert!(holder.ends_with(&format!("(pid {})", std::process::id())), "{holder}");
    }

    #[test]
    fn an_address_of_another_host_is_refused_with_its_reason() {
        let error = Listener::bind("192.0.2.1:80".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "can't listen on 192.0.2.1:80");
    }
}
