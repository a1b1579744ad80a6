//! The server's side of an HTTP/2 connection, fed anything: the same however
//! it is split, within its bounds whatever its owner does, and never more
//! talkative than a hundred times its peer.

use wire::http2::Machine;

use super::{frames, owner};
use crate::parts;

pub(super) fn run(input: &[u8]) {
    let (limits, patient) = (owner::limits(), owner::patient());
    for bytes in frames::both_forms(input).map(frames::with_preface) {
        let whole = owner::listen(Machine::server(&patient), &bytes, &[bytes.len()]);
        owner::check_answer(&whole, &bytes);
        for ends in parts::ways(&bytes) {
            let split = owner::listen(Machine::server(&patient), &bytes, &ends);
            assert_eq!(split, whole, "cut at {ends:?}");
        }
        let mut machine = Machine::server(&limits);
        let ends = parts::ways(&bytes).swap_remove(0);
        owner::drive(&mut machine, &bytes, &ends, |machine, event| {
            owner::work(machine, &event, &[b'x'; 700]);
            // As many again may have come to their end and wait for us.
            assert!(machine.open_streams() <= 2 * limits.http2_streams_max);
        });
    }
}
