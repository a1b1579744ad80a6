//! The registry's life, told in events.

use super::*;

const PATIENCE: Patience = Patience { grace: Millis(10_000), hold: Millis(60_000) };

fn registration(name: &str, service: &str, port: u16) -> Registration {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Registration { name: name.into(), service: service.parse().unwrap(), address }
}

fn names(registry: &Registry, service: &str) -> Vec<String> {
    let service = service.parse().unwrap();
    registry.view(&service).into_iter().map(|i| i.name.clone()).collect()
}

/// A registry with instances `a`, `b`, `c` of `orders`, all connected.
fn three() -> (Registry, [Session; 3]) {
    let mut registry = Registry::new(PATIENCE);
    let mut add = |name, port| registry.register(registration(name, "orders", port)).unwrap();
    let sessions = [add("a", 1), add("b", 2), add("c", 3)];
    (registry, sessions)
}

#[test]
fn an_instance_out_of_sight_goes_after_its_grace() {
    let (mut registry, [a, ..]) = three();
    registry.disconnected(a, Timestamp(1_000));
    assert_eq!(registry.next_expiry(), Some(Timestamp(11_000)));
    assert!(!registry.expire(Timestamp(10_999)));
    assert_eq!(names(&registry, "orders"), ["a", "b", "c"]);
    assert!(registry.expire(Timestamp(11_000)));
    assert_eq!(names(&registry, "orders"), ["b", "c"]);
    assert_eq!(registry.next_expiry(), None);
}

#[test]
fn coming_back_within_the_grace_changes_nothing() {
    let (mut registry, [a, ..]) = three();
    let before = registry.revision();
    registry.disconnected(a, Timestamp(1_000));
    registry.register(registration("a", "orders", 1)).unwrap();
    assert!(!registry.expire(Timestamp(1_000_000)));
    assert_eq!(registry.revision(), before);
    assert_eq!(names(&registry, "orders"), ["a", "b", "c"]);
}

#[test]
fn the_late_end_of_an_old_stream_ends_no_newer_one() {
    let (mut registry, [old, ..]) = three();
    registry.register(registration("a", "orders", 1)).unwrap();
    registry.disconnected(old, Timestamp(1_000));
    assert!(registry.get("a").unwrap().is_here());
}

#[test]
fn good_bye_is_honoured_at_once_even_by_the_last() {
    let mut registry = Registry::new(PATIENCE);
    registry.register(registration("a", "orders", 1)).unwrap();
    assert!(registry.deregister("a"));
    assert!(!registry.deregister("a"));
    assert!(names(&registry, "orders").is_empty());
}

#[test]
fn losing_most_of_a_service_keeps_it_for_the_hold() {
    let (mut registry, [a, b, _]) = three();
    registry.disconnected(a, Timestamp(0));
    registry.disconnected(b, Timestamp(0));
    assert!(!registry.expire(Timestamp(10_000)));
    assert_eq!(names(&registry, "orders").len(), 3);
    let orders: ServiceName = "orders".parse().unwrap();
    assert_eq!(registry.held(Timestamp(10_000)), [&orders]);
    assert!(registry.expire(Timestamp(70_000)));
    assert_eq!(names(&registry, "orders"), ["c"]);
    assert!(registry.held(Timestamp(70_000)).is_empty());
}

#[test]
fn a_replacement_lets_the_held_one_go() {
    let mut registry = Registry::new(PATIENCE);
    let old = registry.register(registration("old", "orders", 1)).unwrap();
    registry.disconnected(old, Timestamp(0));
    assert!(!registry.expire(Timestamp(20_000)), "the last one is held");
    registry.register(registration("new", "orders", 2)).unwrap();
    assert!(registry.expire(Timestamp(20_000)));
    assert_eq!(names(&registry, "orders"), ["new"]);
}

#[test]
fn an_instance_cannot_be_taken_by_another_service() {
    let (mut registry, _) = three();
    let refused = registry.register(registration("a", "payments", 9));
    let holder = "orders".parse().unwrap();
    assert_eq!(refused, Err(RegisterError::OfAnotherService { name: "a".into(), holder }));
    assert_eq!(names(&registry, "payments").len(), 0);
    assert_eq!(registry.register(registration("", "orders", 1)), Err(RegisterError::Name));
}

#[test]
fn changes_are_numbered_by_service() {
    let (mut registry, _) = three();
    let before = registry.revision();
    registry.register(registration("p", "payments", 5)).unwrap();
    registry.register(registration("b", "orders", 22)).unwrap();
    let middle = registry.revision();
    registry.register(registration("b", "orders", 22)).unwrap();
    assert_eq!(registry.revision(), middle, "the same again is no change");
    let services: Vec<_> = registry.moved_since(before).iter().map(ToString::to_string).collect();
    assert_eq!(services, ["orders", "payments"]);
    assert!(registry.moved_since(middle).is_empty());
}

#[test]
fn what_was_known_before_a_restart_waits_for_its_grace() {
    let mut registry = Registry::new(PATIENCE);
    registry.restore(registration("a", "orders", 1), Timestamp(5_000)).unwrap();
    registry.restore(registration("b", "orders", 2), Timestamp(5_000)).unwrap();
    assert!(!registry.get("a").unwrap().is_here());
    registry.register(registration("a", "orders", 1)).unwrap();
    assert!(registry.expire(Timestamp(15_000)));
    assert_eq!(names(&registry, "orders"), ["a"]);
}
