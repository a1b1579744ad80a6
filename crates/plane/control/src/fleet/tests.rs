//! Doors that come, go, come again under their name, and answer or don't.

use super::*;

fn node(instance: &str, door: &str, port: Option<u16>) -> Node {
    let address = port.map(|port| ([127, 0, 0, 1], port).into());
    Node { instance: instance.into(), door: door.parse().unwrap(), address }
}

fn fleet() -> Fleet {
    Fleet::new(Patience::default())
}

fn generation(counter: u64) -> Generation {
    Generation { epoch: 1, counter }
}

#[test]
fn a_door_that_comes_is_found_and_one_that_says_farewell_is_not() {
    let fleet = fleet();
    let web = "web".parse().unwrap();
    let ticket = fleet.enter(&node("web-1", "web", Some(4000))).unwrap();
    assert_eq!(fleet.endpoints(&web)[0].address, "127.0.0.1:4000".parse().unwrap());
    fleet.farewell(&ticket);
    assert!(fleet.endpoints(&web).is_empty() && fleet.doors().is_empty());
}

#[test]
fn a_door_out_of_sight_stays_for_its_grace() {
    let fleet = Fleet::new(Patience { grace: Millis(100), hold: Millis(0) });
    let ticket = fleet.enter(&node("web-1", "web", Some(4000))).unwrap();
    fleet.left(&ticket, Timestamp(0));
    fleet.expire(Timestamp(99));
    assert_eq!(fleet.endpoints(&"web".parse().unwrap()).len(), 1);
    fleet.expire(Timestamp(100));
    assert!(fleet.endpoints(&"web".parse().unwrap()).is_empty());
    assert_eq!(fleet.doors().len(), 1);
    fleet.expire(Timestamp(10_000));
    assert!(fleet.doors().is_empty());
}

#[test]
fn an_old_stream_counts_for_nothing_once_there_is_a_new_one() {
    let fleet = fleet();
    let old = fleet.enter(&node("web-1", "web", Some(4000))).unwrap();
    let new = fleet.enter(&node("web-1", "web", Some(4001))).unwrap();
    fleet.refused(&old, generation(1), "late".into());
    fleet.left(&old, Timestamp(0));
    fleet.farewell(&old);
    fleet.accepted(&new, generation(2));
    let door = &fleet.doors()[0];
    assert_eq!((door.generation, door.left, &door.refused), (Some(generation(2)), None, &None));
    assert!(fleet.instances()[0].is_here());
    assert_eq!(fleet.instances()[0].address.port(), 4001);
}

#[test]
fn nobody_takes_the_place_of_another_services_instance() {
    let fleet = fleet();
    let _web = fleet.enter(&node("one", "web", Some(4000))).unwrap();
    let _edge = fleet.enter(&node("edge", "front", None)).unwrap();
    assert!(matches!(fleet.enter(&node("one", "orders", Some(1))), Err(EnterError::Taken(_))));
    assert!(matches!(fleet.enter(&node("edge", "other", None)), Err(EnterError::Taken(_))));
}

#[test]
fn a_generation_has_come_when_every_door_runs_it() {
    let fleet = fleet();
    let one = fleet.enter(&node("web-1", "web", Some(1))).unwrap();
    let two = fleet.enter(&node("web-2", "web", Some(2))).unwrap();
    let at =
        |expected: &[ServiceName], counter| progress(&fleet.doors(), expected, generation(counter));
    fleet.accepted(&one, generation(5));
    assert_eq!(at(&[], 5), Progress::Underway);
    fleet.refused(&two, generation(5), "no".into());
    assert_eq!(at(&[], 5), Progress::Stuck);
    fleet.accepted(&two, generation(6));
    assert_eq!(at(&[], 5), Progress::Converged);
    assert_eq!(at(&[], 6), Progress::Underway);
    assert_eq!(at(&["orders".parse().unwrap()], 5), Progress::Underway);
    fleet.left(&one, Timestamp(0));
    assert_eq!(at(&[], 6), Progress::Converged);
}

#[test]
fn whoever_watches_hears_of_each_move() {
    let fleet = fleet();
    let (mut moved, places) = (fleet.subscribe(), fleet.subscribe_places());
    let ticket = fleet.enter(&node("web-1", "web", None)).unwrap();
    assert!(moved.has_changed().unwrap() && !places.has_changed().unwrap());
    let _placed = fleet.enter(&node("web-2", "web", Some(1))).unwrap();
    assert!(places.has_changed().unwrap());
    moved.mark_unchanged();
    fleet.expire(Timestamp(0));
    assert!(!moved.has_changed().unwrap());
    fleet.accepted(&ticket, generation(1));
    assert!(moved.has_changed().unwrap());
}
