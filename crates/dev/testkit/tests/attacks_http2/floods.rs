//! H2-04 and H2-05: frames that cost the sender little and mean nothing. Their
//! number has an end, and so has what is queued for who doesn't read.

use testkit::http2::frame::{
    code, data, frame, goaway, kind, padded, ping, priority, rst, setting, settings, settings_ack,
    window_update,
};
use testkit::http2::{Aim, App, Talk};
use testkit::http2_attack::{Row, row, run_table};
use testkit::{Arena, Place, until};

use super::Named;

const FLOOD: usize = 100_000;
const CALM: &[u32] = &[code::ENHANCE_YOUR_CALM];

pub(crate) fn rows() -> Vec<Row> {
    control().chain(empty()).collect()
}

fn control() -> impl Iterator<Item = Row> {
    let frames: [Named; 9] = [
        (|| ping(7), "PING"),
        (|| settings(&[]), "empty SETTINGS"),
        (|| settings(&[(setting::INITIAL_WINDOW_SIZE, 70_000); 50]), "SETTINGS of 50 values"),
        (|| settings(&[(0x7777, 7); 1000]), "unknown settings"),
        (|| priority(9, 7), "PRIORITY"),
        (|| window_update(0, 1), "WINDOW_UPDATE"),
        (|| frame(0x77, 0, 0, b""), "unknown frames"),
        (|| frame(0x77, 0, 0, &[7; 1000]), "large unknown frames"),
        (|| frame(kind::PING, 1, 0, &[7; 8]), "acknowledgements of PINGs nobody sent"),
    ];
    frames.into_iter().map(|(frame, what)| {
        let count = FLOOD.min(40_000_000 / frame().len());
        let few = 100.min(10_000 / frame().len());
        row("H2-04", what)
            .attack(move |_| frame().repeat(count))
            .goes_away(CALM)
            .because("frames")
            .whole_if(frame().len() > 500)
            .twin(move |aim| [frame().repeat(few), aim.get(1, &[])].concat())
    })
}

fn empty() -> impl Iterator<Item = Row> {
    let frames: [Named; 4] = [
        (|| data(1, b"", false), "empty DATA"),
        (|| padded(1, b"", 0), "empty DATA with no padding"),
        (|| padded(1, b"", 255), "DATA that is all padding"),
        (|| window_update(1, 1), "credit of one byte for a stream"),
    ];
    frames.into_iter().map(|(frame, what)| {
        row("H2-05", what)
            .attack(move |aim| aim.post(1, &[], &frame().repeat(FLOOD)))
            .goes_away(&[code::ENHANCE_YOUR_CALM, code::FLOW_CONTROL_ERROR])
            .begins(1)
            .whole_if(frame().len() > 200)
            .twin(move |aim| {
                aim.post(1, &[], &[frame().repeat(50), data(1, b"hello", true)].concat())
            })
            .arrives_with(b"hello")
    })
}

fn run(place: Place) {
    run_table(&Arena::open(""), &rows(), place);
}

#[test]
fn floods_end_at_the_inbound_door() {
    run(Place::Inbound);
}

#[test]
fn floods_end_at_the_outbound_door() {
    run(Place::Outbound);
}

#[test]
fn floods_end_at_the_explicit_proxy() {
    run(Place::Proxy);
}

#[test]
fn floods_end_at_the_gateway() {
    run(Place::Edge);
}

/// Frames that are no part of any budget are ignored or end the connection;
/// nobody else notices either.
#[test]
fn what_is_ignored_is_ignored_cheaply() {
    let arena = Arena::open("");
    let floods: [Named; 3] = [
        (|| rst(1, code::CANCEL), "RST_STREAM of a finished stream"),
        (|| goaway(0, code::NO_ERROR), "GOAWAY"),
        (settings_ack, "acknowledgements of SETTINGS"),
    ];
    for place in Place::ALL {
        for (flood, what) in floods {
            let aim = Aim { app: App::Http2, place: *place };
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            assert!(talk.ask(1, &aim.get(1, &[])).is_hello(), "{what} {place:?}");
            talk.send(&flood().repeat(FLOOD));
            arena.others_are_served(*place);
            arena.http2_others_are_served(*place);
            talk.send(&ping(1));
            assert!(
                talk.hear(|ledger| ledger.counts[6] > 0 || !ledger.goaways.is_empty())
                    || talk.is_closed,
                "{what} {place:?}: silence"
            );
        }
    }
}

/// CVE-2019-9512 and its like: acknowledgements are owed to somebody who never
/// reads. The door stops reading, and gives the connection up in time.
#[test]
fn who_does_not_read_its_acknowledgements_is_given_up() {
    let limits = "bodyStallTime: 300ms, http2ControlFramesMax: 10000000";
    let arena = Arena::open(limits);
    for place in Place::ALL {
        let aim = Aim { app: App::Http2, place: *place };
        for (flood, what) in [(ping(7), "PING"), (settings(&[]), "SETTINGS")] {
            arena.others_are_served(*place);
            arena.http2_others_are_served(*place);
            let before = arena.stage.open_connections();
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            talk.is_polite = false;
            let burst = flood.repeat(10_000);
            until(&format!("the door not to read any more of {what} at {place:?}"), || {
                (!talk.send(&burst)).then_some(())
            });
            arena.others_are_served(*place);
            arena.http2_others_are_served(*place);
            until(&format!("the door to give up: {what} at {place:?}"), || {
                (arena.stage.open_connections() <= before).then_some(())
            });
        }
    }
}
