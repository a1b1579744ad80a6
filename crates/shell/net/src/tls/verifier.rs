//! rustls's questions about a peer's certificates, answered by `identity`.
//!
//! DNS names play no part: the identity is the SPIFFE ID, and the server name
//! only says which port of which service is meant.

use std::sync::Arc;

use identity::{Alert, Peer};
use model::{SpiffeId, Timestamp};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::provider::provider;
use super::refusal::{self, Refusal};
use super::trust::Trust;

/// For servers: any caller the bundles vouch for.
#[derive(Debug)]
pub(super) struct CallerVerifier(pub(super) Arc<Trust>);

/// For clients: a server the bundles vouch for that is one of the expected.
#[derive(Debug)]
pub(super) struct CalleeVerifier {
    pub(super) trust: Arc<Trust>,
    pub(super) expected: Arc<[SpiffeId]>,
}

impl CalleeVerifier {
    fn admit(&self, peer: &Peer) -> Result<(), Error> {
        expect(&self.expected, peer).map_err(|refusal| {
            refusal::leave(refusal);
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
        })
    }
}

/// Whether `peer` is one of those expected.
pub(super) fn expect(expected: &[SpiffeId], peer: &Peer) -> Result<(), Refusal> {
    if expected.contains(&peer.id) {
        return Ok(());
    }
    Err(Refusal::WrongServer { seen: peer.id.clone(), expected: expected.to_vec() })
}

fn verify(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Peer, Error> {
    let chain: Vec<_> = std::iter::once(leaf).chain(rest).map(borrowed).collect();
    trust.peer(&chain, Timestamp::from_secs(now.as_secs())).map_err(|refused| {
        let error = Error::InvalidCertificate(answered_by(refused.alert()));
        refusal::leave(Refusal::Peer(refused));
        error
    })
}

/// The error that makes rustls send this alert.
const fn answered_by(alert: Alert) -> CertificateError {
    match alert {
        Alert::BadCertificate | Alert::CertificateRequired => CertificateError::BadEncoding,
        Alert::UnsupportedCertificate => CertificateError::InvalidPurpose,
        Alert::CertificateExpired => CertificateError::Expired,
        Alert::UnknownCa => CertificateError::UnknownIssuer,
    }
}

fn borrowed<'a>(certificate: &'a CertificateDer<'_>) -> CertificateDer<'a> {
    CertificateDer::from_slice(certificate)
}

fn signature(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let algorithms = provider().signature_verification_algorithms;
    rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
}

/// TLS 1.2 is compiled out; should it ever come back in, it ends here.
fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::General("TLS 1.2 is not spoken here".to_owned()))
}

impl ClientCertVerifier for CallerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        verify(&self.0, end_entity, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for CalleeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = verify(&self.trust, end_entity, intermediates, now)?;
        self.admit(&peer)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
