//! Callers with improper certificates at the inbound door.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose as Purpose, IsCa,
    KeyUsagePurpose as Usage, PublicKeyData, SanType,
};
use rustls::AlertDescription::{
    self as Alert, BadCertificate, CertificateExpired, CertificateRequired, UnknownCA,
    UnsupportedCertificate,
};
use testkit::{Arena, Authority, Caller, Expected, Findings, Leaf, Place, der_head, get};

const WEB: &str = "spiffe://stage/ns/default/sa/web";
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const DIGITAL_SIGNATURE: &[u8] = &[3, 2, 7, 0x80];

pub(crate) struct Row {
    id: &'static str,
    what: &'static str,
    shows: Option<Leaf>,
    alert: Alert,
    reason: &'static str,
    twin: Leaf,
}

/// Rows made from one change to a proper leaf, beside one that is legal.
struct Maker<'a> {
    authority: &'a Authority,
    rows: Vec<Row>,
}

type Change = fn(&mut CertificateParams);

impl Maker<'_> {
    fn leaf(&self, change: Change) -> Leaf {
        let mut params = Leaf::params(WEB);
        change(&mut params);
        self.authority.leaf(&params)
    }

    fn row(
        &mut self,
        (id, what): (&'static str, &'static str),
        (alert, reason): (Alert, &'static str),
        broken: Change,
        legal: Change,
    ) {
        let shows = self.leaf(broken);
        self.show((id, what), (alert, reason), shows, self.leaf(legal));
    }

    fn show(
        &mut self,
        (id, what): (&'static str, &'static str),
        (alert, reason): (Alert, &'static str),
        shows: Leaf,
        twin: Leaf,
    ) {
        self.rows.push(Row { id, what, shows: Some(shows), alert, reason, twin });
    }
}

fn rows(authority: &Authority) -> Vec<Row> {
    let mut maker = Maker { authority, rows: Vec::new() };
    times(&mut maker);
    usages(&mut maker);
    purposes(&mut maker);
    extensions(&mut maker);
    ids(&mut maker);
    authorities(&mut maker);
    chains(&mut maker);
    keys(&mut maker);
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

fn ids(maker: &mut Maker<'_>) {
    maker.row(
        ("TLS-05", "two URIs"),
        (BadCertificate, "2 URIs"),
        |p| p.subject_alt_names.push(uri("spiffe://stage/ns/default/sa/boss")),
        |p| p.subject_alt_names.push(SanType::DnsName("web.test".try_into().unwrap())),
    );
    maker.row(
        ("TLS-05", "the same URI twice"),
        (BadCertificate, "2 URIs"),
        |p| p.subject_alt_names.push(uri(WEB)),
        |_| (),
    );
    maker.row(
        ("TLS-05", "no names"),
        (BadCertificate, "no URI"),
        |p| {
            p.subject_alt_names.clear();
            p.distinguished_name.push(DnType::CommonName, "spiffe://stage/ns/default/sa/web");
        },
        |_| (),
    );
    maker.row(
        ("TLS-05", "a DNS name only"),
        (BadCertificate, "no URI"),
        |p| p.subject_alt_names = vec![SanType::DnsName("web.test".try_into().unwrap())],
        |_| (),
    );
    let no_id: [(&'static str, Vec<u8>, &'static str); 22] = [
        ("no path", b"spiffe://stage".into(), "no path"),
        ("a trailing slash and no path", b"spiffe://stage/".into(), "no SPIFFE ID"),
        ("a trailing slash", b"spiffe://stage/ns/default/sa/web/".into(), "no SPIFFE ID"),
        ("an empty segment", b"spiffe://stage/ns//sa/web".into(), "no SPIFFE ID"),
        ("..", b"spiffe://stage/ns/default/sa/x/../web".into(), "no SPIFFE ID"),
        (".", b"spiffe://stage/ns/default/sa/./web".into(), "no SPIFFE ID"),
        ("%2e", b"spiffe://stage/ns/default/sa/%2e%2e/web".into(), "no SPIFFE ID"),
        ("an escape", b"spiffe://stage/ns/default/sa/%77eb".into(), "no SPIFFE ID"),
        ("an upper-case trust domain", b"spiffe://STAGE/ns/default/sa/web".into(), "SPIFFE ID"),
        ("an upper-case scheme", b"SPIFFE://stage/ns/default/sa/web".into(), "SPIFFE ID"),
        ("a port", b"spiffe://stage:80/ns/default/sa/web".into(), "no SPIFFE ID"),
        ("userinfo", b"spiffe://me@stage/ns/default/sa/web".into(), "no SPIFFE ID"),
        ("a query", b"spiffe://stage/ns/default/sa/web?x=y".into(), "no SPIFFE ID"),
        ("a fragment", b"spiffe://stage/ns/default/sa/web#x".into(), "no SPIFFE ID"),
        ("2049 bytes", format!("spiffe://stage/{}", "a".repeat(2034)).into(), "no SPIFFE ID"),
        ("not ASCII", "spiffe://stage/ns/default/sa/wéb".into(), "certificate"),
        ("NUL", b"spiffe://stage/ns/default/sa/web\0".into(), "certificate"),
        ("a line end", b"spiffe://stage/ns/default/sa/web\r\nx".into(), "certificate"),
        ("https", b"https://stage/ns/default/sa/web".into(), "no SPIFFE ID"),
        ("no trust domain", b"spiffe:///ns/default/sa/web".into(), "no SPIFFE ID"),
        ("a blank", b"spiffe://stage/ns/default/sa/ web".into(), "no SPIFFE ID"),
        ("nothing", b"".into(), "certificate"),
    ];
    let twin = maker.leaf(|_| ());
    for (what, uri, reason) in no_id {
        let mut params = Leaf::params(WEB);
        params.subject_alt_names.clear();
        params.custom_extensions.push(Leaf::any_uri(&uri));
        let leaf = maker.authority.leaf(&params);
        maker.show(("TLS-05", what), (BadCertificate, reason), leaf, twin.clone());
    }
}

fn authorities(maker: &mut Maker<'_>) {
    let twin = maker.leaf(|_| ());
    let proper = |domain: &str, uri: &str| Authority::of(domain).leaf(&Leaf::params(uri));
    let unknown = (UnknownCA, "was not issued by an authority of `stage`");
    maker.show(
        ("TLS-02", "another trust domain's authority signs our name"),
        unknown,
        proper("other", WEB),
        twin.clone(),
    );
    maker.show(
        ("TLS-02", "another authority of the same name"),
        unknown,
        proper("stage", WEB),
        twin.clone(),
    );
    maker.show(
        ("TLS-02", "a trust domain without a bundle"),
        (UnknownCA, "no trust bundle for `other`"),
        proper("other", "spiffe://other/ns/default/sa/web"),
        twin.clone(),
    );
    let theirs = maker.authority.leaf(&Leaf::params("spiffe://other/ns/default/sa/web"));
    maker.show(
        ("TLS-02", "our authority signs another trust domain's name"),
        (UnknownCA, "no trust bundle for `other`"),
        theirs,
        twin.clone(),
    );
    let mut alone = twin.clone();
    alone.chain.truncate(1);
    maker.show(("TLS-11", "without its intermediate"), unknown, alone, twin.clone());
    let mut mixed = proper("stage", WEB);
    mixed.chain[1].clone_from(&twin.chain[1]);
    maker.show(
        ("TLS-11", "another authority's leaf with our intermediate"),
        (UnknownCA, ""),
        mixed,
        twin,
    );
}

fn chains(maker: &mut Maker<'_>) {
    let twin = maker.leaf(|_| ());
    let ca = |path: Option<u8>| {
        let mut params = Leaf::params("spiffe://stage");
        let length = path.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
        params.is_ca = IsCa::Ca(length);
        params.key_usages = vec![Usage::KeyCertSign];
        params.extended_key_usages.clear();
        params.distinguished_name.push(DnType::CommonName, "below");
        params
    };
    let leaf = Leaf::params(WEB);
    let below = |issuer: &CertificateParams| maker.authority.leaf_below(issuer, &leaf);
    let too_long = (BadCertificate, "longer than its issuers allow");
    let rows = [
        ("pathLen exceeded", too_long, below(&ca(None))),
        ("pathLen exceeded by one that allows none", too_long, below(&ca(Some(0)))),
        ("a leaf as issuer", (BadCertificate, "issuing certificate"), {
            let mut issuer = Leaf::params("spiffe://stage/ns/default/sa/boss");
            issuer.distinguished_name.push(DnType::CommonName, "boss");
            below(&issuer)
        }),
    ];
    for (what, refused, shows) in rows {
        maker.show(("TLS-11", what), refused, shows, twin.clone());
    }
    let many = Leaf { chain: vec![twin.chain[0].clone(); 40], key: twin.key.clone() };
    maker.show(
        ("TLS-11", "forty certificates"),
        (BadCertificate, "more than are read"),
        many,
        twin.clone(),
    );
    let mut authority = twin.clone();
    authority.chain.remove(0);
    maker.show(
        ("TLS-04", "the intermediate itself"),
        (BadCertificate, "a CA certificate"),
        authority,
        twin,
    );
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

/// A public key of any bytes.
struct Bytes(Vec<u8>);

impl PublicKeyData for Bytes {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

fn rsa(bits: usize, exponent: &[u8]) -> Bytes {
    let modulus = [vec![0], vec![0xa5; bits / 8]].concat();
    let integer = |bytes: &[u8]| [der_head(2, bytes.len()), bytes.to_vec()].concat();
    let inner = [integer(&modulus), integer(exponent)].concat();
    Bytes([der_head(0x30, inner.len()), inner].concat())
}

fn keys(maker: &mut Maker<'_>) {
    let weak = (UnsupportedCertificate, "too weak");
    let params = Leaf::params(WEB);
    let twin = maker.leaf(|_| ());
    for (what, key) in [("RSA 1024", rsa(1024, &[1, 0, 1])), ("RSA with e=1", rsa(2048, &[1]))] {
        maker.show(("TLS-08", what), weak, maker.authority.leaf_for(&params, &key), twin.clone());
    }
    let mut curve = twin.clone();
    replace(&mut curve.chain[0], b"\x2a\x86\x48\xce\x3d\x03\x01\x07", 7, 1);
    maker.show(("TLS-08", "P-192"), weak, curve, twin.clone());
    // SHA-1 where SHA-256 stands: ecdsa-with-SHA256 is 1.2.840.10045.4.3.2.
    let mut hash = twin.clone();
    replace(&mut hash.chain[0], b"\x2a\x86\x48\xce\x3d\x04\x03\x02", 7, 1);
    maker.show(
        ("TLS-08", "SHA-224"),
        (UnsupportedCertificate, "weak or unknown"),
        hash,
        twin.clone(),
    );
    let mut bit = twin.clone();
    *bit.chain[0].last_mut().unwrap() ^= 1;
    maker.show(("TLS-08", "a signature of nobody"), (UnknownCA, ""), bit, twin.clone());
    let mut cut = twin.clone();
    cut.chain[0].pop();
    maker.show(("TLS-10", "cut off"), (BadCertificate, "can't be read"), cut, twin);
}

fn replace(der: &mut [u8], pattern: &[u8], offset: usize, byte: u8) {
    for start in 0..der.len() - pattern.len() {
        if der[start..].starts_with(pattern) {
            der[start + offset] = byte;
        }
    }
}

impl Row {
    fn run(&self, arena: &Arena) -> Result<Option<Expected>, String> {
        let sni = "p8080.orders.default.stage";
        arena.backend.forget();
        let mut caller = Caller::with(self.twin.clone(), sni);
        caller.leaf.clone_from(&self.shows);
        let heard = caller.knock(arena.orders.inbound(), &get(""));
        arena.others_are_served(Place::Inbound);
        if heard.alert != Some(self.alert) || !heard.answer.is_empty() || heard.silent {
            return Err(format!("not {:?}: {heard:?}", self.alert));
        }
        if !arena.backend.seen().is_empty() {
            return Err("the app saw it".into());
        }
        let twin = Caller::with(self.twin.clone(), sni).knock(arena.orders.inbound(), &get(""));
        if !twin.answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("the legal twin: {twin:?}"));
        }
        Ok(Some(Expected { from: heard.from, role: "inbound", words: self.reason }))
    }
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
