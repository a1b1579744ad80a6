//! An HTTP/2 connection: many exchanges at a time, each a task of its own that
//! is listed, judged and recorded by itself. The connection ends by a GOAWAY
//! in two steps (RFC 9113, section 6.8), so that nothing is lost on the way.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use net::http2::{self, Incoming, Mux};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, sleep_until};
use wire::http2::ErrorCode;

use crate::buffer::Buffer;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::funnel;
use crate::near::Near;
use crate::record;
use crate::session::Session;
use crate::stream::Stream;

/// A connection whose right is gone is closed after this. Its exchanges are
/// listed by themselves and have time to say why they end.
const PARTING: Duration = Duration::from_millis(250);

/// Serves the connection of which `input` was read before.
pub(crate) async fn serve(session: Rc<Session>, stream: Stream, input: &Buffer) {
    let limits = session.door.world().snapshot.limits.clone();
    let (mux, driver) = http2::server_with(stream, input.unread().to_vec(), &limits);
    let until = session.opened + limits.connection_age.into();
    let ended = tokio::select! {
        ended = driver => ended,
        () = take_in(&mux, &session) => return,
        () = part(&mux, &session, until) => return,
    };
    record::ended_http2(&session, &ended);
}

/// Serves what comes in; never ends by itself.
async fn take_in(mux: &Mux, session: &Rc<Session>) {
    while let Some(incoming) = mux.accept().await {
        // Whose right is gone is not served, however early it asks.
        if session.listed.is_ending() {
            continue;
        }
        if let Incoming::Refused { code, why } = incoming {
            record::refused_stream(session, &format!("{why} ({code})"));
            continue;
        }
        let session = Rc::clone(session);
        spawn_local(async move { one(session, incoming).await });
    }
    pending().await
}

async fn one(session: Rc<Session>, incoming: Incoming) {
    let since = Instant::now();
    let mut ex = Errand::of(session);
    match incoming {
        Incoming::Request { head, stream, .. } => {
            ex.request = head;
            ex.serve(&mut Near::Two(&stream), since).await;
        }
        Incoming::Refused { .. } => {}
        Incoming::TooLarge(stream) => {
            let _world = ex.begin(since);
            funnel::answer(&mut ex, &mut Near::Two(&stream), &Fault::TooLarge).await;
            record::record(&mut ex, Some(Fault::TooLarge));
        }
    }
}

/// Ends the connection in two steps when it is old or the door is drained, and
/// for good when its right is gone.
async fn part(mux: &Mux, session: &Session, until: Instant) {
    let why = tokio::select! {
        biased;
        why = session.listed.cut() => why,
        () = sleep_until(until) => went_on(mux, session).await,
        () = session.core.draining() => went_on(mux, session).await,
    };
    mux.shut_down();
    sleep(PARTING).await;
    mux.abort(ErrorCode::NoError, why);
    pending().await
}

/// What is open goes on, until it is cut from outside.
async fn went_on(mux: &Mux, session: &Session) -> &'static str {
    mux.shut_down();
    session.listed.cut().await
}
