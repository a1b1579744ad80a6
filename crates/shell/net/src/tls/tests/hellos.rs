//! Openings that are late, broken, old or cut into pieces.

use rustls::client::ClientConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls::testing::{Ca, LONG, SNI, inbound, outbound, tcp_pair};
use crate::tls::{HandshakeError, TlsStream, handshake};
use model::Millis;

/// A ClientHello of TLS 1.2 (RFC 5246, section 7.4.1.2): no
/// supported_versions, one suite, secp256r1, no client of ours.
fn tls12_hello() -> Vec<u8> {
    let mut extensions = Vec::new();
    extensions.extend([0, 10, 0, 4, 0, 2, 0, 23]); // supported_groups
    extensions.extend([0, 11, 0, 2, 1, 0]); // ec_point_formats
    extensions.extend([0, 13, 0, 4, 0, 2, 4, 3]); // signature_algorithms
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]); // session, ECDHE-ECDSA-AES128-GCM, null
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let len = u16::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1];
    record.extend((len + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(len.to_be_bytes());
    record.extend(body);
    record
}

/// What an inbound door says to these bytes: its error, and its answer.
async fn say(bytes: &[u8]) -> (HandshakeError, Vec<u8>) {
    let (mut client, server) = tcp_pair().await;
    let inbound = inbound(Ca::new("shop").credentials("orders"));
    let talk = async {
        client.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        drop(client);
        answer
    };
    let (answer, server) = tokio::join!(talk, inbound.accept(server, LONG));
    (server.unwrap_err(), answer)
}

#[tokio::test]
async fn tls_12_is_refused_by_name() {
    let (error, answer) = say(&tls12_hello()).await;
    assert_eq!(error.to_string(), "the peer does not offer TLS 1.3");
    assert_eq!(answer.get(5..7), Some(&[2, 70][..]), "a fatal protocol_version: {answer:?}");
}

#[tokio::test]
async fn plain_http_is_refused_and_not_echoed() {
    let (error, answer) = say(b"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(error.to_string(), "the peer does not speak TLS");
    assert!(answer.len() <= 7 && !answer.starts_with(b"H"), "{answer:?}");
}

#[tokio::test]
async fn every_byte_of_an_old_hello_may_be_missing() {
    let hello = tls12_hello();
    for end in [0, 1, 4, 5, 6, hello.len() - 1] {
        let (mut client, server) = tcp_pair().await;
        client.write_all(&hello[..end]).await.unwrap();
        drop(client);
        let inbound = inbound(Ca::new("shop").credentials("orders"));
        let error = inbound.accept(server, LONG).await.unwrap_err();
        assert!(matches!(error, HandshakeError::Io(_)), "{end}: {error:?}");
    }
}

/// Re-cuts one handshake record into records of one byte each.
fn one_byte_records(flight: &[u8]) -> Vec<u8> {
    let (head, payload) = flight.split_at(5);
    let len = usize::from(u16::from_be_bytes([head[3], head[4]]));
    assert_eq!(len, payload.len(), "the first flight is one record");
    payload.iter().flat_map(|byte| [22, 3, 1, 0, 1, *byte]).collect()
}

/// A client session, with its opening taken out of it.
fn opening(ca: &Ca) -> (ClientConnection, Vec<u8>) {
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let config = outbound.config().unwrap();
    let mut session = ClientConnection::new(config, SNI.try_into().unwrap()).unwrap();
    let mut flight = Vec::new();
    session.write_tls(&mut flight).unwrap();
    (session, flight)
}

async fn shake_after(ca: &Ca, session: ClientConnection, segments: Vec<Vec<u8>>) {
    let (mut client, server) = tcp_pair().await;
    client.set_nodelay(true).unwrap();
    let inbound = inbound(ca.credentials("orders"));
    let caller = async {
        for segment in segments {
            client.write_all(&segment).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut stream = TlsStream::new(client, session.into());
        handshake::run(&mut stream, LONG).await.unwrap();
        stream
    };
    let (_client, server) = tokio::join!(caller, inbound.accept(server, LONG));
    let server = server.unwrap();
    assert_eq!(server.peer().unwrap().id, ca.id("web"));
    assert_eq!(server.sni(), Some(SNI));
}

#[tokio::test]
async fn a_hello_in_one_byte_records_is_the_same_hello() {
    let ca = Ca::new("shop");
    let (session, flight) = opening(&ca);
    assert!(flight.len() > 1_200, "a post-quantum key share is in it");
    shake_after(&ca, session, vec![one_byte_records(&flight)]).await;
}

#[tokio::test]
async fn a_hello_in_one_byte_segments_is_the_same_hello() {
    let ca = Ca::new("shop");
    let (session, flight) = opening(&ca);
    shake_after(&ca, session, flight.iter().map(|byte| vec![*byte]).collect()).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_given_up() {
    let (_client, server) = tokio::io::duplex(1024);
    let inbound = inbound(Ca::new("shop").credentials("orders"));
    let error = inbound.accept(server, Millis::from_secs(10)).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Timeout), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_half_way_is_given_up() {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let ca = Ca::new("shop");
    let (_session, flight) = opening(&ca);
    client.write_all(&flight).await.unwrap();
    let error = inbound(ca.credentials("orders")).accept(server, LONG).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Timeout), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_caller_that_keeps_talking_is_left_soon() {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    client.write_all(&tls12_hello()).await.unwrap();
    let started = tokio::time::Instant::now();
    let inbound = inbound(Ca::new("shop").credentials("orders"));
    let error = inbound.accept(server, LONG).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Protocol(_)), "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(1));
}
