//! Certificates made by another library, read by ours, and then damaged.
#![expect(clippy::unwrap_used, reason = "tests")]

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use wire::x509::{Certificate, Eku, Facts, KeyUsage, ReadError, read};

const LEAF: &str = "spiffe://shop/ns/default/sa/web";

fn leaf() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from_slice(&[0x80, 1, 2]));
    (params.not_before, params.not_after) = (date_time_ymd(2026, 2, 28), date_time_ymd(2051, 1, 1));
    params.subject_alt_names = vec![SanType::URI(LEAF.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn signed(params: CertificateParams) -> Vec<u8> {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn facts(params: CertificateParams) -> Facts {
    read(&signed(params)).unwrap()
}

fn extension(id: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(id, content.to_vec());
    extension.set_criticality(critical);
    extension
}

#[test]
fn a_leaf_tells_what_spiffe_asks() {
    let facts = facts(leaf());
    assert_eq!(facts.serial, [0x80, 1, 2]);
    assert_eq!(facts.not_before.to_string(), "2026-02-28T00:00:00.000Z");
    assert_eq!(facts.not_after.to_string(), "2051-01-01T00:00:00.000Z");
    assert!(facts.subject_is_empty && facts.san_is_critical && !facts.is_ca);
    assert_eq!(facts.uris, [LEAF]);
    assert!(facts.dns_names.is_empty());
    let usage = KeyUsage { critical: true, digital_signature: true, ..KeyUsage::default() };
    assert_eq!(facts.key_usage, Some(usage));
    let both = Eku { server_auth: true, client_auth: true, any: false };
    assert_eq!(facts.extended_key_usage, Some(both));
    assert!(!facts.unknown_critical && !facts.has_duplicate_extension);
}

#[test]
fn an_authority_tells_that_it_is_one() {
    let mut params = leaf();
    params.distinguished_name.push(DnType::CommonName, "Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(3));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    let facts = facts(params);
    assert!(facts.is_ca && !facts.subject_is_empty && !facts.san_is_critical);
    assert_eq!(facts.path_len, Some(3));
    let usage = facts.key_usage.unwrap();
    assert!(usage.key_cert_sign && usage.crl_sign && !usage.digital_signature);
    assert_eq!(facts.extended_key_usage, Some(Eku { any: true, ..Eku::default() }));
}

#[test]
fn every_name_is_told() {
    let mut params = leaf();
    params.subject_alt_names.push(SanType::DnsName("a.example".try_into().unwrap()));
    params.subject_alt_names.push(SanType::URI("spiffe://other/x".try_into().unwrap()));
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    let facts = facts(params);
    assert_eq!(facts.uris, [LEAF, "spiffe://other/x"]);
    assert_eq!(facts.dns_names, ["a.example"]);
}

#[test]
fn unknown_critical_extensions_are_told_and_others_not() {
    for (critical, wanted) in [(true, true), (false, false)] {
        let mut params = leaf();
        params.custom_extensions.push(extension(&[1, 2, 3, 4], &[5, 0], critical));
        assert_eq!(facts(params).unknown_critical, wanted);
    }
}

#[test]
fn a_repeated_extension_is_told() {
    let mut params = leaf();
    params.custom_extensions =
        vec![extension(&[1, 2, 3], &[5, 0], false), extension(&[1, 2, 3], &[5, 0], false)];
    assert!(facts(params).has_duplicate_extension);
}

#[test]
fn malformed_extensions_we_know_are_refused() {
    for (number, content) in [
        (15, &[0x03, 0x02, 0x07, 0x81][..]),
        (15, &[0x03, 0x02, 0x08, 0x80]),
        (15, &[0x03, 0x00]),
        (15, &[0x03, 0x02, 0x07, 0x80, 0x00]),
        (17, &[0x30, 0x00]),
        (17, &[0x30, 0x03, 0x86, 0x01, 0x00]),
        (17, &[0x30, 0x03, 0x86, 0x01, 0xe9]),
        (19, &[0x30, 0x03, 0x01, 0x01, 0x01]),
        (19, &[0x30, 0x03, 0x02, 0x01, 0xff]),
        (37, &[0x30, 0x00]),
        (37, &[0x30, 0x02, 0x05, 0x00]),
    ] {
        let mut params = CertificateParams::default();
        params.custom_extensions = vec![extension(&[2, 5, 29, number], content, false)];
        let error = read(&signed(params)).unwrap_err();
        assert!(matches!(error, ReadError::Extension(_)), "{number} {content:?} {error}");
    }
}

#[test]
fn too_many_extensions_are_refused() {
    let mut params = leaf();
    params.custom_extensions = (0..64).map(|n| extension(&[1, 2, n], &[5, 0], false)).collect();
    assert_eq!(read(&signed(params)), Err(ReadError::TooManyExtensions));
}

#[test]
fn the_parts_are_those_of_the_certificate() {
    let key = KeyPair::generate().unwrap();
    let der = leaf().self_signed(&key).unwrap().der().to_vec();
    let certificate = Certificate::parse(&der).unwrap();
    assert_eq!(certificate.subject(), [0x30, 0]);
    assert_eq!(certificate.issuer(), certificate.subject());
    assert_eq!(certificate.public_key(), rcgen::PublicKeyData::subject_public_key_info(&key));
    assert!(certificate.signed_part().len() < der.len());
}

#[test]
fn every_truncation_and_every_addition_is_refused() {
    let der = signed(leaf());
    for end in 0..der.len() {
        assert!(read(&der[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(read(&[&der[..], &[0]].concat()), Err(ReadError::Der));
}

#[test]
fn no_damaged_byte_makes_it_panic() {
    let der = signed(leaf());
    for at in 0..der.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = der.clone();
            damaged[at] ^= flip;
            drop(read(&damaged));
        }
    }
}

#[test]
fn two_signature_algorithms_are_refused() {
    let der = signed(leaf());
    let algorithm = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let inner = der.windows(algorithm.len()).position(|window| window == algorithm).unwrap();
    let mut damaged = der.clone();
    damaged[inner + 7] = 3;
    assert_eq!(read(&damaged), Err(ReadError::Algorithms));
}
