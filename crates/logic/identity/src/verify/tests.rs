//! The refusals of X509-SVID and of attacks on TLS identities as a table, each
//! beside a legal twin that differs in that one thing and is accepted.

use model::{Millis, Timestamp};
use rcgen::ExtendedKeyUsagePurpose as Purpose;
use rcgen::{CertificateParams, IsCa, KeyUsagePurpose};

use super::*;
use crate::refused::Alert;
use crate::testing::{Authority, NOW, at, dns_name, extension, uri_name};

mod chains;
mod keys;

type Change = fn(&mut CertificateParams);

/// A rule, what breaks it, the refusal, and what keeps it by a hair.
struct Row {
    rule: &'static str,
    broken: Change,
    refused: PeerRefused,
    legal: Change,
}

const SECOND: Millis = Millis::from_secs(1);
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const ALT_NAME: &[u64] = &[2, 5, 29, 17];
const DIGITAL_SIGNATURE: &[u8] = &[3, 2, 7, 0x80];
/// GeneralNames with the URI `spiffe://a.test/web`.
const NAMES: &[u8] = b"\x30\x15\x86\x13spiffe://a.test/web";

fn rows() -> Vec<Row> {
    let mut rows = rows_of_time();
    rows.extend(rows_of_names());
    rows.extend(rows_of_usage());
    rows.extend(rows_of_purpose());
    rows.extend(rows_of_extensions());
    rows
}

fn rows_of_time() -> Vec<Row> {
    vec![
        Row {
            rule: "expired a second ago",
            broken: |leaf| leaf.not_after = at(NOW.minus(SECOND)),
            refused: PeerRefused::Expired(NOW.minus(SECOND)),
            legal: |leaf| leaf.not_after = at(NOW),
        },
        Row {
            rule: "valid in a second",
            broken: |leaf| leaf.not_before = at(NOW.plus(SECOND)),
            refused: PeerRefused::NotYetValid(NOW.plus(SECOND)),
            legal: |leaf| leaf.not_before = at(NOW),
        },
        Row {
            rule: "valid in ten minutes",
            broken: |leaf| leaf.not_before = at(NOW.plus(Millis::from_secs(600))),
            refused: PeerRefused::NotYetValid(NOW.plus(Millis::from_secs(600))),
            legal: |_| (),
        },
    ]
}

fn rows_of_names() -> Vec<Row> {
    vec![
        Row {
            rule: "two URIs",
            broken: |leaf| leaf.subject_alt_names.push(uri_name("spiffe://a.test/other")),
            refused: PeerRefused::SeveralUris(2),
            legal: |leaf| leaf.subject_alt_names.push(dns_name("web.a.test")),
        },
        Row {
            rule: "the same URI twice",
            broken: |leaf| leaf.subject_alt_names.extend_from_within(..),
            refused: PeerRefused::SeveralUris(2),
            legal: |_| (),
        },
        Row {
            rule: "no URI",
            broken: |leaf| leaf.subject_alt_names = vec![dns_name("web.a.test")],
            refused: PeerRefused::NoUri,
            legal: |leaf| leaf.subject_alt_names.insert(0, dns_name("web.a.test")),
        },
        Row {
            rule: "no names at all",
            broken: |leaf| leaf.subject_alt_names.clear(),
            refused: PeerRefused::NoUri,
            legal: |_| (),
        },
        Row {
            rule: "no path",
            broken: |leaf| leaf.subject_alt_names = vec![uri_name("spiffe://a.test")],
            refused: PeerRefused::NoPath,
            legal: |leaf| leaf.subject_alt_names = vec![uri_name("spiffe://a.test/w")],
        },
        Row {
            rule: "upper-case trust domain",
            broken: |leaf| leaf.subject_alt_names = vec![uri_name("spiffe://A.test/web")],
            refused: PeerRefused::NotCanonical("spiffe://a.test/web".parse().unwrap()),
            legal: |leaf| leaf.subject_alt_names = vec![uri_name("spiffe://a.test/WEB")],
        },
        Row {
            rule: "upper-case scheme",
            broken: |leaf| leaf.subject_alt_names = vec![uri_name("SPIFFE://a.test/web")],
            refused: PeerRefused::NotCanonical("spiffe://a.test/web".parse().unwrap()),
            legal: |_| (),
        },
        Row {
            rule: "a trust domain without a bundle",
            broken: |leaf| leaf.subject_alt_names = vec![uri_name("spiffe://b.test/web")],
            refused: PeerRefused::UnknownTrustDomain("b.test".parse().unwrap()),
            legal: |_| (),
        },
    ]
}

fn rows_of_usage() -> Vec<Row> {
    vec![
        Row {
            rule: "a CA as leaf",
            broken: |leaf| leaf.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
            refused: PeerRefused::CaAsLeaf,
            legal: |leaf| leaf.is_ca = IsCa::NoCa,
        },
        Row {
            rule: "keyCertSign on a leaf",
            broken: |leaf| leaf.key_usages.push(KeyUsagePurpose::KeyCertSign),
            refused: PeerRefused::LeafMaySign,
            legal: |leaf| leaf.key_usages.push(KeyUsagePurpose::KeyAgreement),
        },
        Row {
            rule: "cRLSign on a leaf",
            broken: |leaf| leaf.key_usages.push(KeyUsagePurpose::CrlSign),
            refused: PeerRefused::LeafMaySign,
            legal: |leaf| leaf.key_usages.push(KeyUsagePurpose::KeyEncipherment),
        },
        Row {
            rule: "no key usage",
            broken: |leaf| leaf.key_usages.clear(),
            refused: PeerRefused::NoKeyUsage,
            legal: |_| (),
        },
        Row {
            rule: "key usage that isn't critical",
            broken: |leaf| {
                leaf.key_usages.clear();
                leaf.custom_extensions.push(extension(KEY_USAGE, DIGITAL_SIGNATURE, false));
            },
            refused: PeerRefused::KeyUsageNotCritical,
            legal: |leaf| {
                leaf.key_usages.clear();
                leaf.custom_extensions.push(extension(KEY_USAGE, DIGITAL_SIGNATURE, true));
            },
        },
        Row {
            rule: "key usage without digitalSignature",
            broken: |leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyAgreement],
            refused: PeerRefused::NoDigitalSignature,
            legal: |_| (),
        },
    ]
}

fn rows_of_purpose() -> Vec<Row> {
    vec![
        Row {
            rule: "server only, used as client",
            broken: |leaf| leaf.extended_key_usages = vec![Purpose::ServerAuth],
            refused: PeerRefused::NotForRole(Role::Client),
            legal: |_| (),
        },
        Row {
            rule: "client only",
            broken: |leaf| leaf.extended_key_usages = vec![Purpose::ClientAuth],
            refused: PeerRefused::OneRoleOnly,
            legal: |leaf| leaf.extended_key_usages.clear(),
        },
        Row {
            rule: "code signing only",
            broken: |leaf| leaf.extended_key_usages = vec![Purpose::CodeSigning],
            refused: PeerRefused::NotForRole(Role::Client),
            legal: |leaf| leaf.extended_key_usages.push(Purpose::CodeSigning),
        },
        Row {
            rule: "any purpose only",
            broken: |leaf| leaf.extended_key_usages = vec![Purpose::Any],
            refused: PeerRefused::NotForRole(Role::Client),
            legal: |leaf| leaf.extended_key_usages.push(Purpose::Any),
        },
    ]
}

fn rows_of_extensions() -> Vec<Row> {
    vec![
        Row {
            rule: "an unknown critical extension",
            broken: |leaf| leaf.custom_extensions.push(extension(&[1, 2, 3, 4], b"\x05\0", true)),
            refused: PeerRefused::UnknownCriticalExtension,
            legal: |leaf| leaf.custom_extensions.push(extension(&[1, 2, 3, 4], b"\x05\0", false)),
        },
        Row {
            rule: "an unknown extension twice",
            broken: |leaf| {
                let twice = extension(&[1, 2, 3, 4], b"\x05\0", false);
                leaf.custom_extensions = vec![twice.clone(), twice];
            },
            refused: PeerRefused::DuplicateExtension,
            legal: |leaf| {
                let other = extension(&[1, 2, 3, 5], b"\x05\0", false);
                leaf.custom_extensions = vec![extension(&[1, 2, 3, 4], b"\x05\0", false), other];
            },
        },
        Row {
            rule: "key usage twice",
            broken: |leaf| {
                leaf.custom_extensions.push(extension(KEY_USAGE, DIGITAL_SIGNATURE, true));
            },
            refused: PeerRefused::DuplicateExtension,
            legal: |_| (),
        },
        Row {
            rule: "an empty subject with names that aren't critical",
            broken: |leaf| {
                leaf.subject_alt_names.clear();
                leaf.custom_extensions.push(extension(ALT_NAME, NAMES, false));
            },
            refused: PeerRefused::NamesNotCritical,
            legal: |leaf| {
                leaf.distinguished_name.push(rcgen::DnType::CommonName, "web");
                leaf.subject_alt_names.clear();
                leaf.custom_extensions.push(extension(ALT_NAME, NAMES, false));
            },
        },
    ]
}

#[test]
fn each_rule_refuses_what_breaks_it_and_passes_its_legal_twin() {
    let authority = Authority::of("a.test");
    let bundles = authority.bundles();
    for row in rows() {
        let broken = verify(&authority.chain(row.broken), &bundles, Role::Client, NOW);
        assert_eq!(broken, Err(row.refused), "{}", row.rule);
        let legal = verify(&authority.chain(row.legal), &bundles, Role::Client, NOW);
        assert!(legal.is_ok(), "legal twin of {}: {legal:?}", row.rule);
    }
}

#[test]
fn a_peer_is_known_by_its_leaf() {
    let authority = Authority::of("a.test");
    let chain = authority.chain(|_| ());
    for role in [Role::Client, Role::Server] {
        let peer = verify(&chain, &authority.bundles(), role, NOW).unwrap();
        assert_eq!(peer.id, authority.id("web"));
        assert_eq!(peer.not_after, NOW.plus(crate::testing::HOUR));
        assert_eq!(peer.leaf_sha256, sha256(&chain[0]));
    }
}

#[test]
fn names_that_are_no_spiffe_ids_are_refused() {
    let authority = Authority::of("a.test");
    let long = format!("spiffe://a.test/{}", "x".repeat(2048));
    for bad in [
        "https://a.test/web",
        "spiffe:///web",
        "spiffe://a.test/",
        "spiffe://a.test/web/",
        "spiffe://a.test//web",
        "spiffe://a.test/../web",
        "spiffe://a.test/%2e/web",
        "spiffe://a.test:443/web",
        "spiffe://user@a.test/web",
        "spiffe://a.test/web?q",
        "spiffe://a.test/web#f",
        "urn:uuid:0",
        long.as_str(),
    ] {
        let chain = authority.chain(|leaf| leaf.subject_alt_names = vec![uri_name(bad)]);
        let refused = verify(&chain, &authority.bundles(), Role::Client, NOW).unwrap_err();
        let expected = matches!(refused, PeerRefused::NotASpiffeId(_) | PeerRefused::Unreadable(_));
        assert!(expected, "{bad}: {refused:?}");
    }
}

#[test]
fn the_longest_spiffe_id_is_accepted() {
    let authority = Authority::of("a.test");
    let id = format!("spiffe://a.test/{}", "x".repeat(2048 - 16));
    let chain = authority.chain(|leaf| leaf.subject_alt_names = vec![uri_name(&id)]);
    assert_eq!(verify(&chain, &authority.bundles(), Role::Client, NOW).unwrap().id.to_string(), id);
}

#[test]
fn expiry_is_exact_to_the_millisecond() {
    let authority = Authority::of("a.test");
    let (chain, bundles) = (authority.chain(|_| ()), authority.bundles());
    let end = NOW.plus(crate::testing::HOUR);
    assert!(verify(&chain, &bundles, Role::Client, end).is_ok());
    let late = verify(&chain, &bundles, Role::Client, end.plus(Millis(1)));
    assert_eq!(late, Err(PeerRefused::Expired(end)));
}

#[test]
fn nothing_and_too_much_are_refused() {
    let authority = Authority::of("a.test");
    let bundles = authority.bundles();
    let nothing: [Vec<u8>; 0] = [];
    let refused = verify(&nothing, &bundles, Role::Client, NOW);
    assert_eq!(refused, Err(PeerRefused::NoCertificate));

    let mut chain = authority.chain(|_| ());
    chain.resize(CHAIN_MAX, authority.root.der().to_vec());
    assert!(verify(&chain, &bundles, Role::Client, NOW).is_ok());
    chain.push(authority.root.der().to_vec());
    let refused = verify(&chain, &bundles, Role::Client, NOW);
    assert_eq!(refused, Err(PeerRefused::TooManyCertificates(CHAIN_MAX + 1)));
}

#[test]
fn no_truncated_or_lengthened_leaf_is_accepted() {
    let authority = Authority::of("a.test");
    let (chain, bundles) = (authority.chain(|_| ()), authority.bundles());
    for cut in 0..chain[0].len() {
        let shorter = [chain[0][..cut].to_vec(), chain[1].clone()];
        assert!(verify(&shorter, &bundles, Role::Client, NOW).is_err(), "{cut} bytes");
    }
    let longer = [[chain[0].as_slice(), &[0]].concat(), chain[1].clone()];
    assert!(verify(&longer, &bundles, Role::Client, NOW).is_err());
}

#[test]
fn no_flipped_bit_of_a_leaf_is_accepted() {
    let authority = Authority::of("a.test");
    let (chain, bundles) = (authority.chain(|_| ()), authority.bundles());
    for index in 0..chain[0].len() {
        let mut leaf = chain[0].clone();
        leaf[index] ^= 1 << (index % 8);
        let refused = verify(&[leaf, chain[1].clone()], &bundles, Role::Client, NOW);
        assert!(refused.is_err(), "byte {index}");
    }
}

#[test]
fn alerts_are_the_standards_and_words_are_plain() {
    let domain: model::TrustDomain = "a.test".parse().unwrap();
    for (refused, alert, code) in [
        (PeerRefused::NoCertificate, Alert::CertificateRequired, 116),
        (PeerRefused::Expired(NOW), Alert::CertificateExpired, 45),
        (PeerRefused::UnknownAuthority(domain), Alert::UnknownCa, 48),
        (PeerRefused::NotForRole(Role::Client), Alert::UnsupportedCertificate, 43),
        (PeerRefused::CaAsLeaf, Alert::BadCertificate, 42),
    ] {
        assert_eq!((refused.alert(), refused.alert().code()), (alert, code));
        assert!(!refused.to_string().contains('_'), "{refused}");
    }
    assert_eq!(
        PeerRefused::Expired(Timestamp(0)).to_string(),
        "the certificate expired at 1970-01-01T00:00:00.000Z"
    );
}
