//! Evenness, ejection and return, with dice of a known seed.

use model::SeededDice;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

struct Bench {
    balancer: Balancer<u32>,
    dice: SeededDice,
}

impl Bench {
    fn new() -> Self {
        Self { balancer: Balancer::new(), dice: SeededDice::new(42) }
    }

    fn pick(&mut self, among: &[u32], now: Timestamp) -> Option<u32> {
        let index = self.balancer.pick(among, |key| *key, now, &mut self.dice)?;
        Some(among[index])
    }
}

#[test]
fn of_none_there_is_none_and_of_one_that_one() {
    let mut bench = Bench::new();
    assert_eq!(bench.pick(&[], NOW), None);
    assert_eq!(bench.pick(&[7], NOW), Some(7));
    assert_eq!(bench.pick(&[7], NOW), Some(7));
    assert_eq!(bench.balancer.outstanding(7), 2);
}

#[test]
fn two_different_instances_are_drawn() {
    let mut dice = SeededDice::new(3);
    for len in 2..20 {
        for _ in 0..200 {
            let (first, second) = draw_two(len, &mut dice);
            assert!(first != second && first < len && second < len);
        }
    }
}

#[test]
fn open_exchanges_spread_evenly() {
    let mut bench = Bench::new();
    let among: Vec<u32> = (0..10).collect();
    assert!((0..1_000).all(|_| bench.pick(&among, NOW).is_some()));
    for key in among {
        let outstanding = bench.balancer.outstanding(key);
        assert!((95..=105).contains(&outstanding), "{key}: {outstanding}");
    }
}

#[test]
fn the_busier_of_two_is_passed_over() {
    let mut bench = Bench::new();
    bench.pick(&[1], NOW);
    assert!((0..50).all(|_| {
        let picked = bench.pick(&[1, 2], NOW);
        bench.balancer.finish(2);
        picked == Some(2)
    }));
}

#[test]
fn an_unreachable_instance_is_left_alone_and_comes_back() {
    let mut bench = Bench::new();
    bench.balancer.report(1, Outcome::Unreachable, NOW);
    assert!((0..100).all(|_| bench.pick(&[1, 2, 3], NOW) != Some(1)));
    let later = NOW.plus(BACKOFF_FIRST);
    assert!(!bench.balancer.is_ejected(1, later));
    assert!((0..100).any(|_| bench.pick(&[1, 2, 3], later) == Some(1)));
}

#[test]
fn each_failure_in_a_row_doubles_the_pause_up_to_the_longest() {
    let mut balancer = Balancer::new();
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        balancer.report(1, Outcome::Unreachable, NOW);
        assert!(balancer.is_ejected(1, NOW.plus(Millis(seconds * 1_000 - 1))), "{seconds}");
        assert!(!balancer.is_ejected(1, NOW.plus(Millis::from_secs(seconds))), "{seconds}");
    }
    (0..200).for_each(|_| balancer.report(1, Outcome::Unreachable, NOW));
    assert!(!balancer.is_ejected(1, NOW.plus(BACKOFF_MAX)));
}

#[test]
fn being_reached_forgives_all_failures() {
    let mut balancer = Balancer::new();
    (0..5).for_each(|_| balancer.report(1, Outcome::Unreachable, NOW));
    balancer.report(1, Outcome::Connected, NOW);
    assert!(!balancer.is_ejected(1, NOW));
    balancer.report(1, Outcome::Unreachable, NOW);
    assert!(!balancer.is_ejected(1, NOW.plus(BACKOFF_FIRST)));
}

#[test]
fn one_usable_instance_among_many_ejected_is_found() {
    let mut bench = Bench::new();
    let among: Vec<u32> = (0..50).collect();
    among.iter().filter(|key| **key != 33).for_each(|key| {
        bench.balancer.report(*key, Outcome::Unreachable, NOW);
    });
    assert!((0..200).all(|_| bench.pick(&among, NOW) == Some(33)));
}

#[test]
fn when_all_are_ejected_they_are_tried_all_the_same() {
    let mut bench = Bench::new();
    [1, 2].iter().for_each(|key| bench.balancer.report(*key, Outcome::Unreachable, NOW));
    let picked: Vec<_> = (0..20).map(|_| bench.pick(&[1, 2], NOW)).collect();
    assert!(picked.contains(&Some(1)) && picked.contains(&Some(2)));
}

#[test]
fn nothing_is_remembered_about_idle_healthy_instances() {
    let mut bench = Bench::new();
    for key in 0..100 {
        bench.pick(&[key], NOW);
        bench.balancer.report(key, Outcome::Connected, NOW);
        bench.balancer.finish(key);
        bench.balancer.finish(key);
    }
    assert!(bench.balancer.instances.is_empty());
}

#[test]
fn instances_that_are_gone_are_forgotten_once_idle() {
    let mut bench = Bench::new();
    bench.balancer.report(1, Outcome::Unreachable, NOW);
    bench.pick(&[2], NOW);
    bench.balancer.retain(|key| key == 3);
    assert!(!bench.balancer.is_ejected(1, NOW));
    assert_eq!(bench.balancer.outstanding(2), 1);
}
