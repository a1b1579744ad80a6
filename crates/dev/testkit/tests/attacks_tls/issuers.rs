//! TLS-02 and TLS-11: who vouches for whom, and through whom.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyUsagePurpose as Usage};
use rustls::AlertDescription::{BadCertificate, UnknownCA};
use testkit::{Authority, Leaf};

use crate::certificates::{Maker, WEB};

pub(crate) fn rows(maker: &mut Maker<'_>) {
    authorities(maker);
    chains(maker);
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
