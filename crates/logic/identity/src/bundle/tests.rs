//! Bundles that must not exist, and PEM there and back.

use rcgen::KeyPair;

use super::*;
use crate::testing::{Authority, Held, issuer_params, signed, uri_name};

fn domain() -> TrustDomain {
    "a.test".parse().unwrap()
}

#[test]
fn an_empty_or_unreadable_bundle_does_not_exist() {
    assert_eq!(Bundle::new(domain(), Vec::new()), Err(BundleError::Empty));
    assert_eq!(Bundle::from_pem(domain(), b""), Err(BundleError::Empty));
    assert_eq!(Bundle::from_pem(domain(), b"hello"), Err(BundleError::Empty));
    let good = Authority::of("a.test").root.der().to_vec();
    let unreadable = Bundle::new(domain(), vec![good.clone(), b"x".to_vec()]);
    assert!(matches!(unreadable, Err(BundleError::Unreadable(1, _))), "{unreadable:?}");
    for cut in 0..good.len() {
        assert!(Bundle::new(domain(), vec![good[..cut].to_vec()]).is_err(), "{cut} bytes");
    }
}

#[test]
fn a_leaf_is_no_authority() {
    let leaf = Authority::of("a.test").chain(|_| ()).swap_remove(0);
    assert_eq!(Bundle::new(domain(), vec![leaf]), Err(BundleError::NotAnAuthority(0)));
}

#[test]
fn an_authority_of_another_trust_domain_is_refused() {
    let other = Authority::of("b.test").root.der().to_vec();
    assert_eq!(Bundle::new(domain(), vec![other]), Err(BundleError::Foreign(0)));
}

#[test]
fn an_authority_without_a_spiffe_id_is_accepted() {
    let authority = Authority::of("a.test");
    let issuer = |change: fn(&mut rcgen::CertificateParams)| {
        let mut params = issuer_params(&domain(), None);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        signed(&params, &key, (authority.root.der(), &Held(&authority.root_key)))
    };
    let plain = issuer(|ca| ca.subject_alt_names.clear());
    assert!(Bundle::new(domain(), vec![plain]).is_ok());
    let twice = issuer(|ca| ca.subject_alt_names.push(uri_name("spiffe://b.test")));
    assert_eq!(Bundle::new(domain(), vec![twice]), Err(BundleError::Foreign(0)));
}

#[test]
fn doubled_certificates_count_once() {
    let root = Authority::of("a.test").root.der().to_vec();
    let bundle = Bundle::new(domain(), vec![root.clone(), root.clone()]).unwrap();
    assert_eq!(bundle.anchors(), [root]);
}

#[test]
fn pem_round_trips() {
    let roots = [Authority::of("a.test"), Authority::of("a.test")];
    let anchors = roots.iter().map(|authority| authority.root.der().to_vec()).collect();
    let bundle = Bundle::new(domain(), anchors).unwrap();
    let pem = bundle.to_pem();
    assert!(pem.lines().all(|line| line.len() <= 64));
    assert_eq!(Bundle::from_pem(domain(), pem.as_bytes()), Ok(bundle.clone()));
    let commented = format!("the bundle of a.test\n{pem}\n");
    assert_eq!(Bundle::from_pem(domain(), commented.as_bytes()), Ok(bundle));
}

#[test]
fn a_cut_or_mixed_pem_is_refused() {
    let pem = Authority::of("a.test").bundle().to_pem();
    let cut = &pem.as_bytes()[..pem.len() - 30];
    assert!(Bundle::from_pem(domain(), cut).is_err());
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let mixed = Bundle::from_pem(domain(), format!("{pem}{key}").as_bytes());
    assert_eq!(mixed, Err(BundleError::NotOnlyCertificates));
}

#[test]
fn nobody_else_speaks_for_our_own_domain() {
    let (ours, theirs) = (Authority::of("a.test"), Authority::of("b.test"));
    let claimed = Bundles::new(ours.bundle(), vec![Authority::of("a.test").bundle()]);
    assert_eq!(claimed, Err(BundlesError::OwnDomain(domain())));
    let twice = Bundles::new(ours.bundle(), vec![theirs.bundle(), theirs.bundle()]);
    assert_eq!(twice, Err(BundlesError::Twice(theirs.domain.clone())));
}

#[test]
fn each_domain_has_its_own_bundle() {
    let (ours, theirs) = (Authority::of("a.test"), Authority::of("b.test"));
    let bundles = Bundles::new(ours.bundle(), vec![theirs.bundle()]).unwrap();
    assert_eq!(bundles.get(&ours.domain), Some(&ours.bundle()));
    assert_eq!(bundles.get(&theirs.domain), Some(&theirs.bundle()));
    assert_eq!(bundles.get(&"c.test".parse().unwrap()), None);
    assert_eq!(bundles.iter().count(), 2);
}
