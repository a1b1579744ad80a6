//! Brings decisions to the control plane, in batches and in order, so that
//! `explain` can answer for them. What can't be brought now waits.

use std::convert::Infallible;
use std::time::Duration;

use net::grpc::push::records_client::RecordsClient;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use wire::push::Record;

use crate::door::Door;

const BATCH_MAX: usize = 256;
const RETRY: Duration = Duration::from_secs(1);

/// Decisions on their way, kept over a change of connection.
pub(crate) struct Waiting {
    records: mpsc::Receiver<Record>,
    batch: Vec<Record>,
}

impl Waiting {
    pub(crate) const fn new(records: mpsc::Receiver<Record>) -> Self {
        Self { records, batch: Vec::new() }
    }
}

/// Reports for as long as it is polled. A batch under way when it is dropped
/// is reported again by the next one: ids are unique.
pub(crate) async fn keep_reporting(
    channel: Channel,
    door: &Door,
    waiting: &mut Waiting,
) -> Infallible {
    let mut client = RecordsClient::new(channel);
    let Waiting { records, batch } = waiting;
    loop {
        if batch.is_empty() && records.recv_many(batch, BATCH_MAX).await == 0 {
            std::future::pending::<()>().await;
        }
        while client.report(tokio_stream::iter(batch.clone())).await.is_err() {
            tokio::time::sleep(RETRY).await;
        }
        door.reported(batch.len());
        batch.clear();
    }
}
