//! Handshakes that succeed.

use identity::Role;
use model::{Clock, Timestamp};
use rustls::NamedGroup;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clock::SystemClock;
use crate::tls::testing::{Ca, SNI, cell, connected, inbound, meet, outbound};
use crate::tls::{ALPN_HTTP, ALPN_TCP, HandshakeError, Inbound, Outbound, TlsStream};

#[tokio::test]
async fn both_sides_know_each_other() {
    let ca = Ca::new("shop");
    let web = ca.credentials("web");
    let outbound = outbound(web.clone(), ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    let (client, server) = (client.unwrap(), server.unwrap());
    assert_eq!(client.peer().unwrap().id, ca.id("orders"));
    assert_eq!(server.peer().unwrap().id, ca.id("web"));
    assert_eq!(server.peer_chain().next(), web.chain.first().map(Vec::as_slice));
    let proved = identity::verify(&web.chain, &ca.bundles(), Role::Client, SystemClock.now());
    assert_eq!(server.peer(), Some(&proved.unwrap()));
}

#[tokio::test]
async fn name_protocol_and_key_exchange_are_those_agreed_upon() {
    let (client, server) = connected().await;
    assert_eq!((client.sni(), server.sni()), (None, Some(SNI)));
    assert_eq!(client.alpn(), Some(ALPN_HTTP));
    assert_eq!(server.alpn(), Some(ALPN_HTTP));
    assert_eq!(server.key_exchange(), Some(NamedGroup::X25519MLKEM768));
    assert!(!client.is_resumed() && !server.is_resumed());
}

#[tokio::test]
async fn the_protocol_is_chosen_by_what_the_caller_offers() {
    let ca = Ca::new("shop");
    let inbound = Inbound::new(cell(ca.credentials("orders")), &[ALPN_HTTP, ALPN_TCP]);
    let outbound = Outbound::new(cell(ca.credentials("web")), &[ca.id("orders")], &[ALPN_TCP]);
    let (_client, server) = meet(&outbound, &inbound).await;
    assert_eq!(server.unwrap().alpn(), Some(ALPN_TCP));
}

#[tokio::test]
async fn bytes_pass_both_ways() {
    let (mut client, mut server) = connected().await;
    client.write_all(b"question").await.unwrap();
    client.flush().await.unwrap();
    let mut got = [0; 8];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"question");
    server.write_all(b"answer").await.unwrap();
    server.shutdown().await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"answer");
}

#[tokio::test]
async fn federated_peers_are_judged_by_their_own_bundle() {
    let (shop, bank) = (Ca::new("shop"), Ca::new("bank"));
    let both =
        |own: &Ca, other: &Ca| identity::Bundles::new(own.bundle(), vec![other.bundle()]).unwrap();
    let mut web = shop.credentials("web");
    web.bundles = both(&shop, &bank);
    let mut ledger = bank.credentials("ledger");
    ledger.bundles = both(&bank, &shop);
    let (client, server) = meet(&outbound(web, bank.id("ledger")), &inbound(ledger)).await;
    assert_eq!(client.unwrap().peer().unwrap().id, bank.id("ledger"));
    assert_eq!(server.unwrap().peer().unwrap().id, shop.id("web"));
}

#[tokio::test]
async fn recheck_sees_bundles_and_time_as_they_are_then() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    let (client, server) = (client.unwrap(), server.unwrap());
    let now = SystemClock.now();
    assert_eq!(server.recheck(&ca.bundles(), now).unwrap().id, ca.id("web"));
    assert_eq!(client.recheck(&ca.bundles(), now).unwrap().id, ca.id("orders"));
    assert!(server.recheck(&Ca::new("shop").bundles(), now).is_err());
    assert!(server.recheck(&ca.bundles(), Timestamp(u64::MAX)).is_err());
}

#[test]
fn streams_and_handshakes_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&std::marker::PhantomData::<TlsStream<tokio::net::TcpStream>>);
    let ca = Ca::new("shop");
    let inbound = inbound(ca.credentials("orders"));
    let (io, _other) = tokio::io::duplex(64);
    is_send(&inbound.accept(io, crate::tls::testing::LONG));
    is_send(&std::marker::PhantomData::<HandshakeError>);
}
