//! Decisions on their way to the disk: gathered for as long as a write takes,
//! so that many cost little more than one. A full queue makes the sender wait.

use model::{Millis, Timestamp};
use store::{Bounds, Ring, Row};
use tokio::sync::mpsc;

use super::decision::Decision;
use crate::event::{Event, Events};

/// What is kept: a day, and so many.
pub(crate) const BOUNDS: Bounds =
    Bounds { count_max: 100_000, age_max: Millis::from_secs(24 * 3_600) };
const QUEUE: usize = 1024;
const BATCH: usize = 512;

/// Takes decisions in.
#[derive(Clone, Debug)]
pub(crate) struct Writer(mpsc::Sender<Row>);

impl Writer {
    /// The writer, and the work that has to be run for it.
    pub(crate) fn to(ring: Ring, events: Events) -> (Self, impl Future<Output = ()>) {
        let (queue, rows) = mpsc::channel(QUEUE);
        (Self(queue), write(ring, rows, events))
    }

    /// Hands a decision over; waits while the queue is full.
    pub(crate) async fn keep(&self, decision: &Decision, time: Timestamp) {
        let Ok(value) = serde_json::to_vec(decision) else { return };
        // The work ends only when the process does.
        let _ = self.0.send(Row { id: decision.id.clone(), time, value }).await;
    }
}

async fn write(ring: Ring, mut rows: mpsc::Receiver<Row>, events: Events) {
    let mut batch = Vec::with_capacity(BATCH);
    while rows.recv_many(&mut batch, BATCH).await > 0 {
        let count = batch.len();
        if let Err(error) = ring.push(std::mem::take(&mut batch)).await {
            let what = format!("{count} decisions could not be written down: {error}");
            events.tell(Event::Trouble { what });
        }
    }
}
