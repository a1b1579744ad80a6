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

/// Reports for as long as it is polled. A batch under way when it is dropped
/// may be lost or, where the answer was, reported twice: ids are unique.
pub(crate) async fn keep_reporting(
    channel: Channel,
    door: &Door,
    records: &mut mpsc::Receiver<Record>,
) -> Infallible {
    let mut client = RecordsClient::new(channel);
    let mut batch = Vec::new();
    loop {
        if records.recv_many(&mut batch, BATCH_MAX).await == 0 {
            std::future::pending::<()>().await;
        }
        while client.report(tokio_stream::iter(batch.clone())).await.is_err() {
            tokio::time::sleep(RETRY).await;
        }
        door.reported(batch.len());
        batch.clear();
    }
}
