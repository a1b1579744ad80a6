//! Running out of descriptors: the accept loop waits and goes on. In a process
//! of its own, because the limit is the process's.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::net::TcpStream;

use net::accept::{Accepted, Cap, Listener};
use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Takes every descriptor this process may still have.
fn hoard() -> Vec<File> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(256);
    setrlimit(Resource::Nofile, limit).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

fn serve() -> (std::net::SocketAddr, UnboundedReceiver<Accepted>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.address();
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(listener.run(Cap::new(10), move |accepted| drop(sender.send(accepted))));
    (address, receiver)
}

#[tokio::test(start_paused = true)]
async fn accepting_pauses_and_resumes() {
    let (address, mut accepted) = serve();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let hoarded = hoard();
    assert!(!hoarded.is_empty());
    client.connect(&address.into()).unwrap();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(accepted.try_recv().is_err(), "there is no descriptor to accept with");
    drop(hoarded);
    let came = accepted.recv().await.unwrap();
    assert_eq!(came.peer, TcpStream::from(client).local_addr().unwrap());
}
