//! Chains: who may vouch for whom, how long a chain may be, and what every
//! issuer in it must be.

use model::Millis;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use super::*;
use crate::testing::{HOUR, Held, YEAR, issuer_params, leaf_params, signed};
use crate::{Bundle, Bundles};

/// A chain through an extra issuer, made by the authority's root.
fn through(authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Vec<Vec<u8>> {
    let mut params = issuer_params(&authority.domain, Some(0));
    change(&mut params);
    below(authority.root.der(), &Held(&authority.root_key), &params, &authority.id("web"))
}

/// An issuer made by `parent`, and a leaf made by that issuer.
fn below(
    parent: &[u8],
    parent_key: &impl rcgen::SigningKey,
    params: &CertificateParams,
    id: &SpiffeId,
) -> Vec<Vec<u8>> {
    let (key, leaf_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let issuer = signed(params, &key, (parent, parent_key));
    // The writer minds its issuers' key usage; here it has to be mindless.
    let mut fit = params.clone();
    fit.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let signer = rcgen::Issuer::new(fit, key);
    let leaf = leaf_params(&id.to_string()).signed_by(&leaf_key, &signer).unwrap();
    vec![leaf.der().to_vec(), issuer]
}

fn judge(authority: &Authority, chain: &[Vec<u8>]) -> Result<Peer, PeerRefused> {
    verify(chain, &authority.bundles(), Role::Client, NOW)
}

#[test]
fn each_issuer_keeps_the_rules_for_issuers() {
    let authority = Authority::of("a.test");
    let rows: Vec<(&str, Change, PeerRefused)> = vec![
        ("not a CA", |ca| ca.is_ca = IsCa::ExplicitNoCa, PeerRefused::IssuerNotCa),
        ("no basic constraints", |ca| ca.is_ca = IsCa::NoCa, PeerRefused::IssuerNotCa),
        ("no key usage", |ca| ca.key_usages.clear(), PeerRefused::IssuerMayNotSign),
        (
            "no keyCertSign",
            |ca| ca.key_usages = vec![KeyUsagePurpose::DigitalSignature],
            PeerRefused::IssuerMayNotSign,
        ),
        (
            "expired a second ago",
            |ca| ca.not_after = at(NOW.minus(SECOND)),
            PeerRefused::IssuerExpired(NOW.minus(SECOND)),
        ),
        (
            "valid in a second",
            |ca| ca.not_before = at(NOW.plus(SECOND)),
            PeerRefused::IssuerNotYetValid(NOW.plus(SECOND)),
        ),
        (
            "for servers only",
            |ca| ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            PeerRefused::IssuerPurpose,
        ),
        (
            "for any purpose",
            |ca| ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
            PeerRefused::IssuerPurpose,
        ),
        (
            "another trust domain's",
            |ca| ca.subject_alt_names = vec![uri_name("spiffe://b.test")],
            PeerRefused::IssuerName,
        ),
        (
            "a workload's",
            |ca| ca.subject_alt_names = vec![uri_name("spiffe://a.test/ca")],
            PeerRefused::IssuerName,
        ),
        (
            "an unknown critical extension",
            |ca| ca.custom_extensions.push(extension(&[1, 2, 3, 4], b"\x05\0", true)),
            PeerRefused::UnknownCriticalExtension,
        ),
        (
            "an extension twice",
            |ca| {
                let twice = extension(&[1, 2, 3, 4], b"\x05\0", false);
                ca.custom_extensions = vec![twice.clone(), twice];
            },
            PeerRefused::DuplicateExtension,
        ),
    ];
    for (rule, change, refused) in rows {
        assert_eq!(judge(&authority, &through(&authority, change)), Err(refused), "{rule}");
    }
}

#[test]
fn issuers_that_keep_the_rules_by_a_hair_pass() {
    let authority = Authority::of("a.test");
    let rows: Vec<(&str, Change)> = vec![
        ("as it is", |_| ()),
        ("ends now", |ca| ca.not_after = at(NOW)),
        ("begins now", |ca| ca.not_before = at(NOW)),
        ("no name", |ca| ca.subject_alt_names.clear()),
        ("another kind of name", |ca| ca.subject_alt_names = vec![uri_name("urn:ca:1")]),
        ("for clients", |ca| ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        ("signs lists too", |ca| ca.key_usages.push(KeyUsagePurpose::CrlSign)),
    ];
    for (rule, change) in rows {
        let peer = judge(&authority, &through(&authority, change));
        assert!(peer.is_ok(), "{rule}: {peer:?}");
    }
}

#[test]
fn another_authority_is_unknown_even_when_it_copies_our_names() {
    let (authority, other) = (Authority::of("a.test"), Authority::of("a.test"));
    let refused = judge(&authority, &other.chain(|_| ()));
    assert_eq!(refused, Err(PeerRefused::UnknownAuthority(authority.domain.clone())));

    // The root's very name, with another key.
    let params = issuer_params(&authority.domain, Some(0));
    let chain = below(authority.root.der(), &Held(&other.root_key), &params, &other.id("web"));
    assert_eq!(judge(&authority, &chain), Err(PeerRefused::BadSignature));
    assert!(judge(&authority, &authority.chain(|_| ())).is_ok());
}

#[test]
fn a_federated_authority_vouches_for_its_own_and_never_for_ours() {
    let (ours, theirs) = (Authority::of("a.test"), Authority::of("b.test"));
    let bundles = Bundles::new(ours.bundle(), vec![theirs.bundle()]).unwrap();
    let good = verify(&theirs.chain(|_| ()), &bundles, Role::Client, NOW).unwrap();
    assert_eq!(good.id, theirs.id("web"));

    let forged = theirs.chain(|leaf| {
        leaf.subject_alt_names = vec![uri_name("spiffe://a.test/ns/default/sa/web")];
    });
    let refused = verify(&forged, &bundles, Role::Client, NOW).unwrap_err();
    assert_eq!(refused, PeerRefused::UnknownAuthority(ours.domain.clone()));
    assert_eq!(refused.alert(), Alert::UnknownCa);

    let forged = ours.chain(|leaf| {
        leaf.subject_alt_names = vec![uri_name("spiffe://b.test/ns/default/sa/web")];
    });
    let refused = verify(&forged, &bundles, Role::Client, NOW);
    assert_eq!(refused, Err(PeerRefused::UnknownAuthority(theirs.domain)));
}

#[test]
fn a_leaf_alone_or_self_signed_is_refused() {
    let authority = Authority::of("a.test");
    let chain = authority.chain(|_| ());
    let refused = judge(&authority, &chain[..1]);
    assert_eq!(refused, Err(PeerRefused::UnknownAuthority(authority.domain.clone())));

    let key = KeyPair::generate().unwrap();
    let own = leaf_params(&authority.id("web").to_string()).self_signed(&key).unwrap();
    assert!(judge(&authority, &[own.der().to_vec()]).is_err());
}

#[test]
fn authorities_are_no_peers() {
    let authority = Authority::of("a.test");
    for der in [authority.root.der(), authority.intermediate.der()] {
        let refused = judge(&authority, &[der.to_vec(), authority.root.der().to_vec()]);
        assert_eq!(refused, Err(PeerRefused::CaAsLeaf));
    }
}

#[test]
fn a_leaf_is_no_issuer() {
    let authority = Authority::of("a.test");
    let key = KeyPair::generate().unwrap();
    let thief = authority.leaf(&key, |leaf| {
        leaf.distinguished_name.push(rcgen::DnType::CommonName, "thief");
    });
    let mut params = leaf_params("spiffe://a.test/ns/default/sa/web");
    params.distinguished_name.push(rcgen::DnType::CommonName, "thief");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let signer = rcgen::Issuer::new(params, key);
    let victim = leaf_params("spiffe://a.test/ns/default/sa/payments")
        .signed_by(&KeyPair::generate().unwrap(), &signer)
        .unwrap();
    let chain = [victim.der().to_vec(), thief, authority.intermediate.der().to_vec()];
    assert_eq!(judge(&authority, &chain), Err(PeerRefused::IssuerNotCa));
}

#[test]
fn an_intermediate_makes_no_further_intermediates() {
    let authority = Authority::of("a.test");
    let params = issuer_params(&authority.domain, Some(0));
    let (parent, key) = (authority.intermediate.der(), Held(&authority.key));
    let mut chain = below(parent, &key, &params, &authority.id("web"));
    chain.push(parent.to_vec());
    assert_eq!(judge(&authority, &chain), Err(PeerRefused::PathTooLong));

    // The twin: the same depth below issuers that allow it.
    let (upper_key, upper) = (KeyPair::generate().unwrap(), {
        let mut params = issuer_params(&authority.domain, Some(1));
        params.distinguished_name.push(rcgen::DnType::CommonName, "upper");
        params
    });
    let upper_der = signed(&upper, &upper_key, (authority.root.der(), &Held(&authority.root_key)));
    let mut chain = below(&upper_der, &upper_key, &params, &authority.id("web"));
    chain.push(upper_der);
    assert!(judge(&authority, &chain).is_ok());
}

#[test]
fn a_peer_ends_with_the_first_of_its_chain_to_end() {
    let authority = Authority::of("a.test");
    let soon = NOW.plus(Millis::from_secs(5));
    let peer = judge(
        &authority,
        &through(&authority, |ca| {
            ca.not_after = at(NOW.plus(Millis::from_secs(5)));
        }),
    );
    assert_eq!(peer.unwrap().not_after, soon);
}

#[test]
fn an_expired_root_vouches_for_nobody() {
    let authority = Authority::of("a.test");
    let later = authority.root.validity().not_after.plus(SECOND);
    let chain = authority.chain(|leaf| leaf.not_after = at(later.plus(HOUR)));
    let refused = verify(&chain, &authority.bundles(), Role::Client, later);
    assert_eq!(refused, Err(PeerRefused::AuthorityNotValid(authority.domain.clone())));

    // Beside a root that counts, the expired one changes nothing.
    let fresh = Authority::at("a.test", later);
    let both = vec![authority.root.der().to_vec(), fresh.root.der().to_vec()];
    let bundles = Bundles::alone(Bundle::new(fresh.domain.clone(), both).unwrap());
    let good = fresh.chain(|leaf| leaf.not_after = at(later.plus(HOUR)));
    assert!(verify(&good, &bundles, Role::Client, later).is_ok());
    assert!(verify(&chain, &bundles, Role::Client, later).is_err());
    assert!(YEAR > HOUR);
}

#[test]
fn both_roots_of_a_rotation_vouch() {
    let (old, new) = (Authority::of("a.test"), Authority::of("a.test"));
    let both = vec![old.root.der().to_vec(), new.root.der().to_vec()];
    let bundles = Bundles::alone(Bundle::new(old.domain.clone(), both).unwrap());
    for authority in [&old, &new] {
        assert!(verify(&authority.chain(|_| ()), &bundles, Role::Server, NOW).is_ok());
    }
}

#[test]
fn issuers_in_any_order_and_strangers_among_them_do_no_harm() {
    let authority = Authority::of("a.test");
    let stranger = Authority::of("c.test");
    let mut chain = authority.chain(|_| ());
    chain.insert(1, stranger.intermediate.der().to_vec());
    chain.insert(1, authority.root.der().to_vec());
    assert!(judge(&authority, &chain).is_ok());
}

#[test]
fn issuers_that_vouch_for_each_other_end_nowhere() {
    let authority = Authority::of("a.test");
    let keys: Vec<_> = (0..2).map(|_| KeyPair::generate().unwrap()).collect();
    // One name for all: every issuer is a candidate for every other.
    let params = issuer_params(&authority.domain, None);
    let issuers: Vec<_> = (0..7)
        .map(|index| {
            let mut params = params.clone();
            params.serial_number = Some(vec![0x40 + index].into());
            let signer = rcgen::Issuer::from_params(&params, &keys[0]);
            params.signed_by(&keys[0], &signer).unwrap().der().to_vec()
        })
        .collect();
    let signer = rcgen::Issuer::from_params(&params, &keys[0]);
    let leaf = leaf_params(&authority.id("web").to_string()).signed_by(&keys[1], &signer).unwrap();
    let chain: Vec<_> = std::iter::once(leaf.der().to_vec()).chain(issuers).collect();
    let refused = judge(&authority, &chain).unwrap_err();
    let expected = [
        PeerRefused::TooTangled,
        PeerRefused::PathTooLong,
        PeerRefused::UnknownAuthority(authority.domain.clone()),
    ];
    assert!(expected.contains(&refused), "{refused:?}");
}
