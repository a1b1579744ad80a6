//! Section 1.3 of the list of attacks: frames at all four places where a
//! stranger can knock, before an app of HTTP/1.1 and one of HTTP/2. A new
//! attack is a new row; what a row holds is told in `testkit::http2_attack`.

mod bodies;
mod compression;
mod costs;
mod floods;
mod frames;
mod heads;
mod lies;
mod lies_frames;
mod pseudo;
mod resets;
mod sizes;
mod slow;
mod streams;
mod upstream;
mod windows;

use testkit::http2::Aim;
use testkit::http2_attack::{Row, run_table};
use testkit::{Arena, Place};

/// Words and what they are.
type Named = (fn() -> Vec<u8>, &'static str);

/// The same for words that depend on whom they are for.
type Aimed = (fn(&Aim) -> Vec<u8>, &'static str);

fn rows() -> Vec<Row> {
    let mut rows = heads::rows();
    rows.extend(pseudo::rows());
    rows.extend(sizes::rows());
    rows.extend(bodies::rows());
    rows.extend(streams::rows());
    rows.extend(frames::rows());
    rows.extend(compression::rows());
    rows
}

fn run(place: Place) {
    run_table(&Arena::open(""), &rows(), place);
}

#[test]
fn the_inbound_door_holds() {
    run(Place::Inbound);
}

#[test]
fn the_outbound_door_holds() {
    run(Place::Outbound);
}

#[test]
fn the_explicit_proxy_holds() {
    run(Place::Proxy);
}

#[test]
fn the_gateway_holds() {
    run(Place::Edge);
}

#[test]
fn every_line_of_the_list_has_two_rows_or_more() {
    let (mut rows, floods) = (rows(), floods::rows());
    rows.extend(floods);
    rows.extend(resets::rows());
    assert!(rows.len() > 200, "{}", rows.len());
    for id in ["H2-01", "H2-02", "H2-04", "H2-05", "H2-08", "H2-10", "H2-11", "H2-14"] {
        assert!(rows.iter().filter(|row| row.id == id).count() >= 2, "{id}");
    }
}
