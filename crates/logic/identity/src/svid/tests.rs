//! The three steps against each other, and against the verifier.

use model::{SeededDice, Timestamp};

use super::*;
use crate::testing::{Authority, HOUR, NOW, YEAR, public_key};
use crate::{LocalKey, verify};

fn wanted(id: &SpiffeId, key: &PublicKey) -> SvidTemplate {
    let authority = Authority::of("a.test");
    let wanted = Wanted { id, key, lifetime: HOUR };
    template(&wanted, &authority.intermediate, NOW, &mut SeededDice::new(1)).unwrap()
}

fn issued(authority: &Authority, lifetime: Millis, now: Timestamp) -> (SvidTemplate, Vec<u8>) {
    let (id, key) = (authority.id("web"), public_key());
    let wanted = Wanted { id: &id, key: &key, lifetime };
    let mut dice = SeededDice::new(now.0);
    let template = template(&wanted, &authority.intermediate, now, &mut dice).unwrap();
    let der = issue(&template, &authority.intermediate, &authority.key).unwrap();
    (template, der)
}

#[test]
fn what_is_issued_passes_the_check_and_the_verifier() {
    let authority = Authority::of("a.test");
    let (template, der) = issued(&authority, HOUR, NOW);
    assert_eq!(check(&template, &der, &authority.intermediate), Ok(()));
    let chain = [der, authority.intermediate.der().to_vec()];
    for role in [Role::Client, Role::Server] {
        let peer = verify(&chain, &authority.bundles(), role, NOW).unwrap();
        assert_eq!(peer.id, authority.id("web"));
        assert_eq!(peer.not_after, NOW.plus(HOUR));
    }
}

#[test]
fn an_svid_looks_as_the_specification_says() {
    let authority = Authority::of("a.test");
    let (template, der) = issued(&authority, HOUR, NOW);
    let facts = wire::x509::read(&der).unwrap();
    assert!(facts.subject_is_empty && facts.san_is_critical && !facts.is_ca);
    assert_eq!(facts.uris, ["spiffe://a.test/ns/default/sa/web"]);
    assert_eq!(facts.serial, template.serial());
    let usage = facts.key_usage.unwrap();
    assert!(usage.critical && usage.digital_signature);
    assert!(!usage.key_cert_sign && !usage.crl_sign);
    let purpose = facts.extended_key_usage.unwrap();
    assert!(purpose.server_auth && purpose.client_auth && !purpose.any);
}

#[test]
fn authorities_look_as_the_specification_says() {
    let authority = Authority::of("a.test");
    for (certificate, path_len) in [(&authority.root, 1), (&authority.intermediate, 0)] {
        let facts = wire::x509::read(certificate.der()).unwrap();
        assert!(facts.is_ca && !facts.subject_is_empty && !facts.unknown_critical);
        assert_eq!(facts.path_len, Some(path_len));
        assert_eq!(facts.uris, ["spiffe://a.test"]);
        let usage = facts.key_usage.unwrap();
        assert!(usage.critical && usage.key_cert_sign && !usage.digital_signature);
        assert_eq!(facts.extended_key_usage, None);
    }
    assert!(authority.root.is_of(&authority.root_key));
    assert!(!authority.root.is_of(&authority.key));
}

#[test]
fn a_leaf_never_outlives_its_issuer() {
    let authority = Authority::of("a.test");
    let (template, der) = issued(&authority, Millis(YEAR.0 * 20), NOW);
    assert_eq!(template.validity().not_after, authority.intermediate.validity().not_after);
    assert_eq!(check(&template, &der, &authority.intermediate), Ok(()));
}

#[test]
fn what_an_issuer_may_not_vouch_for_is_refused() {
    let authority = Authority::of("a.test");
    let key = public_key();
    let refused = |id: &str, key: &PublicKey, lifetime: Millis, now: Timestamp| {
        let id = id.parse().unwrap();
        let wanted = Wanted { id: &id, key, lifetime };
        template(&wanted, &authority.intermediate, now, &mut SeededDice::new(1)).unwrap_err()
    };
    let good = "spiffe://a.test/web";
    assert!(matches!(
        refused("spiffe://b.test/web", &key, HOUR, NOW),
        TemplateError::ForeignTrustDomain { .. }
    ));
    assert!(matches!(refused("spiffe://a.test", &key, HOUR, NOW), TemplateError::NoPath(_)));
    let own = authority.key.public_key().unwrap();
    assert_eq!(refused(good, &own, HOUR, NOW), TemplateError::AuthorityKey);
    assert_eq!(refused(good, &key, Millis(999), NOW), TemplateError::TooShort(Millis(999)));
    let end = authority.intermediate.validity().not_after;
    let late = refused(good, &key, HOUR, end.plus(Millis(1)));
    assert_eq!(late, TemplateError::IssuerNotValid);
    assert_eq!(refused(good, &key, HOUR, Timestamp(0)), TemplateError::IssuerNotValid);
}

#[test]
fn only_the_issuers_own_key_signs() {
    let authority = Authority::of("a.test");
    let (template, _) = issued(&authority, HOUR, NOW);
    let other = LocalKey::generate().unwrap();
    let refused = issue(&template, &authority.intermediate, &other);
    assert_eq!(refused, Err(BuildError::WrongKey));
}

#[test]
fn a_failing_signer_makes_no_certificate() {
    struct Broken(Vec<u8>);
    impl Signer for Broken {
        fn public_key_spki(&self) -> Vec<u8> {
            self.0.clone()
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, crate::SignError> {
            Err(crate::SignError)
        }
    }
    let authority = Authority::of("a.test");
    let (template, _) = issued(&authority, HOUR, NOW);
    let broken = Broken(authority.key.public_key_spki());
    let refused = issue(&template, &authority.intermediate, &broken);
    assert!(matches!(refused, Err(BuildError::Write(_))));
}

#[test]
fn the_check_sees_every_difference() {
    let authority = Authority::of("a.test");
    let (template, der) = issued(&authority, HOUR, NOW);
    let changed = |change: fn(&mut SvidTemplate)| {
        let mut other = template.clone();
        change(&mut other);
        check(&other, &der, &authority.intermediate).unwrap_err()
    };
    let differs = CheckFailed::Differs;
    assert_eq!(changed(|t| t.serial[15] ^= 1), differs("serial number"));
    assert_eq!(changed(|t| t.id = "spiffe://a.test/x".parse().unwrap()), differs("identity"));
    assert_eq!(changed(|t| t.key = public_key()), differs("key"));
    let later = |t: &mut SvidTemplate| t.validity.not_after = t.validity.not_after.plus(HOUR);
    assert_eq!(changed(later), differs("end"));
    let earlier = |t: &mut SvidTemplate| t.validity.not_before = Timestamp(0);
    assert_eq!(changed(earlier), differs("beginning"));
}

#[test]
fn the_check_wants_the_issuers_signature() {
    let authority = Authority::of("a.test");
    let (template, mut der) = issued(&authority, HOUR, NOW);
    let other = Authority::of("a.test");
    let refused = check(&template, &der, &other.intermediate);
    assert!(matches!(refused, Err(CheckFailed::Signature(_))));
    *der.last_mut().unwrap() ^= 1;
    assert!(check(&template, &der, &authority.intermediate).is_err());
    assert!(matches!(check(&template, &[], &other.intermediate), Err(CheckFailed::Unreadable(_))));
}

#[test]
fn certificates_cross_the_awkward_dates() {
    for (name, seconds) in [
        ("29 February 2028", 1_835_395_200),
        ("last second of 2027", 1_830_297_599),
        ("2038", 2_147_483_647),
        ("UTCTime to GeneralizedTime, 2049 to 2050", 2_524_607_990),
        ("29 February 2400 does exist", 13_574_563_200),
    ] {
        let now = Timestamp::from_secs(seconds);
        let authority = Authority::at("a.test", now);
        let (template, der) = issued(&authority, Millis::from_secs(20), now);
        assert_eq!(check(&template, &der, &authority.intermediate), Ok(()), "{name}");
        let chain = [der, authority.intermediate.der().to_vec()];
        let peer = verify(&chain, &authority.bundles(), Role::Client, now).unwrap();
        assert_eq!(peer.not_after, now.plus(Millis::from_secs(20)), "{name}");
    }
}

#[test]
fn no_two_certificates_share_a_serial_number() {
    let (id, key) = ("spiffe://a.test/web".parse().unwrap(), public_key());
    let authority = Authority::of("a.test");
    let request = Wanted { id: &id, key: &key, lifetime: HOUR };
    let mut dice = SeededDice::new(1);
    let mut make = || template(&request, &authority.intermediate, NOW, &mut dice).unwrap();
    assert_ne!(make().serial(), make().serial());
    assert_eq!(wanted(&id, &key).serial(), wanted(&id, &key).serial());
}
