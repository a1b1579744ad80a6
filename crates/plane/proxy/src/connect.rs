//! The explicit proxy: plain requests are served like any other; CONNECT
//! (RFC 9110, section 9.3.6) opens a way to a declared service and nowhere
//! else. Behind a CONNECT to an HTTP port there is HTTP again, and judged.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use config::Protocol;
use model::Limits;
use tokio::time::{Instant, timeout_at};
use wire::canonical;
use wire::http1::RequestHead;

use crate::buffer::Buffer;
use crate::connection::Connection;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::half::Half;
use crate::identify::Identified;
use crate::right::Right;
use crate::route;
use crate::serve;
use crate::stream::Stream;
use crate::streaming::{self, Opening};

const OPEN: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Looks at the first request and serves what it asks for.
pub(crate) async fn serve(mut identified: Identified) {
    let limits = identified.door.world().snapshot.limits.clone();
    let mut input = Buffer::default();
    let mut head = RequestHead::default();
    let (listed, core) = (Rc::clone(&identified.listed), Rc::clone(&identified.core));
    let first = tokio::select! {
        biased;
        _ = listed.cut() => return,
        first = first(&mut identified.stream, &mut input, &mut head, &limits) => first,
        () = core.draining() => return,
    };
    let refused = match first {
        First::End => return,
        First::Other => return plain(identified, input).await,
        First::Slow => Fault::HeadTimeout(limits.head_time),
        First::Connect { used } => match target(&identified, &head) {
            Ok((entry, protocol)) => {
                input.consume(used);
                identified.entry = Arc::new(entry);
                return tunnel(identified, input, protocol).await;
            }
            Err(fault) => fault,
        },
    };
    let mut conn = Connection::of(identified);
    conn.input = input;
    crate::exchange::refuse_unread(&mut conn, refused).await;
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

async fn plain(identified: Identified, input: Buffer) {
    identified.listed.holds(Right::Requests);
    let mut conn = Connection::of(identified);
    conn.input = input;
    serve::serve(conn).await;
}

fn target(identified: &Identified, head: &RequestHead) -> Result<(Entry, Protocol), Fault> {
    let world = identified.door.world();
    let asked = canonical::authority(head.target()).map_err(Fault::Target)?;
    let port = asked.port.ok_or(Fault::ConnectHere)?;
    let at = route::by_host(&world, &asked.host, Some(port), Protocol::Tcp)?;
    let unknown = || Fault::UnknownService(asked.host.clone());
    let outbound = world.snapshot.outbound.get(at).ok_or_else(unknown)?;
    let entry = Entry::Outbound { service: outbound.service.clone(), port: outbound.port };
    Ok((entry, outbound.protocol))
}

async fn tunnel(identified: Identified, input: Buffer, protocol: Protocol) {
    let limits = identified.door.world().snapshot.limits.clone();
    match protocol {
        Protocol::Tcp => {
            streaming::serve(Opening { identified, input, announce: Some(OPEN) }).await;
        }
        Protocol::Http => {
            let mut identified = identified;
            let stream = RefCell::new(identified.stream);
            if Half::new(&stream).send(OPEN, limits.head_time).await.is_err() {
                return;
            }
            identified.stream = stream.into_inner();
            plain(identified, input).await;
        }
    }
}
