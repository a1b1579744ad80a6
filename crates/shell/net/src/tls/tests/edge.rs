//! The edge: a server certificate for anonymous clients.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::{ClientConfig, ClientConnection};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls::testing::{LONG, Tls, tcp_pair};
use crate::tls::{ALPN_HTTP, Edge, EdgeError, HandshakeError, TlsStream, handshake, provider};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A client that trusts the edge's certificate and asks for `host`.
async fn visit(
    edge: &Edge,
    host: &'static str,
    alpn: &[&[u8]],
) -> (Result<Tls, HandshakeError>, Result<Tls, HandshakeError>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(edge.certificate_pem().as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let session = ClientConnection::new(Arc::new(config), host.try_into().unwrap()).unwrap();
    let (client, server) = tcp_pair().await;
    let mut client = TlsStream::new(client, session.into());
    let (shaken, server) =
        tokio::join!(handshake::run(&mut client, LONG), edge.accept(server, LONG));
    (shaken.map(|()| client), server)
}

#[tokio::test]
async fn an_anonymous_client_is_served() {
    let edge = Edge::self_signed(&names(&["shop.example", "127.0.0.1"]), &[ALPN_HTTP]).unwrap();
    let (client, server) = visit(&edge, "shop.example", &[b"h2", b"http/1.1"]).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(server.peer(), None);
    assert_eq!((server.sni(), server.alpn()), (Some("shop.example"), Some(ALPN_HTTP)));
    server.write_all(b"hello").await.unwrap();
    server.flush().await.unwrap();
    let mut got = [0; 5];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
}

#[tokio::test]
async fn a_client_that_names_no_protocol_is_served_too() {
    let edge = Edge::self_signed(&names(&["127.0.0.1"]), &[ALPN_HTTP]).unwrap();
    let (_client, server) = visit(&edge, "127.0.0.1", &[]).await;
    let server = server.unwrap();
    assert_eq!((server.sni(), server.alpn()), (None, None));
}

#[tokio::test]
async fn a_client_of_another_protocol_is_not() {
    let edge = Edge::self_signed(&names(&["shop.example"]), &[ALPN_HTTP]).unwrap();
    let (client, server) = visit(&edge, "shop.example", &[b"smtp"]).await;
    assert!(server.unwrap_err().to_string().contains("ALPN"));
    assert!(matches!(client, Err(HandshakeError::Alert(_))));
}

#[tokio::test]
async fn a_client_that_expects_another_name_breaks_off() {
    let edge = Edge::self_signed(&names(&["shop.example"]), &[ALPN_HTTP]).unwrap();
    let (client, server) = visit(&edge, "bank.example", &[ALPN_HTTP]).await;
    assert!(client.is_err());
    assert!(matches!(server, Err(HandshakeError::Alert(_))), "{server:?}");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    let one = rcgen::generate_simple_self_signed(names(&["a"])).unwrap();
    let other = rcgen::generate_simple_self_signed(names(&["a"])).unwrap();
    let (pem, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    assert!(Edge::from_pem(&pem, &key, &[]).is_ok());
    let error = |pem: &str, key: &str| Edge::from_pem(pem, key, &[]).unwrap_err();
    assert!(matches!(error("", &key), EdgeError::Certificate(_)));
    assert!(matches!(error(&pem, "junk"), EdgeError::Key(_)));
    let foreign = other.signing_key.serialize_pem();
    assert!(matches!(error(&pem, &foreign), EdgeError::Unusable(_)));
    assert!(matches!(Edge::self_signed(&names(&["käse"]), &[]), Err(EdgeError::Names(_))));
}
