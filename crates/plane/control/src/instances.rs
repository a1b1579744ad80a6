//! The instances in the store, so that a restart does not forget where they
//! are: written behind the fleet, whenever it has moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry::{Instance, Registration};
use store::{Op, Store, StoreError, Txn};

use crate::clock::LeaseClock;
use crate::event::{Event, Events};
use crate::fleet::Fleet;

const PREFIX: &str = "/instances/";

/// The instances as they stand in the store.
pub(crate) struct Instances {
    store: Store,
    written: BTreeMap<String, String>,
}

impl Instances {
    /// Gives the fleet the instances of an earlier process.
    pub(crate) async fn restore(
        store: Store,
        fleet: &Fleet,
        clock: &LeaseClock,
    ) -> Result<Self, StoreError> {
        let mut written = BTreeMap::new();
        for entry in store.range(PREFIX).await?.entries {
            let value = String::from_utf8_lossy(&entry.value).into_owned();
            let name = entry.key.trim_start_matches(PREFIX).to_owned();
            if let Some(known) = read(&name, &value) {
                fleet.restore(known, clock.now());
            }
            written.insert(name, value);
        }
        Ok(Self { store, written })
    }

    /// Follows the fleet for ever.
    pub(crate) async fn follow(mut self, fleet: Arc<Fleet>, events: Events) {
        let mut moved = fleet.subscribe_places();
        moved.mark_changed();
        while moved.changed().await.is_ok() {
            if let Err(error) = self.write(&fleet.instances()).await {
                let what = format!("the instances could not be written down: {error}");
                events.tell(Event::Trouble { what });
            }
        }
    }

    async fn write(&mut self, instances: &[Instance]) -> Result<(), StoreError> {
        let wanted: BTreeMap<String, String> =
            instances.iter().map(|instance| (instance.name.clone(), text(instance))).collect();
        let new = wanted.iter().filter(|(name, text)| self.written.get(*name) != Some(*text));
        let put = new.map(|(name, text)| Op::put(format!("{PREFIX}{name}"), text.as_bytes()));
        let gone = self.written.keys().filter(|name| !wanted.contains_key(*name));
        let delete = gone.map(|name| Op::Delete(format!("{PREFIX}{name}")));
        let success: Vec<Op> = put.chain(delete).collect();
        if !success.is_empty() {
            self.store.txn(Txn { success, ..Txn::default() }).await?;
            self.written = wanted;
        }
        Ok(())
    }
}

fn text(instance: &Instance) -> String {
    let service = &instance.service;
    format!("{} {}/{}", instance.address, service.namespace, service.name)
}

fn read(name: &str, text: &str) -> Option<Registration> {
    let (address, service) = text.split_once(' ')?;
    let (address, service) = (address.parse().ok()?, service.parse().ok()?);
    Some(Registration { name: name.to_owned(), service, address })
}

#[cfg(test)]
mod tests {
    use registry::Presence;

    use super::*;

    #[test]
    fn instances_round_trip() {
        let registration = read("web-1", "127.0.0.1:4000 ops/web").unwrap();
        let Registration { name, service, address } = registration.clone();
        let presence = Presence::Away { since: model::Timestamp(0) };
        let instance = Instance { name, service, address, presence };
        assert_eq!(read("web-1", &text(&instance)), Some(registration));
        assert_eq!(read("web-1", "nonsense"), None);
    }
}
