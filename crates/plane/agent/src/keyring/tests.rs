//! The keyring as a machine: every history here is one of plain numbers.

use model::SeededDice;

use super::*;

const START: Timestamp = Timestamp::from_secs(1_000_000);
const MINUTE: Millis = Millis::from_secs(60);
const TERMS: Terms = Terms { lifetime: MINUTE, renew: Millis::from_secs(20) };

fn id(name: &str) -> SpiffeId {
    format!("spiffe://shop/{name}").parse().unwrap()
}

fn wanted(names: &[&str]) -> BTreeMap<SpiffeId, Terms> {
    names.iter().map(|name| (id(name), TERMS)).collect()
}

fn ring(names: &[&str]) -> Keyring<u32> {
    let mut ring = Keyring::new();
    ring.assign(&wanted(names), START);
    ring
}

fn names(due: &[(SpiffeId, Terms)]) -> Vec<String> {
    due.iter().map(|(id, _)| id.path().to_owned()).collect()
}

fn issue(ring: &mut Keyring<u32>, name: &str, value: u32, now: Timestamp) {
    ring.issued(&id(name), (value, now.plus(MINUTE)), now, &mut SeededDice::new(1));
}

fn held(ring: &Keyring<u32>, name: &str, now: Timestamp) -> Option<u32> {
    match ring.standing(now).get(&id(name)) {
        Some(Standing::Ready(value)) => Some(**value),
        _ => None,
    }
}

#[test]
fn a_new_identity_is_due_at_once_and_asked_for_once() {
    let mut ring = ring(&["a", "b"]);
    assert_eq!(names(&ring.due(START)), ["/a", "/b"]);
    assert!(ring.due(START).is_empty(), "asked for twice");
    assert!(matches!(ring.standing(START)[&id("a")], Standing::Pending));
    assert_eq!(ring.wake(START), None);
}

#[test]
fn an_issued_identity_is_served_and_renewed_before_a_third_of_its_life_is_gone() {
    let mut ring = ring(&["a"]);
    ring.due(START);
    issue(&mut ring, "a", 1, START);
    assert_eq!(held(&ring, "a", START), Some(1));
    let wake = ring.wake(START).unwrap();
    assert!(wake > START && wake <= START.plus(TERMS.renew), "{wake}");
    assert_eq!(names(&ring.due(wake)), ["/a"]);
    assert_eq!(held(&ring, "a", wake), Some(1), "not served while being renewed");
    issue(&mut ring, "a", 2, wake);
    assert_eq!(held(&ring, "a", wake), Some(2));
}

#[test]
fn a_first_attempt_that_fails_is_tried_again_after_a_growing_pause() {
    let mut ring = ring(&["a"]);
    let mut dice = SeededDice::new(3);
    let (mut now, mut pauses) = (START, Vec::new());
    for _ in 0..12 {
        assert_eq!(ring.due(now).len(), 1);
        ring.failed(&id("a"), now, &mut dice);
        assert!(matches!(ring.standing(now)[&id("a")], Standing::Absent));
        let next = ring.wake(now).unwrap();
        pauses.push(next.since(now));
        now = next;
    }
    assert!(pauses[0] <= FIRST_PAUSE);
    assert!(pauses[11] > Millis::from_secs(14) && pauses[11] <= LONGEST_PAUSE, "{pauses:?}");
}

#[test]
fn what_failed_is_due_at_once_when_the_authority_is_back() {
    let mut ring = ring(&["a", "b"]);
    ring.due(START);
    issue(&mut ring, "b", 1, START);
    ring.failed(&id("a"), START, &mut SeededDice::new(3));
    assert!(ring.due(START).is_empty());
    ring.hurry_failed(START);
    assert_eq!(names(&ring.due(START)), ["/a"]);
}

#[test]
fn a_held_identity_outlives_failures_until_it_expires_and_then_heals() {
    let mut ring = ring(&["a"]);
    let mut dice = SeededDice::new(3);
    ring.due(START);
    issue(&mut ring, "a", 1, START);
    let end = START.plus(MINUTE);
    let mut now = START;
    while now <= end {
        now = ring.wake(now).unwrap();
        for (id, _) in ring.due(now) {
            ring.failed(&id, now, &mut dice);
        }
        assert_eq!(held(&ring, "a", now).is_some(), now <= end, "at {now}");
    }
    let next = ring.wake(now).unwrap();
    assert!(next.since(now) <= MINUTE, "no attempt within a minute of expiry");
    ring.due(next);
    issue(&mut ring, "a", 2, next);
    assert_eq!(held(&ring, "a", next), Some(2));
}

#[test]
fn each_alarm_is_raised_once() {
    let mut ring = ring(&["a"]);
    ring.due(START);
    issue(&mut ring, "a", 1, START);
    assert!(ring.alarms(START).is_empty());
    ring.due(START.plus(Millis::from_secs(20)));
    let late = START.plus(Millis::from_secs(21));
    ring.failed(&id("a"), late, &mut SeededDice::new(3));
    assert_eq!(ring.alarms(late), [(id("a"), Alarm::FirstFailure)]);
    assert!(ring.alarms(late).is_empty());
    let over = START.plus(Millis(60_001));
    assert_eq!(ring.alarms(over), [(id("a"), Alarm::Expired)]);
}

#[test]
fn an_identity_taken_away_is_gone_even_if_its_certificate_still_comes() {
    let mut ring = ring(&["a", "b"]);
    ring.due(START);
    ring.assign(&wanted(&["b"]), START);
    issue(&mut ring, "a", 1, START);
    assert_eq!(ring.standing(START).len(), 1);
    assert_eq!(held(&ring, "a", START), None);
}

#[test]
fn changed_terms_are_issued_at_once_and_the_old_certificate_serves_meanwhile() {
    let mut ring = ring(&["a"]);
    ring.due(START);
    issue(&mut ring, "a", 1, START);
    let shorter = Terms { lifetime: Millis::from_secs(10), ..TERMS };
    ring.assign(&BTreeMap::from([(id("a"), shorter)]), START);
    assert_eq!(held(&ring, "a", START), Some(1));
    assert_eq!(ring.due(START), [(id("a"), shorter)]);
}

#[test]
fn what_no_longer_fits_is_due_at_once() {
    let mut ring = ring(&["a", "b"]);
    ring.due(START);
    issue(&mut ring, "a", 1, START);
    issue(&mut ring, "b", 2, START);
    ring.hurry_unless(START, |value| *value == 2);
    assert_eq!(names(&ring.due(START)), ["/a"]);
}

#[test]
fn terms_that_differ_meet_at_the_shorter() {
    let long = Terms { lifetime: Millis(9), renew: Millis(2) };
    let short = Terms { lifetime: Millis(5), renew: Millis(3) };
    assert_eq!(long.stricter(short), Terms { lifetime: Millis(5), renew: Millis(2) });
}
