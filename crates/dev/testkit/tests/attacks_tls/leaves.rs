//! Callers with improper certificates at the inbound door.

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose as Purpose, IsCa, KeyUsagePurpose as Usage};
use rustls::AlertDescription::{
    BadCertificate, CertificateExpired, CertificateRequired, UnsupportedCertificate,
};
use testkit::{Arena, Authority, Findings, Leaf};

use crate::certificates::{Maker, Row, WEB};
use crate::{identities, issuers, keys};

const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const DIGITAL_SIGNATURE: &[u8] = &[3, 2, 7, 0x80];

fn rows(authority: &Authority) -> Vec<Row> {
    let mut maker = Maker { authority, rows: Vec::new() };
    times(&mut maker);
    usages(&mut maker);
    purposes(&mut maker);
    extensions(&mut maker);
    identities::rows(&mut maker);
    issuers::rows(&mut maker);
    keys::rows(&mut maker);
    maker.rows
}

fn times(maker: &mut Maker<'_>) {
    let gone = (CertificateExpired, "expired at");
    maker.row(
        ("TLS-01", "expired by a second"),
        gone,
        |p| p.not_after = Leaf::in_seconds(-1),
        |p| p.not_after = Leaf::in_seconds(30),
    );
    maker.row(
        ("TLS-01", "expired by an hour"),
        gone,
        |p| {
            p.not_before = Leaf::in_seconds(-7200);
            p.not_after = Leaf::in_seconds(-3600);
        },
        |_| (),
    );
    let early = (CertificateExpired, "is not valid before");
    maker.row(
        ("TLS-01", "not valid for ten more minutes"),
        early,
        |p| p.not_before = Leaf::in_seconds(600),
        |p| p.not_before = Leaf::in_seconds(0),
    );
    maker.row(
        ("TLS-01", "not valid for some seconds more"),
        early,
        |p| p.not_before = Leaf::in_seconds(20),
        |p| p.not_before = Leaf::in_seconds(-1),
    );
}

fn usages(maker: &mut Maker<'_>) {
    maker.row(
        ("TLS-04", "a CA as leaf"),
        (BadCertificate, "a CA certificate"),
        |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        |p| p.is_ca = IsCa::NoCa,
    );
    let signs = (BadCertificate, "may sign certificates");
    maker.row(
        ("TLS-04", "keyCertSign"),
        signs,
        |p| p.key_usages.push(Usage::KeyCertSign),
        |p| p.key_usages.push(Usage::KeyAgreement),
    );
    maker.row(
        ("TLS-04", "cRLSign"),
        signs,
        |p| p.key_usages.push(Usage::CrlSign),
        |p| p.key_usages.push(Usage::KeyEncipherment),
    );
    maker.row(
        ("TLS-04", "no key usage"),
        (BadCertificate, "no key usage"),
        |p| p.key_usages.clear(),
        |_| (),
    );
    maker.row(
        ("TLS-04", "key usage that is not critical"),
        (BadCertificate, "key usage is not critical"),
        |p| {
            p.key_usages.clear();
            p.custom_extensions.push(Leaf::extension(KEY_USAGE, DIGITAL_SIGNATURE, false));
        },
        |p| {
            p.key_usages.clear();
            p.custom_extensions.push(Leaf::extension(KEY_USAGE, DIGITAL_SIGNATURE, true));
        },
    );
    maker.row(
        ("TLS-04", "no digitalSignature"),
        (BadCertificate, "not for digital signatures"),
        |p| p.key_usages = vec![Usage::KeyAgreement],
        |_| (),
    );
}

fn purposes(maker: &mut Maker<'_>) {
    let not_client = (UnsupportedCertificate, "not for clients");
    maker.row(
        ("TLS-07", "serverAuth only"),
        not_client,
        |p| p.extended_key_usages = vec![Purpose::ServerAuth],
        |p| p.extended_key_usages.clear(),
    );
    maker.row(
        ("TLS-07", "codeSigning only"),
        not_client,
        |p| p.extended_key_usages = vec![Purpose::CodeSigning],
        |p| p.extended_key_usages.push(Purpose::CodeSigning),
    );
    maker.row(
        ("TLS-07", "any purpose only"),
        not_client,
        |p| p.extended_key_usages = vec![Purpose::Any],
        |p| p.extended_key_usages.push(Purpose::Any),
    );
    maker.row(
        ("TLS-07", "clientAuth only"),
        (UnsupportedCertificate, "for both clients and servers"),
        |p| p.extended_key_usages = vec![Purpose::ClientAuth],
        |_| (),
    );
}

fn extensions(maker: &mut Maker<'_>) {
    maker.row(
        ("TLS-10", "an unknown critical extension"),
        (UnsupportedCertificate, "unknown critical extension"),
        |p| p.custom_extensions.push(Leaf::extension(&[1, 2, 3, 4], b"\x05\0", true)),
        |p| p.custom_extensions.push(Leaf::extension(&[1, 2, 3, 4], b"\x05\0", false)),
    );
    let twice = (BadCertificate, "an extension twice");
    maker.row(
        ("TLS-10", "an unknown extension twice"),
        twice,
        |p| p.custom_extensions = vec![Leaf::extension(&[1, 2, 3, 4], b"\x05\0", false); 2],
        |p| {
            p.custom_extensions = vec![
                Leaf::extension(&[1, 2, 3, 4], b"\x05\0", false),
                Leaf::extension(&[1, 2, 3, 5], b"\x05\0", false),
            ]
        },
    );
    maker.row(
        ("TLS-10", "key usage twice"),
        twice,
        |p| p.custom_extensions.push(Leaf::extension(KEY_USAGE, DIGITAL_SIGNATURE, true)),
        |_| (),
    );
    maker.row(
        ("TLS-10", "alternative names twice"),
        twice,
        |p| p.custom_extensions.push(Leaf::any_uri(WEB.as_bytes())),
        |_| (),
    );
    maker.row(
        ("TLS-10", "a policy mapping nobody here reads, critical"),
        (UnsupportedCertificate, "unknown critical extension"),
        |p| p.custom_extensions.push(Leaf::extension(&[2, 5, 29, 36], b"\x30\0", true)),
        |_| (),
    );
}

#[test]
fn improper_certificates_open_no_door_and_their_legal_twins_do() {
    let arena = Arena::open("");
    let mut findings = Findings::default();
    let mut rows = rows(&arena.stage.authority);
    let (none, twin) = ("no certificate", rows[0].twin.clone());
    let refused = (CertificateRequired, "no certificate");
    rows.push(Row {
        id: "TLS-04",
        what: none,
        shows: None,
        alert: refused.0,
        reason: refused.1,
        twin,
    });
    assert!(rows.len() >= 40);
    for row in &rows {
        findings.take(format!("{} {}", row.id, row.what), row.run(&arena));
    }
    findings.check(&arena.stage);
}
