//! Section 1.4 of the list of attacks: one request in many spellings, at every
//! place where somebody judges or routes it, as HTTP/1.1 and as HTTP/2: the
//! verdict of its plain form, or 400. AZ-23 is `tests/verdicts`, AZ-17 and
//! AZ-19 are tests of the door's register. No rule can speak yet of headers
//! (AZ-08), regexes (AZ-20), other judges (AZ-22) or addresses (half of AZ-25).

mod ask;
mod court;
mod documents;
mod hosts;
mod judge;
mod paths;
mod ports;
mod slashes;
mod strangers;
mod targets;

use ask::Speech;
use court::{Court, Way};
use testkit::Findings;

fn hold(speech: Speech, way: Way) {
    let court = Court::open();
    let mut findings = Findings::default();
    for row in paths::rows() {
        row.run(&court, speech, way, &mut findings);
    }
    for row in hosts::rows(way) {
        row.run(&court, speech, way, &mut findings);
    }
    strangers::run(&court, speech, way, &mut findings);
    findings.check(&court.stage);
}

#[test]
fn the_inbound_door_judges_one_form() {
    hold(Speech::Http1, Way::Inbound);
    hold(Speech::Http2, Way::Inbound);
}

#[test]
fn the_outbound_door_passes_one_form_on() {
    hold(Speech::Http1, Way::Outbound);
    hold(Speech::Http2, Way::Outbound);
}

#[test]
fn the_explicit_proxy_passes_one_form_on() {
    hold(Speech::Http1, Way::Proxy);
    hold(Speech::Http2, Way::Proxy);
}

#[test]
fn the_gateway_passes_one_form_on() {
    hold(Speech::Http1, Way::Edge);
    hold(Speech::Http2, Way::Edge);
}

#[test]
fn the_gateways_own_rules_judge_one_form() {
    hold(Speech::Http1, Way::Rules);
    hold(Speech::Http2, Way::Rules);
}

#[test]
fn the_gateways_routes_see_one_form() {
    hold(Speech::Http1, Way::Routes);
    hold(Speech::Http2, Way::Routes);
}

/// AZ-02: `%2F` where somebody has asked to keep it.
#[test]
fn an_escaped_slash_is_kept_where_it_was_asked_for_and_nowhere_else() {
    for way in [Way::Inbound, Way::Outbound, Way::Proxy, Way::Edge] {
        let court = Court::open();
        let mut findings = Findings::default();
        for speech in [Speech::Http1, Speech::Http2] {
            slashes::run(&court, speech, way, &mut findings);
        }
        findings.check(&court.stage);
    }
}

#[test]
fn every_line_of_the_list_has_rows() {
    for (id, least) in [("AZ-01", 20), ("AZ-02", 30), ("AZ-04", 5), ("AZ-05", 15)] {
        let count = paths::rows().iter().filter(|row| row.id == id).count();
        assert!(count >= least, "{id}: {count}");
    }
    for (id, way, least) in [("AZ-07", Way::Edge, 20), ("AZ-13", Way::Edge, 6)] {
        let count = hosts::rows(way).iter().filter(|row| row.id == id).count();
        assert!(count >= least, "{id}: {count}");
    }
}
