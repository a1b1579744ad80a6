//! TLS-05: names that are no SPIFFE ID, or more than one.

use rcgen::{DnType, SanType};
use rustls::AlertDescription::BadCertificate;
use testkit::Leaf;

use crate::certificates::{Maker, WEB};

pub(crate) fn rows(maker: &mut Maker<'_>) {
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

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}
