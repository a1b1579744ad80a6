//! Handshakes that must fail, each with its reason here and its alert there.
//! The legal twin of them all is `both_sides_know_each_other`.

use std::sync::Arc;

use identity::PeerRefused;
use model::{Millis, SpiffeId};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::client::{ClientConfig, ClientConnection};
use tokio::io::AsyncReadExt;

use crate::credentials::Credentials;
use crate::swap::Swap;
use crate::tls::testing::{Ca, LONG, SNI, Tls, cell, inbound, meet, outbound, tcp_pair, uri};
use crate::tls::trust::Trust;
use crate::tls::verifier::CalleeVerifier;
use crate::tls::{
    ALPN_HTTP, ALPN_TCP, HandshakeError, Inbound, Outbound, PeerAlert, TlsStream, handshake,
    provider,
};

/// The alert a caller finds when it first reads.
async fn alert(client: &mut Tls) -> String {
    let error = client.read(&mut [0]).await.unwrap_err();
    let inner = error.get_ref().unwrap_or_else(|| panic!("{error:?}"));
    inner.downcast_ref::<PeerAlert>().unwrap().0.clone()
}

/// What `orders` holds against a caller with these credentials, and the alert
/// the caller gets.
async fn refused(ca: &Ca, caller: Credentials) -> (PeerRefused, String) {
    // The caller would accept the server, whoever signed its own leaf.
    let caller = Credentials { bundles: ca.bundles(), ..caller };
    let outbound = outbound(caller, ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    match server {
        Err(HandshakeError::Refused(reason)) => (reason, alert(&mut client.unwrap()).await),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_caller_signed_by_another_authority_of_the_same_name() {
    let ca = Ca::new("shop");
    let (reason, alert) = refused(&ca, Ca::new("shop").credentials("web")).await;
    assert!(matches!(reason, PeerRefused::UnknownAuthority(_) | PeerRefused::BadSignature));
    assert!(["unknown_ca", "bad_certificate"].contains(&alert.as_str()), "{alert}");
}

#[tokio::test]
async fn a_caller_of_a_trust_domain_without_a_bundle() {
    let (reason, alert) = refused(&Ca::new("shop"), Ca::new("evil").credentials("web")).await;
    assert_eq!(reason, PeerRefused::UnknownTrustDomain("evil".parse().unwrap()));
    assert_eq!(alert, "unknown_ca");
}

#[tokio::test]
async fn a_federated_authority_that_signs_our_names() {
    let (shop, bank) = (Ca::new("shop"), Ca::new("bank"));
    let forged = bank.odd_credentials("x", |params| {
        params.subject_alt_names = vec![uri(&shop.id("web").to_string())];
    });
    let mut orders = shop.credentials("orders");
    orders.bundles = identity::Bundles::new(shop.bundle(), vec![bank.bundle()]).unwrap();
    let forged = Credentials { bundles: shop.bundles(), ..forged };
    let (_, server) = meet(&outbound(forged, shop.id("orders")), &inbound(orders)).await;
    assert!(matches!(server, Err(HandshakeError::Refused(_))), "{server:?}");
}

#[tokio::test]
async fn a_caller_whose_certificate_has_run_out() {
    let ca = Ca::new("shop");
    let old = ca.odd_credentials("web", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 2);
    });
    let (reason, alert) = refused(&ca, old).await;
    assert!(matches!(reason, PeerRefused::Expired(_)), "{reason:?}");
    assert_eq!(alert, "certificate_expired");
}

#[tokio::test]
async fn a_caller_whose_certificate_does_not_count_yet() {
    let ca = Ca::new("shop");
    let new = ca.odd_credentials("web", |params| params.not_before = date_time_ymd(4000, 1, 1));
    let (reason, alert) = refused(&ca, new).await;
    assert!(matches!(reason, PeerRefused::NotYetValid(_)), "{reason:?}");
    assert_eq!(alert, "certificate_expired");
}

#[tokio::test]
async fn a_caller_with_two_names() {
    let ca = Ca::new("shop");
    let two = ca.odd_credentials("web", |params| {
        params.subject_alt_names.push(uri("spiffe://shop/ns/default/sa/admin"));
    });
    assert_eq!(refused(&ca, two).await, (PeerRefused::SeveralUris(2), "bad_certificate".into()));
}

#[tokio::test]
async fn a_caller_with_an_authoritys_certificate() {
    let ca = Ca::new("shop");
    let authority = ca.odd_credentials("web", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let (reason, _) = refused(&ca, authority).await;
    assert_eq!(reason, PeerRefused::CaAsLeaf);
}

#[tokio::test]
async fn a_caller_whose_certificate_is_for_other_purposes() {
    let ca = Ca::new("shop");
    let signer = ca.odd_credentials("web", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    });
    let (reason, alert) = refused(&ca, signer).await;
    assert!(matches!(reason, PeerRefused::NotForRole(_)), "{reason:?}");
    assert_eq!(alert, "unsupported_certificate");
}

#[tokio::test]
async fn a_caller_without_a_certificate() {
    let ca = Ca::new("shop");
    let trust = Arc::new(Trust::new(ca.bundles(), identity::Role::Server));
    let expected: Arc<[SpiffeId]> = [ca.id("orders")].into();
    let mut config = ClientConfig::builder_with_provider(provider::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(CalleeVerifier { trust, expected }))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_HTTP.to_vec()];
    let session = ClientConnection::new(Arc::new(config), SNI.try_into().unwrap()).unwrap();
    let (client, server) = tcp_pair().await;
    let mut client = TlsStream::new(client, session.into());
    let inbound = inbound(ca.credentials("orders"));
    let (shaken, server) =
        tokio::join!(handshake::run(&mut client, LONG), inbound.accept(server, LONG));
    shaken.unwrap();
    assert_eq!(server.unwrap_err().to_string(), "the peer showed no certificate");
    assert_eq!(alert(&mut client).await, "certificate_required");
}

#[tokio::test]
async fn a_server_that_is_not_the_one_expected() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(ca.credentials("payments"))).await;
    match client {
        Err(HandshakeError::WrongServer { seen, expected }) => {
            assert_eq!((seen, expected), (ca.id("payments"), vec![ca.id("orders")]));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(server, Err(HandshakeError::Alert(name)) if name == "access_denied"));
}

#[tokio::test]
async fn nobody_is_expected_nobody_is_accepted() {
    let ca = Ca::new("shop");
    let outbound = Outbound::new(cell(ca.credentials("web")), &[], &[ALPN_HTTP]);
    let (client, _) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    assert!(matches!(client, Err(HandshakeError::WrongServer { .. })));
}

#[tokio::test]
async fn a_server_of_another_authority() {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(Ca::new("shop").credentials("orders"))).await;
    assert!(matches!(client, Err(HandshakeError::Refused(_))), "{client:?}");
    assert!(matches!(server, Err(HandshakeError::Alert(_))), "{server:?}");
}

#[tokio::test]
async fn no_protocol_in_common() {
    let ca = Ca::new("shop");
    let outbound = Outbound::new(cell(ca.credentials("web")), &[ca.id("orders")], &[ALPN_TCP]);
    let (client, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    assert!(server.unwrap_err().to_string().contains("ALPN"));
    let alert = client.unwrap_err();
    assert!(matches!(alert, HandshakeError::Alert(name) if name == "no_application_protocol"));
}

#[tokio::test]
async fn a_server_that_agrees_on_no_protocol() {
    let ca = Ca::new("shop");
    let inbound = Inbound::new(cell(ca.credentials("orders")), &[]);
    let (client, server) = meet(&outbound(ca.credentials("web"), ca.id("orders")), &inbound).await;
    assert!(client.unwrap_err().to_string().contains("ALPN"));
    assert_eq!(server.unwrap().alpn(), None);
}

#[tokio::test]
async fn two_refused_at_once_get_each_their_own_reason() {
    let ca = Ca::new("shop");
    let inbound = inbound(ca.credentials("orders"));
    let mut callers = Vec::new();
    for name in ["a", "b", "c"] {
        let mut odd = Ca::new(name).credentials("web");
        odd.bundles = ca.bundles();
        callers.push(outbound(odd, ca.id("orders")));
    }
    let [a, b, c] = callers.as_slice() else { panic!() };
    let met = tokio::join!(meet(a, &inbound), meet(b, &inbound), meet(c, &inbound));
    for ((_, server), domain) in [met.0, met.1, met.2].into_iter().zip(["a", "b", "c"]) {
        let text = format!("there is no trust bundle for `{domain}`");
        assert_eq!(server.unwrap_err().to_string(), text);
    }
}

#[tokio::test]
async fn without_an_identity_nothing_is_accepted_or_connected() {
    let nobody = Arc::new(Swap::new(None));
    let inbound = Inbound::new(Arc::clone(&nobody), &[ALPN_HTTP]);
    let outbound = Outbound::new(nobody, &[Ca::new("shop").id("orders")], &[ALPN_HTTP]);
    let (client, server) = meet(&outbound, &inbound).await;
    assert!(matches!(client, Err(HandshakeError::Own(_))));
    assert!(matches!(server, Err(HandshakeError::Own(_))));
}

#[tokio::test]
async fn an_own_certificate_that_ran_out_is_not_shown() {
    let ca = Ca::new("shop");
    let mut orders = ca.credentials("orders");
    orders.not_after = model::Timestamp::from_secs(1_000_000_000);
    let (_client, server) = tcp_pair().await;
    let error = inbound(orders).accept(server, Millis(1)).await.unwrap_err();
    let text = "this side's certificate expired at 2001-09-09T01:46:40.000Z";
    assert_eq!(error.to_string(), text);
}
