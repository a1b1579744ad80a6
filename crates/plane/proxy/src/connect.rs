//! The explicit proxy: plain requests are served like any other; CONNECT
//! (RFC 9110, section 9.3.6) opens a way to a declared service and nowhere
//! else. Behind a CONNECT to an HTTP port there is HTTP again, and judged.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use model::Limits;
use tokio::time::{Instant, timeout_at};
use wire::canonical;
use wire::http1::RequestHead;

use config::Protocol;

use crate::buffer::Buffer;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::half::Half;
use crate::http;
use crate::http1::Connection;
use crate::http2;
use crate::route;
use crate::session::Session;
use crate::spoken::Spoken;
use crate::stream::Stream;
use crate::streaming::{self, Opening};

const OPEN: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Looks at the first request and serves what it asks for.
pub(crate) async fn serve(mut session: Session, mut stream: Stream) {
    let limits = session.door.world().snapshot.limits.clone();
    let mut input = Buffer::default();
    match http::settle(&session, &mut stream, &mut input, Spoken::Http).await {
        None => return,
        Some(Spoken::Http2) => return http2::serve(Rc::new(session), stream, &input).await,
        Some(_) => {}
    }
    let mut head = RequestHead::default();
    let (listed, core) = (Rc::clone(&session.listed), Rc::clone(&session.core));
    let first = tokio::select! {
        biased;
        _ = listed.cut() => return,
        first = first(&mut stream, &mut input, &mut head, &limits) => first,
        () = core.draining() => return,
    };
    let refused = match first {
        First::End => return,
        First::Other => {
            return Connection::of(Rc::new(session), stream, input).serve().await;
        }
        First::Slow => Fault::HeadTimeout(limits.head_time),
        First::Connect { used } => match target(&session, &head) {
            Ok((entry, protocol)) => {
                input.consume(used);
                session.entry = Arc::new(entry);
                return tunnel(session, stream, input, protocol).await;
            }
            Err(fault) => fault,
        },
    };
    let mut conn = Connection::of(Rc::new(session), stream, input);
    conn.refuse(refused).await;
    conn.close().await;
}

/// What the first request is.
enum First {
    /// A CONNECT whose head took so many bytes.
    Connect { used: usize },
    /// For the common way: any other request, complete or wrong.
    Other,
    /// It took too long to say.
    Slow,
    /// Nobody asked for anything.
    End,
}

/// Reads up to the end of the first head, under the limits of any other.
async fn first(
    stream: &mut Stream,
    input: &mut Buffer,
    head: &mut RequestHead,
    limits: &Limits,
) -> First {
    let mut deadline = Instant::now() + limits.idle_time.into();
    loop {
        match head.parse(input.unread(), limits) {
            Ok(Some(used)) if head.method() == "CONNECT" => return First::Connect { used },
            Ok(Some(_)) | Err(_) => return First::Other,
            Ok(None) => {}
        }
        let begun = !input.is_empty();
        match timeout_at(deadline, input.fill(stream, limits.head_bytes_max + 1)).await {
            Ok(Ok(1..)) if begun => {}
            Ok(Ok(1..)) => deadline = Instant::now() + limits.head_time.into(),
            Err(_) if begun => return First::Slow,
            _ => return First::End,
        }
    }
}

fn target(session: &Session, head: &RequestHead) -> Result<(Entry, Protocol), Fault> {
    let world = session.door.world();
    let asked = canonical::authority(head.target()).map_err(Fault::Target)?;
    let port = asked.port.ok_or(Fault::ConnectHere)?;
    let at = route::by_host(&world, &asked.host, Some(port), false)?;
    let unknown = || Fault::UnknownService(asked.host.clone());
    let outbound = world.snapshot.outbound.get(at).ok_or_else(unknown)?;
    let entry = Entry::Outbound { service: outbound.service.clone(), port: outbound.port };
    Ok((entry, outbound.protocol))
}

async fn tunnel(session: Session, stream: Stream, input: Buffer, protocol: Protocol) {
    if !protocol.is_http() {
        let opening = Opening { session, stream, input, announce: Some(OPEN) };
        return streaming::serve(opening).await;
    }
    let within = session.door.world().snapshot.limits.head_time;
    let stream = RefCell::new(stream);
    if Half::new(&stream).send(OPEN, within).await.is_ok() {
        http::serve(session, stream.into_inner(), input, Spoken::Http).await;
    }
}
