//! Configurations are made per credentials, not per connection.

use std::sync::Arc;

use crate::tls::testing::{Ca, cell, inbound, meet};
use crate::tls::{ALPN_HTTP, HandshakeError, Outbound};

#[test]
fn a_configuration_lives_as_long_as_its_credentials() {
    let ca = Ca::new("shop");
    let web = cell(ca.credentials("web"));
    let outbound = Outbound::new(Arc::clone(&web), &[ca.id("orders")], &[ALPN_HTTP]);
    let first = outbound.config().unwrap();
    assert!(Arc::ptr_eq(&first, &outbound.config().unwrap()));
    web.store(Some(ca.credentials("web")));
    assert!(!Arc::ptr_eq(&first, &outbound.config().unwrap()));
}

#[test]
fn credentials_taken_away_end_it() {
    let ca = Ca::new("shop");
    let web = cell(ca.credentials("web"));
    let outbound = Outbound::new(Arc::clone(&web), &[ca.id("orders")], &[ALPN_HTTP]);
    assert!(outbound.config().is_ok());
    web.store(None);
    assert!(matches!(outbound.config(), Err(HandshakeError::Own(_))));
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let ca = Ca::new("shop");
    let mut web = ca.credentials("web");
    web.key_pkcs8 = ca.credentials("web").key_pkcs8;
    let outbound = Outbound::new(cell(web), &[ca.id("orders")], &[ALPN_HTTP]);
    let error = outbound.config().unwrap_err().to_string();
    assert!(error.starts_with("this side's certificate can't be used"), "{error}");
}

#[tokio::test]
async fn the_next_connection_shows_the_new_certificate() {
    let ca = Ca::new("shop");
    let web = cell(ca.credentials("web"));
    let outbound = Outbound::new(Arc::clone(&web), &[ca.id("orders")], &[ALPN_HTTP]);
    let inbound = inbound(ca.credentials("orders"));
    let (_, before) = meet(&outbound, &inbound).await;
    web.store(Some(ca.credentials("web")));
    let (_, after) = meet(&outbound, &inbound).await;
    let leaf = |stream: &crate::tls::testing::Tls| stream.peer().unwrap().leaf_sha256;
    assert_ne!(leaf(&before.unwrap()), leaf(&after.unwrap()));
}
