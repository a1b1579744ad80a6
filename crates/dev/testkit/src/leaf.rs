//! A certificate chain with its key, and parameters to begin improper ones
//! from.

use model::{Clock, Timestamp};
use net::{Credentials, SystemClock};
use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;

/// What a caller shows.
#[derive(Clone)]
pub struct Leaf {
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8, DER.
    pub key: Vec<u8>,
}

impl Leaf {
    /// What proper credentials hold.
    pub fn of(credentials: &Credentials) -> Self {
        let key = credentials.key_pkcs8.expose().clone();
        Self { chain: credentials.chain.clone(), key }
    }

    /// The parameters of a proper SVID, to change one thing in.
    pub fn params(uri: &str) -> CertificateParams {
        let now = SystemClock.now();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.not_before = moment(now.minus(model::Millis::from_secs(3600)));
        params.not_after = moment(now.plus(model::Millis::from_secs(3600)));
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params
    }

    /// So many seconds from now, or before, as certificates say it.
    pub fn in_seconds(seconds: i64) -> OffsetDateTime {
        moment(SystemClock.now()) + time::Duration::seconds(seconds)
    }
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(at.as_secs()).unwrap()).unwrap()
}
