//! Every damaged state is refused in words that name the file, nothing is
//! changed by the attempt, and with the damage mended the authority is the
//! same as before.

use super::*;

const FILES: [&str; 4] = ["intermediate-0001.key", "intermediate-0001.pem", "root.key", "root.pem"];

/// Opens after `damage`, expects a refusal that changes nothing, mends, and
/// expects the same authority.
fn refusal(damage: impl FnOnce(&Place)) -> CaError {
    let place = Place::new();
    let bundle = place.open(NOW).unwrap().bundle();
    let good = place.snapshot();
    damage(&place);
    let damaged = place.snapshot();
    let refused = place.open(NOW).unwrap_err();
    assert_eq!(place.snapshot(), damaged, "{refused}: the attempt changed something");

    fs::remove_dir_all(place.dir()).unwrap();
    fs::create_dir(place.dir()).unwrap();
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    for (name, mode, content) in good {
        fs::write(place.file(&name), content).unwrap();
        fs::set_permissions(place.file(&name), fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(place.open(NOW).unwrap().bundle(), bundle);
    refused
}

#[test]
fn each_missing_file_is_named() {
    for name in FILES {
        let refused = refusal(|place| fs::remove_file(place.file(name)).unwrap());
        match &refused {
            CaError::FileMissing { missing, .. } => assert!(missing.ends_with(name), "{refused}"),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn both_files_of_a_pair_missing_is_no_first_start() {
    for pair in [&FILES[..2], &FILES[2..]] {
        let refused = refusal(|place| {
            pair.iter().for_each(|name| fs::remove_file(place.file(name)).unwrap());
        });
        assert!(matches!(refused, CaError::FileMissing { .. }), "{refused}");
    }
}

#[test]
fn each_file_truncated_anywhere_is_refused() {
    for name in FILES {
        for keep in [0, 1, 30, 100] {
            let refused = refusal(|place| {
                let whole = fs::read(place.file(name)).unwrap();
                fs::write(place.file(name), &whole[..keep]).unwrap();
            });
            assert!(matches!(refused, CaError::Damaged { .. }), "{name} {keep}: {refused}");
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }
}

#[test]
fn doubled_and_overlong_files_are_refused() {
    for name in FILES {
        let refused = refusal(|place| {
            let whole = fs::read(place.file(name)).unwrap();
            fs::write(place.file(name), [whole.clone(), whole].concat()).unwrap();
        });
        assert!(matches!(refused, CaError::Damaged { .. }), "{name}: {refused}");
    }
    let refused = refusal(|place| fs::write(place.file("root.key"), vec![0; 1 << 20]).unwrap());
    assert!(matches!(refused, CaError::Damaged { .. }), "{refused}");
}

#[test]
fn rights_for_others_are_refused() {
    for name in FILES {
        for mode in [0o640, 0o604, 0o660, 0o610] {
            let rights = fs::Permissions::from_mode(mode);
            let refused = refusal(|place| fs::set_permissions(place.file(name), rights).unwrap());
            match &refused {
                CaError::TooOpen { path, mode: seen } => {
                    assert!(path.ends_with(name) && *seen == mode, "{refused}");
                }
                other => panic!("{name} {mode:o}: {other}"),
            }
        }
    }
    let rights = fs::Permissions::from_mode(0o750);
    let refused = refusal(|place| fs::set_permissions(place.dir(), rights).unwrap());
    assert!(matches!(refused, CaError::TooOpen { mode: 0o750, .. }), "{refused}");
}

#[test]
fn files_of_another_user_are_refused() {
    // Only root can give files away; anybody else can't get into this state.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for name in FILES {
        let refused = refusal(|place| {
            std::os::unix::fs::chown(place.file(name), Some(65_534), None).unwrap();
        });
        assert!(matches!(refused, CaError::NotOurs(_)), "{name}: {refused}");
    }
    let refused = refusal(|place| {
        std::os::unix::fs::chown(place.dir(), Some(65_534), None).unwrap();
    });
    assert!(matches!(refused, CaError::NotOurs(_)), "{refused}");
}

#[test]
fn a_foreign_key_is_not_the_certificates() {
    let other = Place::new();
    other.open(NOW).unwrap();
    for name in ["root.key", "intermediate-0001.key"] {
        let refused = refusal(|place| {
            fs::copy(other.file(name), place.file(name)).unwrap();
        });
        assert!(matches!(refused, CaError::NotAPair { .. }), "{name}: {refused}");
    }
}

#[test]
fn a_foreign_intermediate_with_its_key_is_useless() {
    let other = Place::new();
    other.open(NOW).unwrap();
    let refused = refusal(|place| {
        for name in &FILES[..2] {
            fs::copy(other.file(name), place.file(name)).unwrap();
        }
    });
    assert!(matches!(refused, CaError::Useless(_)), "{refused}");
}

#[test]
fn links_and_directories_are_no_files() {
    for name in FILES {
        let refused = refusal(|place| {
            let moved = place.0.join("moved");
            fs::rename(place.file(name), &moved).unwrap();
            symlink(&moved, place.file(name)).unwrap();
        });
        assert!(matches!(refused, CaError::WrongKind(_)), "{name}: {refused}");
        let refused = refusal(|place| {
            fs::remove_file(place.file(name)).unwrap();
            fs::create_dir(place.file(name)).unwrap();
        });
        assert!(matches!(refused, CaError::WrongKind(_)), "{name}: {refused}");
    }
}

#[test]
fn another_trust_domains_authority_is_refused() {
    let place = Place::new();
    place.open(NOW).unwrap();
    let before = place.snapshot();
    let refused = place.open_as("other.test", true, NOW).unwrap_err();
    assert!(matches!(refused, CaError::OtherTrustDomain { .. }), "{refused}");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_lost_directory_is_a_loss_and_no_beginning() {
    let place = Place::new();
    let refused = place.open_as("shop.test", false, NOW).unwrap_err();
    assert_eq!(refused, CaError::Missing(place.dir()));
    assert!(!place.dir().exists());
}

#[test]
fn a_directory_of_other_things_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(place.file("thesis.tex"), "x").unwrap();
    assert_eq!(place.open(NOW).unwrap_err(), CaError::NotAnAuthority(place.dir()));
    assert_eq!(place.names(), ["thesis.tex"]);
}

#[test]
fn a_link_to_a_directory_is_refused() {
    let place = Place::new();
    symlink(&place.0, place.dir()).unwrap();
    assert_eq!(place.open(NOW).unwrap_err(), CaError::WrongKind(place.dir()));
}

#[test]
fn a_clock_far_off_opens_nothing() {
    let place = Place::new();
    place.open(NOW).unwrap();
    let before = place.snapshot();
    let ages = Millis(DAY.0 * 365 * 11);
    for now in [NOW.minus(DAY), NOW.plus(ages)] {
        let refused = place.open(now).unwrap_err();
        assert!(refused.to_string().contains("clock"), "{refused}");
    }
    assert_eq!(place.snapshot(), before);
    assert!(place.open(NOW).is_ok());
}

#[test]
fn a_first_start_that_was_cut_off_is_begun_anew() {
    let place = Place::new();
    let unfinished = place.0.join(".ca.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("root.key"), "half of").unwrap();
    let authority = place.open(NOW).unwrap();
    assert!(authority.is_new() && !unfinished.exists());
    assert_eq!(place.names(), FILES);
}

#[test]
fn a_place_that_cannot_be_written_makes_no_authority() {
    let place = Place::new();
    // A file where the state directory should be fails for root as well.
    fs::write(place.0.join("state"), "x").unwrap();
    let dir = place.0.join("state/ca");
    let trust_domain = "shop.test".parse().unwrap();
    let opening = Opening { dir: &dir, trust_domain: &trust_domain, may_create: true };
    let refused = Authority::open(&opening, NOW, Box::new(SeededDice::new(1))).unwrap_err();
    assert!(matches!(refused, CaError::Io { .. }), "{refused}");
}
