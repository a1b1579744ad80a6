//! What an open authority does.

use super::*;

#[test]
fn the_first_start_makes_private_files_and_later_ones_find_them() {
    let place = Place::new();
    let first = place.open(NOW).unwrap();
    assert!(first.is_new());
    let files = place.snapshot();
    assert_eq!(files.len(), 4);
    assert!(files.iter().all(|(_, mode, _)| mode & 0o777 == 0o600));
    assert_eq!(fs::metadata(place.dir()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(names_in(&place.0), ["ca"]);

    let second = place.open_as("shop.test", false, NOW.plus(DAY)).unwrap();
    assert!(!second.is_new());
    assert_eq!(second.bundle(), first.bundle());
    assert_eq!(place.snapshot(), files);
}

#[test]
fn an_empty_directory_is_a_first_start() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(place.open(NOW).unwrap().is_new());
}

#[test]
fn a_leaf_is_for_the_key_and_the_identity_asked() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let (chain, peer) = issue_web(&authority, NOW);
    assert_eq!(chain.len(), 2);
    assert_eq!(peer.id, id("spiffe://shop.test/ns/default/sa/web"));
    assert_eq!(peer.not_after, NOW.plus(HOUR));
}

#[test]
fn leaves_of_before_a_restart_hold_after_it() {
    let place = Place::new();
    let (chain, _) = issue_web(&place.open(NOW).unwrap(), NOW);
    let again = place.open(NOW).unwrap();
    assert!(verify(&chain, &bundles(&again), Role::Server, NOW).is_ok());
}

#[test]
fn what_no_workload_may_be_is_not_issued() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let csr = make_csr(&LocalKey::generate().unwrap()).unwrap();
    for (text, blame) in [
        ("spiffe://shop.test/postern/server", model::Blame::Caller),
        ("spiffe://shop.test/postern", model::Blame::Caller),
        ("spiffe://shop.test", model::Blame::Caller),
        ("spiffe://other.test/ns/default/sa/web", model::Blame::Caller),
    ] {
        let refused = authority.issue(&id(text), &csr, HOUR, NOW).unwrap_err();
        assert_eq!(refused.blame(), blame, "{text}: {refused}");
    }
    let web = id("spiffe://shop.test/ns/default/sa/web");
    assert!(matches!(authority.issue(&web, b"x", HOUR, NOW), Err(IssueError::Csr(_))));
    assert!(authority.issue(&web, &csr, Millis(0), NOW).is_err());
}

#[test]
fn the_authoritys_own_keys_get_no_leaf() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let web = id("spiffe://shop.test/ns/default/sa/web");
    for name in ["root.key", "intermediate-0001.key"] {
        let key = LocalKey::from_pkcs8(&fs::read(place.file(name)).unwrap()).unwrap();
        let csr = make_csr(&key).unwrap();
        let refused = authority.issue(&web, &csr, HOUR, NOW).unwrap_err();
        let own = identity::TemplateError::AuthorityKey;
        assert_eq!(refused, IssueError::Template(own), "{name}");
    }
}

#[test]
fn the_server_has_an_identity_and_keeps_it_for_a_day() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let svid = authority.server_svid(NOW).unwrap();
    let peer = verify(svid.chain(), &bundles(&authority), Role::Server, NOW).unwrap();
    assert_eq!(&peer.id, svid.id());
    assert_eq!(peer.id, identity::server_id(authority.trust_domain()));
    assert!(LocalKey::from_pkcs8(svid.key_pkcs8().expose()).is_ok());

    let later = authority.server_svid(NOW.plus(Millis(DAY.0 - 1))).unwrap();
    assert_eq!(later.chain(), svid.chain());
    let next = authority.server_svid(NOW.plus(DAY)).unwrap();
    assert_ne!(next.chain(), svid.chain());
}

#[test]
fn a_seal_holds_as_long_as_a_door_may_be_on_its_own() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let sealed = Sealed { generation: "1.2", door: "spiffe://shop.test/x", digest: &[1; 32] };
    let seal = authority.seal(&sealed.message(), NOW).unwrap();
    let trust = bundles(&authority);
    for later in [NOW, NOW.plus(Millis(DAY.0 * 28))] {
        let held = identity::verify_seal(&sealed, &seal.signature, &seal.chain, (&trust, later));
        assert_eq!(held, Ok(()));
    }
    let other = Sealed { generation: "1.3", ..sealed };
    assert!(identity::verify_seal(&other, &seal.signature, &seal.chain, (&trust, NOW)).is_err());
}

#[test]
fn the_intermediate_turns_at_half_of_its_life_and_nobody_notices() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let (old, _) = issue_web(&authority, NOW);
    let later = NOW.plus(Millis(DAY.0 * 200));
    let (new, _) = issue_web(&authority, later);
    assert_ne!(old[1], new[1], "another intermediate");
    assert!(place.names().contains(&"intermediate-0002.pem".to_owned()));
    assert!(authority.describe(later).warnings.is_empty());
    let again = place.open(later).unwrap();
    assert_eq!(issue_web(&again, later).0[1], new[1]);
    assert_eq!(again.bundle(), authority.bundle());
}

#[test]
fn a_turn_that_was_cut_off_does_no_harm() {
    let place = Place::new();
    place.open(NOW).unwrap();
    // A key and an unfinished file, no certificate.
    let key = fs::read(place.file("intermediate-0001.key")).unwrap();
    for name in ["intermediate-0002.key", ".intermediate-0002.pem.new"] {
        fs::write(place.file(name), &key[..40]).unwrap();
        fs::set_permissions(place.file(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let authority = place.open(NOW).unwrap();
    issue_web(&authority, NOW);
    issue_web(&authority, NOW.plus(Millis(DAY.0 * 200)));
    assert!(place.names().contains(&"intermediate-0003.pem".to_owned()));
    assert!(!place.names().contains(&"intermediate-0002.pem".to_owned()));
    assert!(place.open(NOW).is_ok());
}

#[test]
fn a_clock_that_ran_ahead_and_was_set_right_does_no_harm() {
    let place = Place::new();
    let (first, _) = issue_web(&place.open(NOW).unwrap(), NOW);
    let authority = place.open(NOW.plus(Millis(DAY.0 * 800))).unwrap();
    let (ahead, _) = issue_web(&authority, NOW.plus(Millis(DAY.0 * 800)));
    assert_ne!(ahead[1], first[1]);
    // Both in the running process and after a restart.
    assert_eq!(issue_web(&authority, NOW).0[1], first[1]);
    assert_eq!(issue_web(&place.open(NOW).unwrap(), NOW).0[1], first[1]);
}

#[test]
fn a_mesh_that_slept_for_years_wakes() {
    let place = Place::new();
    let bundle = place.open(NOW).unwrap().bundle();
    let later = NOW.plus(Millis(DAY.0 * 365 * 4));
    let authority = place.open(later).unwrap();
    assert_eq!(authority.bundle(), bundle);
    issue_web(&authority, later);
}

#[test]
fn near_its_end_the_root_is_told_of_and_makes_no_crowd_of_intermediates() {
    let place = Place::new();
    place.open(NOW).unwrap();
    let late = NOW.plus(Millis(DAY.0 * (365 * 10 - 30)));
    let authority = place.open(late).unwrap();
    let before = place.names();
    for hour in 0..5 {
        issue_web(&authority, late.plus(Millis(HOUR.0 * hour)));
    }
    assert_eq!(place.names(), before);
    assert_eq!(authority.describe(late).warnings.len(), 1);
}

#[test]
fn a_failing_turn_is_told_and_the_present_one_goes_on() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    fs::remove_file(place.file("root.key")).unwrap();
    let later = NOW.plus(Millis(DAY.0 * 200));
    let (chain, _) = issue_web(&authority, later);
    assert_eq!(chain[1], issue_web(&authority, later).0[1]);
    let warnings = authority.describe(later).warnings;
    assert!(warnings.iter().any(|warning| warning.contains("root.key")), "{warnings:?}");
}

#[test]
fn the_description_shows_certificates_and_no_keys() {
    let place = Place::new();
    let authority = place.open(NOW).unwrap();
    let info = authority.describe(NOW);
    assert_eq!(info.trust_domain, "shop.test");
    assert_eq!(info.root.sha256.len(), 64);
    assert_eq!(info.root.serial.len(), 32);
    assert_eq!(info.root.not_before, "2026-11-18T11:06:10.000Z");
    assert!(info.warnings.is_empty());
    let pem = fs::read_to_string(place.file("root.pem")).unwrap();
    assert_eq!(info.root.pem, pem);
    let json = serde_json::to_string(&info).unwrap();
    assert!(json.contains("\"trustDomain\":\"shop.test\"") && !json.contains("PRIVATE"));
    let key = fs::read(place.file("root.key")).unwrap();
    assert!(!format!("{authority:?}{info:?}").contains(&format!("{:?}", &key[..8])));
}

#[test]
fn what_lies_on_disk_as_a_key_is_a_key() {
    let place = Place::new();
    place.open(NOW).unwrap();
    let key = LocalKey::from_pkcs8(&fs::read(place.file("root.key")).unwrap()).unwrap();
    assert!(key.sign(b"x").is_ok());
}
