//! Seals that hold and seals that don't.

use model::SeededDice;

use super::*;
use crate::testing::{Authority, HOUR, NOW};
use crate::{LocalKey, Signer, Wanted, issue, template};

const SEALED: Sealed<'_> =
    Sealed { generation: "1.7", door: "spiffe://a.test/ns/default/sa/web", digest: &[7; 32] };

fn svid(authority: &Authority, id: &SpiffeId) -> (LocalKey, Vec<Vec<u8>>) {
    let key = LocalKey::generate().unwrap();
    let public = key.public_key().unwrap();
    let wanted = Wanted { id, key: &public, lifetime: HOUR };
    let issuer = &authority.intermediate;
    let template = template(&wanted, issuer, NOW, &mut SeededDice::new(1)).unwrap();
    let leaf = issue(&template, issuer, &authority.key).unwrap();
    (key, vec![leaf, issuer.der().to_vec()])
}

#[test]
fn the_servers_seal_holds() {
    let authority = Authority::of("a.test");
    let (key, chain) = svid(&authority, &server_id(&authority.domain));
    let signature = key.sign(&SEALED.message()).unwrap();
    let trust = (&authority.bundles(), NOW);
    assert_eq!(verify_seal(&SEALED, &signature, &chain, trust), Ok(()));
}

#[test]
fn a_seal_over_anything_else_does_not_hold() {
    let authority = Authority::of("a.test");
    let (key, chain) = svid(&authority, &server_id(&authority.domain));
    let signature = key.sign(&SEALED.message()).unwrap();
    let bundles = authority.bundles();
    for other in [
        Sealed { generation: "1.8", ..SEALED },
        Sealed { door: "spiffe://a.test/ns/default/sa/orders", ..SEALED },
        Sealed { digest: &[8; 32], ..SEALED },
        Sealed { digest: &[7; 31], ..SEALED },
        // The same bytes, cut elsewhere.
        Sealed { generation: "1.7s", door: "piffe://a.test/ns/default/sa/web", ..SEALED },
    ] {
        let refused = verify_seal(&other, &signature, &chain, (&bundles, NOW));
        assert_eq!(refused, Err(SealRefused::Signature), "{other:?}");
    }
    let refused = verify_seal(&SEALED, &[], &chain, (&bundles, NOW));
    assert_eq!(refused, Err(SealRefused::Signature));
}

#[test]
fn only_the_server_of_our_own_domain_seals() {
    let (authority, foreign) = (Authority::of("a.test"), Authority::of("b.test"));
    let bundles = Bundles::new(authority.bundle(), vec![foreign.bundle()]).unwrap();
    for (signer, id) in [(&authority, authority.id("web")), (&foreign, server_id(&foreign.domain))]
    {
        let (key, chain) = svid(signer, &id);
        let signature = key.sign(&SEALED.message()).unwrap();
        let refused = verify_seal(&SEALED, &signature, &chain, (&bundles, NOW));
        assert_eq!(refused, Err(SealRefused::NotTheServer(id)));
    }
}

#[test]
fn an_expired_seal_does_not_hold() {
    let authority = Authority::of("a.test");
    let (key, chain) = svid(&authority, &server_id(&authority.domain));
    let signature = key.sign(&SEALED.message()).unwrap();
    let late = NOW.plus(HOUR).plus(model::Millis(1));
    let refused = verify_seal(&SEALED, &signature, &chain, (&authority.bundles(), late));
    assert!(matches!(refused, Err(SealRefused::Chain(PeerRefused::Expired(_)))));
}

#[test]
fn the_servers_name_and_all_below_it_is_reserved() {
    let domain = "a.test".parse().unwrap();
    assert_eq!(server_id(&domain).to_string(), "spiffe://a.test/postern/server");
    for (id, reserved) in [
        ("spiffe://a.test/postern/server", true),
        ("spiffe://a.test/postern", true),
        ("spiffe://a.test/posterns/x", false),
        ("spiffe://a.test/ns/postern/sa/server", false),
        ("spiffe://a.test/Postern/server", false),
    ] {
        assert_eq!(is_reserved(&id.parse().unwrap()), reserved, "{id}");
    }
}
