//! The loop of an HTTP connection: one request after the other, until either
//! side has enough or its right to be open ends.

use std::rc::Rc;

use wire::http1::Version;

use crate::connection::{Connection, Next};
use crate::exchange;
use crate::fault::Fault;
use crate::record;

/// Serves one request after the other until either side has enough.
pub(crate) async fn serve(mut conn: Connection) {
    let listed = Rc::clone(&conn.listed);
    let cut = tokio::select! {
        biased;
        why = listed.cut() => Some(why),
        () = requests(&mut conn) => None,
    };
    if let Some(why) = cut {
        // What was under way when it was cut has a reason and leaves a record.
        record::record(&mut conn, Some(Fault::Cut(why)));
    }
}

async fn requests(conn: &mut Connection) {
    loop {
        // Waiting shows the limits of now; the exchange loads its own world.
        let limits = conn.door.world().snapshot.limits.clone();
        match conn.next(&limits).await {
            Next::End => break,
            Next::Request { since } => {
                if !exchange::exchange(conn, since).await {
                    break;
                }
            }
            Next::Refused(fault) => {
                exchange::refuse_unread(conn, fault).await;
                break;
            }
        }
    }
    // A polite end would make a cut answer pass for a whole one.
    if !conn.is_broken {
        conn.close().await;
    } else if conn.request.version() == Version::Http10 {
        // Its answer may be framed by the end alone.
        conn.stream.get_mut().end_rudely();
    }
}
