//! Which local process holds the other end of a local TCP connection.
//!
//! It deliberately looks only at this network namespace, and it costs a walk
//! over `/proc`: ask once per connection, never per request.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;

use crate::tcp_table::Row;

/// Who holds a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user that made it.
    pub uid: u32,
    /// The socket's number; names it as long as it exists.
    pub inode: u64,
    /// The processes that have it open, as far as we may look: a socket can
    /// be shared by inheritance or passing. Ascending.
    pub pids: Vec<i32>,
}

/// Finds who connected from `peer` to `local`: the socket whose own address
/// is `peer` and whose remote address is `local`, as both are seen on an
/// accepted connection. `None`: no such socket in this network namespace, or
/// it is closed already.
///
/// # Errors
/// When the kernel's table can't be read.
pub fn socket_owner(local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Owner>> {
    let (local, peer) = (canonical(local), canonical(peer));
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        if let Some(row) = find(Path::new(table), local, peer)? {
            let pids = holders(row.inode)?;
            return Ok(Some(Owner { uid: row.uid, inode: row.inode, pids }));
        }
    }
    Ok(None)
}

/// A table that isn't there (IPv6 switched off) holds no socket.
fn find(table: &Path, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Row>> {
    let file = match fs::File::open(table) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).lines() {
        let row = Row::parse(&line?);
        if let Some(row) = row.filter(|r| r.local == peer && r.remote == local && r.inode != 0) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// All processes with a descriptor for the socket `inode`. Processes that end
/// meanwhile, or that we may not look into, are passed over.
fn holders(inode: u64) -> io::Result<Vec<i32>> {
    let wanted = format!("socket:[{inode}]");
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if holds(pid, Path::new(&wanted)) {
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    Ok(pids)
}

fn holds(pid: i32, wanted: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == wanted))
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    fn owner_over(address: &str) -> Option<Owner> {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, peer) = listener.accept().unwrap();
        let owner = socket_owner(accepted.local_addr().unwrap(), peer).unwrap();
        drop(client);
        owner
    }

    #[test]
    fn the_own_connection_is_ours() {
        let owner = owner_over("127.0.0.1:0").unwrap();
        assert_eq!(owner.uid, rustix::process::geteuid().as_raw());
        assert_eq!(owner.pids, [own_pid()]);
    }

    #[test]
    fn any_loopback_address_will_do() {
        assert_eq!(owner_over("127.9.8.7:0").unwrap().pids, [own_pid()]);
    }

    #[test]
    fn ipv4_through_an_ipv6_socket_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Ok(client) = TcpStream::connect(format!("[::ffff:127.0.0.1]:{port}")) else { return };
        let (accepted, peer) = listener.accept().unwrap();
        let owner = socket_owner(accepted.local_addr().unwrap(), peer).unwrap();
        assert_eq!(owner.unwrap().pids, [own_pid()]);
        drop(client);
    }

    #[test]
    fn the_two_ends_are_not_confused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, peer) = listener.accept().unwrap();
        let local = accepted.local_addr().unwrap();
        let client_end = socket_owner(local, peer).unwrap().unwrap();
        let server_end = socket_owner(peer, local).unwrap().unwrap();
        assert_ne!(client_end.inode, server_end.inode);
        drop(client);
    }

    #[test]
    fn nobody_owns_a_connection_that_isn_t() {
        let nowhere = "127.0.0.1:1".parse().unwrap();
        assert_eq!(socket_owner(nowhere, nowhere).unwrap(), None);
    }
}
