//! A small authority for tests, and two ends of a connection.

use std::sync::Arc;

use identity::{Bundle, Bundles};
use model::{Millis, Secret, SpiffeId, Timestamp, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio::net::{TcpListener, TcpStream};

use super::{ALPN_HTTP, HandshakeError, Inbound, Outbound, TlsStream};
use crate::credentials::Credentials;
use crate::swap::Swap;

pub(crate) type Cell = Arc<Swap<Option<Credentials>>>;
pub(crate) type Tls = TlsStream<TcpStream>;

pub(crate) const LONG: Millis = Millis::from_secs(60);
pub(crate) const SNI: &str = "p8080.orders.default.shop";

pub(crate) struct Ca {
    domain: TrustDomain,
    root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new(domain: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.subject_alt_names = vec![uri(&format!("spiffe://{domain}"))];
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { domain: domain.parse().unwrap(), root, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::new(self.domain.clone(), vec![self.root.clone()]).unwrap()
    }

    pub(crate) fn bundles(&self) -> Bundles {
        Bundles::alone(self.bundle())
    }

    pub(crate) fn id(&self, name: &str) -> SpiffeId {
        format!("spiffe://{}/ns/default/sa/{name}", self.domain).parse().unwrap()
    }

    /// Good credentials for a service of this trust domain.
    pub(crate) fn credentials(&self, name: &str) -> Credentials {
        self.odd_credentials(name, |_| {})
    }

    /// Credentials whose certificate was changed before it was signed.
    pub(crate) fn odd_credentials(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Credentials {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![uri(&self.id(name).to_string())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Credentials {
            chain: vec![leaf.der().to_vec()],
            key_pkcs8: Secret::new(key.serialize_der()),
            bundles: self.bundles(),
            id: self.id(name),
            not_after: Timestamp(u64::MAX),
        }
    }
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn cell(credentials: Credentials) -> Cell {
    Arc::new(Swap::new(Some(credentials)))
}

pub(crate) fn inbound(credentials: Credentials) -> Inbound {
    Inbound::new(cell(credentials), &[ALPN_HTTP])
}

pub(crate) fn outbound(credentials: Credentials, expected: SpiffeId) -> Outbound {
    Outbound::new(cell(credentials), &[expected], &[ALPN_HTTP])
}

/// Two ends of a connection on the loopback interface.
pub(crate) async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// Both ends of one handshake: the caller's outcome, then the callee's.
pub(crate) async fn meet(
    outbound: &Outbound,
    inbound: &Inbound,
) -> (Result<Tls, HandshakeError>, Result<Tls, HandshakeError>) {
    let (client, server) = tcp_pair().await;
    tokio::join!(outbound.connect(client, SNI, LONG), inbound.accept(server, LONG))
}

/// Both ends of a connection between `web` and `orders` of one mesh.
pub(crate) async fn connected() -> (Tls, Tls) {
    let ca = Ca::new("shop");
    let outbound = outbound(ca.credentials("web"), ca.id("orders"));
    let (client, server) = meet(&outbound, &inbound(ca.credentials("orders"))).await;
    (client.unwrap(), server.unwrap())
}
