//! HTTP in whichever version shows itself.

use std::rc::Rc;

use crate::buffer::Buffer;
use crate::http1::Connection;
use crate::http2;
use crate::session::Session;
use crate::spoken::{Spoken, sniff};
use crate::stream::Stream;

/// Serves a connection of which `input` was read before.
pub(crate) async fn serve(session: Session, mut stream: Stream, mut input: Buffer, spoken: Spoken) {
    match settle(&session, &mut stream, &mut input, spoken).await {
        Some(Spoken::Http2) => http2::serve(Rc::new(session), stream, &input).await,
        Some(_) => Connection::of(Rc::new(session), stream, input).serve().await,
        None => {}
    }
}

/// Finds out the version where nothing has settled it. `None`: nobody said a
/// word, or it is too late for one.
pub(crate) async fn settle(
    session: &Session,
    stream: &mut Stream,
    input: &mut Buffer,
    spoken: Spoken,
) -> Option<Spoken> {
    if spoken != Spoken::Http {
        return Some(spoken);
    }
    let limits = session.door.world().snapshot.limits.clone();
    tokio::select! {
        biased;
        _ = session.listed.cut() => None,
        seen = sniff(stream, input, &limits) => seen,
        () = session.core.draining() => None,
    }
}
