//! Requests as attackers send them, and the honest one.

use rcgen::{ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use super::*;
use crate::LocalKey;
use crate::testing::{extension, uri_name};

fn request(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.serialize_request(&key).unwrap().der().to_vec()
}

#[test]
fn a_request_carries_its_key_and_nothing_else() {
    let key = LocalKey::generate().unwrap();
    let csr = Csr::parse(&make_csr(&key).unwrap()).unwrap();
    assert_eq!(csr.key(), &key.public_key().unwrap());
}

#[test]
fn names_and_purposes_asked_for_are_ignored() {
    let der = request(|params| {
        params.subject_alt_names = vec![uri_name("spiffe://a.test/ns/default/sa/admin")];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert!(Csr::parse(&der).is_ok());
}

#[test]
fn the_right_to_sign_is_refused() {
    for change in [
        (|params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained))
            as fn(&mut CertificateParams),
        |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign],
        |params| params.key_usages = vec![KeyUsagePurpose::CrlSign],
    ] {
        assert_eq!(Csr::parse(&request(change)), Err(CsrError::Authority));
    }
}

#[test]
fn an_unknown_extension_is_refused() {
    for critical in [true, false] {
        let der = request(|params| {
            params.custom_extensions.push(extension(&[1, 2, 3, 4], b"\x05\0", critical));
        });
        assert_eq!(Csr::parse(&der), Err(CsrError::Extension));
    }
}

#[test]
fn a_request_signed_with_another_key_is_refused() {
    let key = LocalKey::generate().unwrap();
    let der = make_csr(&key).unwrap();
    let point = key.public_key().unwrap().point().to_vec();
    let start = der.windows(point.len()).position(|window| window == point).unwrap();
    let mut stolen = der.clone();
    let other = LocalKey::generate().unwrap().public_key().unwrap();
    stolen[start..start + point.len()].copy_from_slice(other.point());
    assert_eq!(Csr::parse(&stolen), Err(CsrError::NotProved));
    assert!(Csr::parse(&der).is_ok());
}

#[test]
fn other_kinds_of_keys_are_refused() {
    for algorithm in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let der = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
        assert!(matches!(Csr::parse(&der), Err(CsrError::Key(_))), "{algorithm:?}");
    }
}

#[test]
fn cut_lengthened_and_huge_requests_are_refused() {
    let der = make_csr(&LocalKey::generate().unwrap()).unwrap();
    for cut in 0..der.len() {
        assert!(Csr::parse(&der[..cut]).is_err(), "{cut} bytes");
    }
    assert_eq!(Csr::parse(&[der.as_slice(), &[0]].concat()), Err(CsrError::Unreadable));
    assert_eq!(Csr::parse(&vec![0x30; 1 << 20]), Err(CsrError::TooLong(1 << 20)));
}

#[test]
fn no_flipped_bit_makes_a_request_of_another_key() {
    let key = LocalKey::generate().unwrap();
    let der = make_csr(&key).unwrap();
    for index in 0..der.len() {
        let mut flipped = der.clone();
        flipped[index] ^= 1 << (index % 8);
        if let Ok(csr) = Csr::parse(&flipped) {
            assert_eq!(csr.key(), &key.public_key().unwrap(), "byte {index}");
        }
    }
}
