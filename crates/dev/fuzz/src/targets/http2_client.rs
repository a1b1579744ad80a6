//! The client's side of an HTTP/2 connection with requests under way, fed
//! anything a hostile upstream may send: the same however it is split, and
//! within its bounds whatever its owner does.

use wire::http2::{Machine, RequestLine};

use super::{frames, owner};
use crate::parts;

pub(super) fn run(input: &[u8]) {
    for bytes in frames::both_forms(input) {
        let whole = owner::listen(calling(), &bytes, &[bytes.len()]);
        owner::check_answer(&whole, &bytes);
        for ends in parts::ways(&bytes) {
            assert_eq!(owner::listen(calling(), &bytes, &ends), whole, "cut at {ends:?}");
        }
        let mut machine = calling();
        let ends = parts::ways(&bytes).swap_remove(0);
        owner::drive(&mut machine, &bytes, &ends, |machine, event| {
            owner::work(machine, &event, &[b'x'; 700]);
            if machine.can_open() {
                call(machine, "GET", true);
            }
        });
    }
}

/// A client with a few calls under way: streams 1, 3, 5 and 7.
fn calling() -> Machine {
    let mut machine = Machine::client(&owner::limits());
    call(&mut machine, "GET", true);
    call(&mut machine, "HEAD", true);
    call(&mut machine, "POST", false);
    call(&mut machine, "CONNECT", false);
    machine
}

fn call(machine: &mut Machine, method: &str, end: bool) {
    let protocol = (method == "CONNECT").then_some("websocket");
    let line = RequestLine { method, scheme: "https", authority: "a", path: "/", protocol };
    let _refused = machine.open(line).send(end);
}
