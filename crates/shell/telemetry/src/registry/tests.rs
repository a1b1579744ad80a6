//! The page as Prometheus reads it, and its bounds.

use std::time::Duration;

use model::{Generation, Timestamp};

use super::*;
use crate::edge::Outcome;

fn labels(caller: &str) -> EdgeLabels {
    EdgeLabels {
        door: "orders".into(),
        role: "inbound",
        caller: caller.into(),
        callee: "orders".into(),
        port: 8080,
        route: String::new(),
    }
}

fn lines_of<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name)).collect()
}

#[test]
fn the_same_labels_are_the_same_meters() {
    let registry = Registry::new();
    let (one, same, other) =
        (registry.edge(&labels("web")), registry.edge(&labels("web")), registry.edge(&labels("x")));
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    assert!(Arc::ptr_eq(&registry.door("a"), &registry.door("a")));
}

#[test]
fn requests_and_bytes_show_up_on_the_page() {
    let registry = Registry::new();
    let edge = registry.edge(&labels("web"));
    edge.count(Outcome::of_status(200), Duration::from_millis(3), 10, 20);
    edge.count(Outcome::of_status(200), Duration::from_millis(3), 1, 2);
    edge.count(Outcome::of_status(503), Duration::from_millis(3), 0, 0);
    let page = registry.render();
    let common = "door=\"orders\",role=\"inbound\",caller=\"web\",callee=\"orders\",port=\"8080\",route=\"\"";
    assert_eq!(
        lines_of(&page, "postern_requests_total"),
        [
            format!("postern_requests_total{{{common},class=\"2xx\"}} 2"),
            format!("postern_requests_total{{{common},class=\"5xx\"}} 1"),
        ]
    );
    let received = format!("postern_received_bytes_total{{{common}}} 11");
    assert_eq!(lines_of(&page, "postern_received_bytes_total"), [received]);
    assert!(lines_of(&page, "postern_streams_open").is_empty());
}

#[test]
fn a_door_shows_its_gauges_and_refusals() {
    let registry = Registry::new();
    let door = registry.door("orders");
    assert!(!registry.render().contains("postern_svid_expiry_timestamp_seconds{"));
    door.svid_expires(Timestamp::from_secs(1_800_000_000));
    door.runs(Generation { epoch: 1, counter: 42 });
    let _open = door.open_connection();
    registry.denied("orders", "inbound", "policy");
    let page = registry.render();
    for line in [
        "postern_svid_expiry_timestamp_seconds{door=\"orders\"} 1800000000",
        "postern_config_generation{door=\"orders\"} 42",
        "postern_config_epoch{door=\"orders\"} 1",
        "postern_connections_open{door=\"orders\"} 1",
        "postern_denied_total{door=\"orders\",role=\"inbound\",reason=\"policy\"} 1",
    ] {
        assert!(page.lines().any(|l| l == line), "{line} not in\n{page}");
    }
}

#[test]
fn callers_beyond_the_cap_are_counted_as_other() {
    let registry = Registry::new();
    for n in 0..EDGES_PER_DOOR_MAX + 100 {
        registry.edge(&labels(&n.to_string())).count(Outcome::Success, Duration::ZERO, 1, 0);
    }
    let page = registry.render();
    let lines = lines_of(&page, "postern_requests_total");
    assert_eq!(lines.len(), EDGES_PER_DOOR_MAX + 1);
    let other: Vec<_> = lines.iter().filter(|line| line.contains("caller=\"other\"")).collect();
    assert!(matches!(other.as_slice(), [line] if line.ends_with(" 100")), "{other:?}");
    let elsewhere = EdgeLabels { door: "payments".into(), ..labels("web") };
    registry.edge(&elsewhere).count(Outcome::Success, Duration::ZERO, 1, 0);
    assert!(registry.render().contains("door=\"payments\",role=\"inbound\",caller=\"web\""));
}

#[test]
fn hostile_label_values_stay_in_their_line() {
    let registry = Registry::new();
    registry.edge(&labels("a\"} 9\npostern_fake 1")).count(Outcome::Success, Duration::ZERO, 0, 0);
    let page = registry.render();
    assert!(lines_of(&page, "postern_fake").is_empty());
    assert!(page.contains("caller=\"a\\\"} 9\\npostern_fake 1\""));
}

#[test]
fn every_listed_metric_is_on_the_page_and_no_other() {
    let sink = Arc::new(Sink::nowhere().unwrap());
    let page = Registry::new().with_sink(sink).render();
    let typed = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut written: Vec<String> = typed.map(str::to_owned).collect();
    let mut listed: Vec<String> =
        names::ALL.iter().map(|metric| format!("{} {}", metric.name, metric.kind)).collect();
    written.sort();
    listed.sort();
    assert_eq!(written, listed);
}

#[test]
fn a_forgotten_door_leaves_nothing_behind() {
    let registry = Registry::new();
    registry.edge(&labels("web")).count(Outcome::Success, Duration::ZERO, 0, 0);
    registry.denied("orders", "inbound", "policy");
    registry.forget("orders");
    assert!(!registry.render().contains("orders"));
}
