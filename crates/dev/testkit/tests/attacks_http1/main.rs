//! Section 1.2 of the list of attacks: raw bytes at all four places where a
//! stranger's bytes can knock. A new attack is a new row in one of the tables;
//! what a row has to hold is told in `testkit::Row`.

mod bodies;
mod framing;
mod hosts;
mod lines;
mod sizes;
mod slow;
mod switches;
mod upstream;

use testkit::{Arena, Place, Row, run_table};

fn rows() -> Vec<Row> {
    [framing::rows(), lines::rows(), bodies::rows(), hosts::rows(), sizes::rows()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn the_inbound_door_holds() {
    run_table(&Arena::open(""), &rows(), &[Place::Inbound]);
}

#[test]
fn the_outbound_door_holds() {
    run_table(&Arena::open(""), &rows(), &[Place::Outbound]);
}

#[test]
fn the_explicit_proxy_holds() {
    run_table(&Arena::open(""), &rows(), &[Place::Proxy]);
}

#[test]
fn the_gateway_holds() {
    run_table(&Arena::open(""), &rows(), &[Place::Edge]);
}

#[test]
fn every_line_of_the_list_has_two_rows_or_more() {
    let rows = rows();
    assert!(rows.len() > 250, "{}", rows.len());
    for id in [
        "H1-01", "H1-02", "H1-04", "H1-05", "H1-07", "H1-08", "H1-10", "H1-11", "H1-13", "H1-14",
        "H1-16", "H1-17", "H1-19", "H1-22", "AZ-10", "AZ-11",
    ] {
        assert!(rows.iter().filter(|row| row.id == id).count() >= 2, "{id}");
    }
}
