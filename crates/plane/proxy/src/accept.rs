//! Step one: a connection is taken in, listed before anything else happens to
//! it, and handed to what serves its protocol.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::arrival::Arrival;
use crate::buffer::Buffer;
use crate::connect;
use crate::core::Core;
use crate::entry::Entry;
use crate::http;
use crate::identify::{Identified, identify};
use crate::record;
use crate::right::Right;
use crate::spoken::Spoken;
use crate::streaming::{self, Opening};

/// Takes a connection in and serves it to its end.
pub(crate) async fn admit(core: Rc<Core>, arrival: Arrival) {
    let listed = Rc::new(core.register.list(arrival.door.number, Right::Connection));
    let _counted = arrival.door.meters.open_connection();
    // Listed first, then asked: whoever closes a door ends what is listed.
    if arrival.door.closed.load(Ordering::Acquire) {
        return;
    }
    let watched = Rc::clone(&listed);
    let (door, entry) = (Arc::clone(&arrival.door), Arc::clone(&arrival.entry));
    let from = arrival.accepted.peer;
    let identified = tokio::select! {
        biased;
        _ = watched.cut() => return,
        identified = identify(Rc::clone(&core), arrival, listed) => identified,
    };
    let Identified { session, stream, spoken } = match identified {
        Ok(identified) => identified,
        Err(refused) => {
            return record::refused_handshake(&core, &door, (&entry, from), &refused);
        }
    };
    match (&*session.entry, spoken) {
        (_, Spoken::Tcp) => streaming::serve(Opening::of(session, stream)).await,
        (Entry::HttpProxy, _) => connect::serve(session, stream).await,
        (_, spoken) => http::serve(session, stream, Buffer::default(), spoken).await,
    }
}
