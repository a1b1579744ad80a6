//! Step one: a connection is taken in, listed before anything else happens to
//! it, and handed to what serves its protocol.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use config::Protocol;

use crate::arrival::Arrival;
use crate::connect;
use crate::connection::Connection;
use crate::core::Core;
use crate::entry::Entry;
use crate::identify::identify;
use crate::record;
use crate::right::Right;
use crate::serve;
use crate::streaming::{self, Opening};

/// Takes a connection in and serves it to its end.
pub(crate) async fn admit(core: Rc<Core>, arrival: Arrival) {
    let listed = Rc::new(core.register.list(arrival.door.number));
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
    let (identified, protocol) = match identified {
        Ok(identified) => identified,
        Err(refused) => {
            return record::refused_handshake(&core, &door, (&entry, from), &refused);
        }
    };
    match (&*identified.entry, protocol) {
        (_, Protocol::Tcp) => streaming::serve(Opening::of(identified)).await,
        (Entry::HttpProxy, Protocol::Http) => connect::serve(identified).await,
        (_, Protocol::Http) => {
            identified.listed.holds(Right::Requests);
            serve::serve(Connection::of(identified)).await;
        }
    }
}
