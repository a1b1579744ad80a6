//! Sessions taken up again: the peer is known, and judged anew.

use std::sync::Arc;

use model::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clock::SystemClock;
use crate::tls::testing::{Ca, LONG, SNI, Tls, cell, inbound, meet, outbound, tcp_pair};
use crate::tls::{ALPN_HTTP, HandshakeError, Inbound, Outbound};

/// One exchange of a byte, by which the client has the tickets.
async fn talk(client: &mut Tls, server: &mut Tls) {
    server.write_all(b"x").await.unwrap();
    server.flush().await.unwrap();
    client.read_exact(&mut [0]).await.unwrap();
}

async fn first(outbound: &Outbound, inbound: &Inbound) {
    let (client, server) = meet(outbound, inbound).await;
    talk(&mut client.unwrap(), &mut server.unwrap()).await;
}

#[tokio::test]
async fn the_second_handshake_resumes_and_knows_the_peers() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let inbound = inbound(ca.credentials("orders"));
    first(&outbound, &inbound).await;
    let (client, server) = meet(&outbound, &inbound).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert!(client.is_resumed() && server.is_resumed());
    assert_eq!(client.peer().unwrap().id, ca.id("orders"));
    assert_eq!(server.peer().unwrap().id, ca.id("web"));
    assert_eq!((server.sni(), server.alpn()), (Some(SNI), Some(ALPN_HTTP)));
    talk(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_resumed_peer_does_not_pass_a_recheck_under_new_bundles() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let inbound = inbound(ca.credentials("orders"));
    first(&outbound, &inbound).await;
    let (client, server) = meet(&outbound, &inbound).await;
    let (client, server) = (client.unwrap(), server.unwrap());
    assert!(server.is_resumed());
    let (now, other) = (SystemClock.now(), Ca::new("shop").bundles());
    assert!(server.recheck(&ca.bundles(), now).is_ok());
    assert!(server.recheck(&other, now).is_err());
    assert!(client.recheck(&other, now).is_err());
}

#[tokio::test]
async fn a_change_of_credentials_ends_all_sessions() {
    let ca = Ca::new("shop");
    let orders = cell(ca.credentials("orders"));
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let inbound = Inbound::new(Arc::clone(&orders), &[ALPN_HTTP]);
    first(&outbound, &inbound).await;
    orders.store(Some(ca.credentials("orders")));
    let (_, server) = meet(&outbound, &inbound).await;
    assert!(!server.unwrap().is_resumed());
}

#[tokio::test]
async fn a_ticket_of_one_door_is_nothing_to_another() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    first(&outbound, &inbound(ca.credentials("orders"))).await;
    let (_, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    assert!(!server.unwrap().is_resumed());
}

#[tokio::test]
async fn whoever_is_no_longer_trusted_cannot_come_back_by_resuming() {
    let (ca, next) = (Ca::new("shop"), Ca::new("shop"));
    let orders = cell(ca.credentials("orders"));
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let inbound = Inbound::new(Arc::clone(&orders), &[ALPN_HTTP]);
    first(&outbound, &inbound).await;
    // The leaf stays, the bundle changes.
    let mut changed = ca.credentials("orders");
    changed.bundles = next.bundles();
    orders.store(Some(changed));
    let (_, server) = meet(&outbound, &inbound).await;
    assert!(matches!(server, Err(HandshakeError::Refused(_))), "{server:?}");
}

#[tokio::test]
async fn bundles_that_change_during_a_resumed_handshake_count() {
    let ca = Ca::new("shop");
    let orders = cell(ca.credentials("orders"));
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let inbound = Inbound::new(Arc::clone(&orders), &[ALPN_HTTP]);
    first(&outbound, &inbound).await;
    let (client, server) = tcp_pair().await;
    let mut accepting = std::pin::pin!(inbound.accept(server, LONG));
    // The callee has begun with the old bundles before the caller says a word.
    let begun =
        std::future::poll_fn(|cx| std::task::Poll::Ready(accepting.as_mut().poll(cx).is_pending()));
    assert!(begun.await);
    let mut changed = ca.credentials("orders");
    changed.bundles = Ca::new("shop").bundles();
    orders.store(Some(changed));
    let (_client, server) = tokio::join!(outbound.connect(client, SNI, LONG), accepting);
    assert!(matches!(server, Err(HandshakeError::Refused(_))), "{server:?}");
}
