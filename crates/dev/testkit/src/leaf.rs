//! A certificate chain with its key, and parameters to begin improper ones
//! from.

use model::{Clock, Timestamp};
use net::{Credentials, SystemClock};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
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

    /// An extension of any content.
    pub fn extension(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
        let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
        extension.set_criticality(critical);
        extension
    }

    /// Alternative names (critical) with one URI of any bytes.
    pub fn any_uri(uri: &[u8]) -> CustomExtension {
        let name = [der_head(0x86, uri.len()), uri.to_vec()].concat();
        let names = [der_head(0x30, name.len()), name].concat();
        Self::extension(&[2, 5, 29, 17], &names, true)
    }

    /// So many seconds from now, or before, as certificates say it.
    pub fn in_seconds(seconds: i64) -> OffsetDateTime {
        moment(SystemClock.now()) + time::Duration::seconds(seconds)
    }
}

/// Tag and length in DER (X.690, section 8.1).
pub fn der_head(tag: u8, length: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    match (high, low) {
        (0, low) if low < 0x80 => vec![tag, low],
        (0, low) => vec![tag, 0x81, low],
        (high, low) => vec![tag, 0x82, high, low],
    }
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(at.as_secs()).unwrap()).unwrap()
}
