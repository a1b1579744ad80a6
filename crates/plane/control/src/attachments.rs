//! Which processes were promised which identity: each under a lease that
//! somebody has to keep up, and the process that holds all doors of this host.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Millis, ServiceName};
use parking_lot::Mutex;
use store::{LeaseId, Op, Store, StoreError, Txn};
use tokio::sync::watch;

use crate::clock::LeaseClock;

/// A lease that is not renewed for this long is over.
const TTL: Millis = Millis::from_secs(10);
const PREFIX: &str = "/attached/";

/// One promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// The service whose identity it is.
    pub(crate) service: ServiceName,
    /// The process that may have it, with its descendants.
    pub(crate) pid: u32,
}

/// All promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attached {
    /// By lease.
    pub(crate) leases: BTreeMap<LeaseId, Attachment>,
    /// The process that holds the doors of all services run here, and of all
    /// gateways.
    pub(crate) resident: Option<u32>,
}

/// Keeps the promises, in the store and in order.
#[derive(Debug)]
pub(crate) struct Attachments {
    store: Store,
    clock: Arc<LeaseClock>,
    current: watch::Sender<Arc<Attached>>,
    writing: Mutex<()>,
}

impl Attachments {
    /// Takes up the promises of an earlier process; each has its whole time
    /// again.
    pub(crate) async fn open(store: Store, clock: Arc<LeaseClock>) -> Result<Self, StoreError> {
        let mut leases = BTreeMap::new();
        for entry in store.range(PREFIX).await?.entries {
            let attachment = String::from_utf8(entry.value).ok().and_then(|text| read(&text));
            leases.extend(entry.lease.zip(attachment));
        }
        let attached = Attached { leases, resident: None };
        let current = watch::Sender::new(Arc::new(attached));
        Ok(Self { store, clock, current, writing: Mutex::new(()) })
    }

    /// For whoever has to know of each change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Attached>> {
        self.current.subscribe()
    }

    /// All promises at present.
    pub(crate) fn current(&self) -> Arc<Attached> {
        Arc::clone(&self.current.borrow())
    }

    /// Makes a promise.
    pub(crate) async fn attach(&self, attachment: Attachment) -> Result<LeaseId, StoreError> {
        let lease = self.store.grant(TTL, self.clock.now()).await?;
        let put = Op::Put {
            key: format!("{PREFIX}{lease}"),
            value: write(&attachment).into_bytes(),
            lease: Some(lease),
        };
        self.store.txn(Txn { success: vec![put], ..Txn::default() }).await?;
        self.change(|attached| drop(attached.leases.insert(lease, attachment)));
        Ok(lease)
    }

    /// Keeps a promise up.
    pub(crate) fn renew(&self, lease: LeaseId) -> Result<(), StoreError> {
        if !self.current.borrow().leases.contains_key(&lease) {
            return Err(StoreError::NoSuchLease);
        }
        self.store.keep_alive(lease, self.clock.now())
    }

    /// Ends a promise.
    pub(crate) async fn detach(&self, lease: LeaseId) -> Result<(), StoreError> {
        if !self.current.borrow().leases.contains_key(&lease) {
            return Err(StoreError::NoSuchLease);
        }
        self.store.revoke(lease).await?;
        self.change(|attached| drop(attached.leases.remove(&lease)));
        Ok(())
    }

    /// Names the process that holds the doors of this host.
    pub(crate) fn reside(&self, pid: u32) {
        self.change(|attached| attached.resident = Some(pid));
    }

    /// Whether the process that carries the doors of `run` services is here.
    pub(crate) fn has_resident(&self) -> bool {
        self.current().resident.is_some()
    }

    /// Ends what nobody kept up.
    pub(crate) async fn expire(&self) -> Result<(), StoreError> {
        let over = self.store.expire(self.clock.now()).await?;
        if !over.is_empty() {
            self.change(|attached| attached.leases.retain(|lease, _| !over.contains(lease)));
        }
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Attached)) {
        let _one_at_a_time = self.writing.lock();
        let mut attached = Attached::clone(&self.current());
        change(&mut attached);
        self.current.send_if_modified(|current| {
            let differs = **current != attached;
            *current = Arc::new(attached);
            differs
        });
    }
}

fn write(attachment: &Attachment) -> String {
    let ServiceName { namespace, name } = &attachment.service;
    format!("{} {namespace}/{name}", attachment.pid)
}

fn read(text: &str) -> Option<Attachment> {
    let (pid, service) = text.split_once(' ')?;
    Some(Attachment { service: service.parse().ok()?, pid: pid.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_round_trip() {
        let attachment = Attachment { service: "ops/web".parse().unwrap(), pid: 42 };
        assert_eq!(read(&write(&attachment)), Some(attachment));
        assert_eq!(read("web"), None);
        assert_eq!(read("x ops/web"), None);
    }
}
