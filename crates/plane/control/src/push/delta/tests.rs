//! The machine by hand, and against a model door through random histories.

use model::{Dice as _, SeededDice};
use wire::discovery::Status;

use super::*;
use crate::push::view::Resource;

fn view(counter: u64, resources: &[(&str, &str)]) -> View {
    let resource = |version: &str| {
        Arc::new(Resource { version: version.into(), body: version.as_bytes().to_vec() })
    };
    let resources: BTreeMap<_, _> =
        resources.iter().map(|(name, version)| ((*name).into(), resource(version))).collect();
    View::new(Generation { epoch: 1, counter }, resources)
}

fn request() -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest { type_url: TYPE_URL.into(), ..Default::default() }
}

fn ack(nonce: &str) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest { response_nonce: nonce.into(), ..request() }
}

fn nack(nonce: &str, why: &str) -> DeltaDiscoveryRequest {
    let error_detail = Some(Status { code: 3, message: why.into() });
    DeltaDiscoveryRequest { error_detail, ..ack(nonce) }
}

fn subscribed() -> Delta {
    let mut delta = Delta::default();
    assert_eq!(delta.hear(request()), Ok(Heard::Nothing));
    delta
}

fn generation(counter: u64) -> Generation {
    Generation { epoch: 1, counter }
}

#[test]
fn nothing_is_sent_before_somebody_asks() {
    let mut delta = Delta::default();
    delta.offer(view(1, &[("a", "1")]));
    assert_eq!(delta.poll(), None);
    delta.hear(request()).unwrap();
    assert_eq!(delta.poll().unwrap().changed, ["a"]);
}

#[test]
fn one_response_is_outstanding_and_the_latest_state_follows_it() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1")]));
    let first = delta.poll().unwrap();
    delta.offer(view(2, &[("a", "2")]));
    delta.offer(view(3, &[("a", "1"), ("b", "1")]));
    assert_eq!(delta.poll(), None);
    assert_eq!(delta.hear(ack(&first.nonce)), Ok(Heard::Accepted(generation(1))));
    let second = delta.poll().unwrap();
    assert_eq!((second.view.generation, second.changed), (generation(3), vec!["b".to_owned()]));
    assert_ne!(first.nonce, second.nonce);
}

#[test]
fn what_did_not_change_is_not_sent_but_the_generation_is() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1")]));
    let first = delta.poll().unwrap();
    delta.hear(ack(&first.nonce)).unwrap();
    delta.offer(view(1, &[("a", "1")]));
    assert_eq!(delta.poll(), None);
    delta.offer(view(2, &[("a", "1")]));
    let second = delta.poll().unwrap();
    assert!(second.changed.is_empty() && second.removed.is_empty());
}

#[test]
fn what_goes_is_named() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1"), ("b", "1")]));
    let first = delta.poll().unwrap();
    delta.hear(ack(&first.nonce)).unwrap();
    delta.offer(view(2, &[("b", "1")]));
    assert_eq!(delta.poll().unwrap().removed, ["a"]);
}

#[test]
fn a_door_that_comes_back_is_sent_what_it_lacks() {
    let mut delta = Delta::default();
    let claims = [("a", "1"), ("old", "1"), (SEAL, "x")].map(|(n, v)| (n.into(), v.into()));
    let initial_resource_versions = claims.into_iter().collect();
    // The nonce of the earlier stream died with it.
    let first = DeltaDiscoveryRequest { initial_resource_versions, ..ack("17") };
    delta.hear(first).unwrap();
    delta.offer(view(4, &[("a", "1"), ("b", "1")]));
    let response = delta.poll().unwrap();
    assert_eq!((response.changed, response.removed), (vec!["b".into()], vec!["old".into()]));
}

#[test]
fn a_door_that_has_everything_is_still_asked_to_confirm() {
    let mut delta = Delta::default();
    let initial_resource_versions = [("a".into(), "1".into())].into();
    delta.hear(DeltaDiscoveryRequest { initial_resource_versions, ..request() }).unwrap();
    delta.offer(view(4, &[("a", "1")]));
    assert!(delta.poll().unwrap().changed.is_empty());
}

#[test]
fn a_refusal_is_heard_and_not_answered_with_the_same_again() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1")]));
    let first = delta.poll().unwrap();
    delta.hear(ack(&first.nonce)).unwrap();
    delta.offer(view(2, &[("a", "bad")]));
    let second = delta.poll().unwrap();
    let heard = delta.hear(nack(&second.nonce, "no such feature"));
    assert_eq!(heard, Ok(Heard::Refused(generation(2), "no such feature".into())));
    delta.offer(view(2, &[("a", "bad")]));
    delta.reseal();
    assert_eq!(delta.poll(), None);
    delta.offer(view(3, &[("a", "1"), ("b", "1")]));
    assert_eq!(delta.poll().unwrap().changed, ["b"], "against what the door still runs");
}

#[test]
fn a_stale_nonce_says_nothing() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1")]));
    let first = delta.poll().unwrap();
    assert_eq!(delta.hear(ack("99")), Ok(Heard::Nothing));
    assert_eq!(delta.hear(nack("", "?")), Ok(Heard::Nothing));
    assert_eq!(delta.poll(), None, "the first is still outstanding");
    delta.hear(ack(&first.nonce)).unwrap();
    assert_eq!(delta.hear(nack(&first.nonce, "late")), Ok(Heard::Nothing));
}

#[test]
fn an_old_seal_is_set_anew_once() {
    let mut delta = subscribed();
    delta.offer(view(1, &[("a", "1")]));
    let first = delta.poll().unwrap();
    delta.hear(ack(&first.nonce)).unwrap();
    delta.reseal();
    let again = delta.poll().unwrap();
    assert!(again.changed.is_empty());
    delta.hear(ack(&again.nonce)).unwrap();
    assert_eq!(delta.poll(), None);
}

#[test]
fn only_everything_of_one_type_can_be_subscribed_to() {
    let mut delta = Delta::default();
    let names = vec!["document/Mesh/default/shop".to_owned()];
    let one = DeltaDiscoveryRequest { resource_names_subscribe: names, ..request() };
    assert_eq!(delta.hear(one), Err(Violation::Names));
    let other = DeltaDiscoveryRequest { type_url: "type.googleapis.com/x".into(), ..request() };
    assert!(matches!(delta.hear(other), Err(Violation::Type(_))));
    let star = DeltaDiscoveryRequest { resource_names_subscribe: vec!["*".into()], ..request() };
    assert_eq!(delta.hear(star), Ok(Heard::Nothing));
}

#[test]
fn who_unsubscribes_from_everything_says_farewell() {
    let mut delta = subscribed();
    let bye = DeltaDiscoveryRequest { resource_names_unsubscribe: vec!["*".into()], ..request() };
    assert_eq!(delta.hear(bye), Ok(Heard::Farewell));
}

#[test]
fn claims_and_reasons_are_bounded() {
    let mut delta = Delta::default();
    let claims = (0..=CLAIMS_MAX).map(|i| (i.to_string(), String::new())).collect();
    let first = DeltaDiscoveryRequest { initial_resource_versions: claims, ..request() };
    assert_eq!(delta.hear(first), Err(Violation::Claims));
    assert_eq!(shortened(&"ä".repeat(9_000)).len(), REASON_BYTES_MAX);
}

/// Through any history a door that applies what it is sent ends up with
/// exactly what was offered last, or has refused exactly that.
#[test]
fn random_histories_end_in_the_last_state() {
    for seed in 0..300 {
        history(seed);
    }
}

fn history(seed: u64) {
    let mut dice = SeededDice::new(seed);
    let mut delta = subscribed();
    let (mut door, mut sent) = (BTreeMap::new(), None::<Response>);
    let mut last = None;
    for counter in 1..40 {
        if dice.below(2) == 0 {
            let offered = random_view(counter, &mut dice);
            last = Some(offered.clone());
            delta.offer(offered);
        }
        sent = sent.or_else(|| delta.poll());
        let Some(response) = sent.take_if(|_| dice.below(2) == 0) else { continue };
        if dice.below(4) == 0 {
            delta.hear(nack(&response.nonce, "no")).unwrap();
        } else {
            apply(&mut door, &response);
            delta.hear(ack(&response.nonce)).unwrap();
        }
    }
    while let Some(response) = sent.take().or_else(|| delta.poll()) {
        apply(&mut door, &response);
        delta.hear(ack(&response.nonce)).unwrap();
    }
    let Some(last) = last else { return };
    if delta.refused != Some(mark(&last)) {
        assert_eq!(door, versions(&last), "seed {seed}");
    }
}

fn random_view(counter: u64, dice: &mut SeededDice) -> View {
    let mut resources = Vec::new();
    for name in ["a", "b", "c", "d"] {
        if dice.below(3) > 0 {
            resources.push((name, ["1", "2"][usize::try_from(dice.below(2)).unwrap()]));
        }
    }
    view(counter, &resources)
}

fn apply(door: &mut BTreeMap<String, String>, response: &Response) {
    response.removed.iter().for_each(|name| drop(door.remove(name)));
    for name in &response.changed {
        door.insert(name.clone(), response.view.resources[name].version.clone());
    }
    assert_eq!(*door, versions(&response.view), "a response leaves the door with the whole");
}
