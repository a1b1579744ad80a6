//! The service doors report their decisions to. A door speaks for itself only.

use std::sync::Arc;

use model::{Clock as _, ServiceName, SpiffeId, Timestamp};
use net::SystemClock;
use net::grpc::push::records_server::Records;
use tonic::{Request, Response, Status, Streaming};
use wire::push::{Record, ReportSummary};

use super::decision::Decision;
use super::enrich::enrich;
use super::writer::Writer;
use crate::documents::Documents;
use crate::push::proved;

/// The service.
pub(crate) struct RecordsService {
    pub(crate) documents: Arc<Documents>,
    pub(crate) writer: Writer,
}

#[tonic::async_trait]
impl Records for RecordsService {
    async fn report(
        &self,
        request: Request<Streaming<Record>>,
    ) -> Result<Response<ReportSummary>, Status> {
        let peer = proved(request.extensions())?;
        let mut records = request.into_inner();
        let mut accepted = 0;
        while let Some(record) = records.message().await? {
            self.take(&peer, record).await?;
            accepted += 1;
        }
        Ok(Response::new(ReportSummary { accepted }))
    }
}

impl RecordsService {
    async fn take(&self, peer: &SpiffeId, record: Record) -> Result<(), Status> {
        let current = self.documents.current();
        let may_be = |door: &ServiceName| {
            let own = SpiffeId::of_service(self.documents.trust_domain(), door);
            own == *peer || current.world.identities_of(door).contains(peer)
        };
        if !record.door.parse().is_ok_and(|door| may_be(&door)) {
            let text = format!("{peer} does not speak for the door {}", record.door);
            return Err(Status::permission_denied(text));
        }
        // A door's clock may be off; nothing of it keeps a record for ever.
        let time = Timestamp(record.time_ms).min(SystemClock.now());
        let mut decision =
            Decision::read(record).map_err(|error| Status::invalid_argument(error.to_string()))?;
        enrich(&mut decision, &current);
        self.writer.keep(&decision, time).await;
        Ok(())
    }
}
