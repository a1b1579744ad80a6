//! Sockets in a fresh directory each.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::testdir::TestDir;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

#[tokio::test]
async fn bytes_pass_and_the_peer_is_known() {
    let dir = TestDir::new();
    let path = dir.path().join("a.sock");
    let listener = Listener::bind(&path, Access::Owner).unwrap();
    let mut client = connect(&path).await.unwrap();
    let (mut server, peer) = listener.accept().await;
    client.write_all(b"hi").await.unwrap();
    let mut got = [0; 2];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hi");
    assert_eq!(peer.pid, Some(i32::try_from(std::process::id()).unwrap()));
    assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
    assert_eq!(peer.gid, rustix::process::getegid().as_raw());
}

#[tokio::test]
async fn the_mode_says_who_may_connect() {
    let dir = TestDir::new();
    let (own, all) = (dir.path().join("own"), dir.path().join("all"));
    let _own = Listener::bind(&own, Access::Owner).unwrap();
    let _all = Listener::bind(&all, Access::Anyone).unwrap();
    assert_eq!((mode(&own), mode(&all)), (0o600, 0o666));
}

#[tokio::test]
async fn a_socket_in_use_is_not_taken() {
    let dir = TestDir::new();
    let path = dir.path().join("a.sock");
    let _first = Listener::bind(&path, Access::Owner).unwrap();
    let second = Listener::bind(&path, Access::Owner);
    assert!(matches!(second, Err(BindError::Taken(_))));
    assert!(connect(&path).await.is_ok());
}

#[tokio::test]
async fn a_socket_nobody_answers_on_is_replaced() {
    let dir = TestDir::new();
    let path = dir.path().join("a.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _listener = Listener::bind(&path, Access::Owner).unwrap();
    assert!(connect(&path).await.is_ok());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let dir = TestDir::new();
    let path = dir.path().join("a.sock");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Listener::bind(&path, Access::Owner), Err(BindError::Foreign(_))));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[tokio::test]
async fn the_file_goes_with_the_listener_but_a_successor_stays() {
    let dir = TestDir::new();
    let path = dir.path().join("a.sock");
    let first = Listener::bind(&path, Access::Owner).unwrap();
    fs::remove_file(&path).unwrap();
    let second = Listener::bind(&path, Access::Owner).unwrap();
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_an_error() {
    let dir = TestDir::new();
    let path = dir.path().join("x".repeat(120));
    assert!(matches!(Listener::bind(&path, Access::Owner), Err(BindError::Io { .. })));
}
