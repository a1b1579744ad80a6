//! The registry as a machine: events in, sets of instances out, each change
//! numbered so that whoever pushes knows what moved.

use std::collections::BTreeMap;

use model::{Millis, ServiceName, Timestamp};

use crate::instance::{Instance, Presence, Registration, Session};

/// How long instances that are out of sight are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// An instance whose stream ended is kept so long, for a restart of the
    /// control plane or of the connection.
    pub grace: Millis,
    /// When most of a service is lost at once, that is more likely a fault of
    /// what we see than of what there is: then so long on top.
    pub hold: Millis,
}

impl Default for Patience {
    fn default() -> Self {
        Self { grace: Millis::from_secs(10), hold: Millis::from_secs(300) }
    }
}

/// All instances of the mesh.
#[derive(Debug, Default)]
pub struct Registry {
    patience: Patience,
    instances: BTreeMap<String, Instance>,
    revision: u64,
    moved: BTreeMap<ServiceName, u64>,
    sessions: u64,
}

/// Why an instance can't be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The name is an instance's of another service.
    #[error("the instance `{name}` belongs to the service {holder}")]
    OfAnotherService {
        /// The name.
        name: String,
        /// Whose it is.
        holder: ServiceName,
    },
    /// Empty, or beyond 253 bytes.
    #[error("an instance's name has 1 to {NAME_BYTES_MAX} bytes")]
    Name,
    /// The registry is full.
    #[error("the registry holds {INSTANCES_MAX} instances already")]
    Full,
}

const NAME_BYTES_MAX: usize = 253;
const INSTANCES_MAX: usize = 100_000;

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    /// An instance connected. One of the same name takes a new address over.
    ///
    /// # Errors
    /// When the name is of another service, no name at all, or one too many.
    pub fn register(&mut self, new: Registration) -> Result<Session, RegisterError> {
        self.admit(&new)?;
        self.sessions += 1;
        let session = Session(self.sessions);
        self.put(new, Presence::Here(session));
        Ok(session)
    }

    /// An instance that was known before a restart of the control plane: out
    /// of sight until it connects, from `now` on.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub fn restore(&mut self, known: Registration, now: Timestamp) -> Result<(), RegisterError> {
        self.admit(&known)?;
        self.put(known, Presence::Away { since: now });
        Ok(())
    }

    /// A stream ended without a word. The instance stays for its grace.
    /// Nothing happens when it has connected again in the meantime.
    pub fn disconnected(&mut self, session: Session, now: Timestamp) {
        let of_session = |i: &&mut Instance| i.presence == Presence::Here(session);
        if let Some(instance) = self.instances.values_mut().find(of_session) {
            instance.presence = Presence::Away { since: now };
        }
    }

    /// An instance said good-bye: it goes at once. False when it wasn't there.
    pub fn deregister(&mut self, name: &str) -> bool {
        let gone = self.instances.remove(name);
        if let Some(instance) = &gone {
            self.moved(instance.service.clone());
        }
        gone.is_some()
    }

    /// Lets go of who was out of sight too long. True when somebody went.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let due: Vec<(String, ServiceName)> = self
            .deadlines()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, instance)| (instance.name.clone(), instance.service.clone()))
            .collect();
        for (name, service) in &due {
            self.instances.remove(name);
            self.moved(service.clone());
        }
        !due.is_empty()
    }

    /// When [`Registry::expire`] has something to do next.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.deadlines().map(|(deadline, _)| deadline).min()
    }

    /// The instances of a service, by name, those out of sight among them.
    #[must_use]
    pub fn view(&self, service: &ServiceName) -> Vec<&Instance> {
        self.instances.values().filter(|instance| instance.service == *service).collect()
    }

    /// All instances, by name.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    /// One instance.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Instance> {
        self.instances.get(name)
    }

    /// Services most of whose instances are out of sight beyond their grace
    /// and kept nevertheless: a reason to alarm.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Vec<&ServiceName> {
        let beyond = |since: Timestamp| since.plus(self.patience.grace) <= now;
        let mut held: Vec<_> = self
            .instances
            .values()
            .filter(|i| matches!(i.presence, Presence::Away { since } if beyond(since)))
            .map(|instance| &instance.service)
            .collect();
        held.sort();
        held.dedup();
        held
    }

    /// The number of the last change of any set: an instance added, removed
    /// or moved. Going out of sight is none.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The services whose sets changed after `revision`.
    #[must_use]
    pub fn moved_since(&self, revision: u64) -> Vec<&ServiceName> {
        let later = self.moved.iter().filter(|(_, moved)| **moved > revision);
        later.map(|(service, _)| service).collect()
    }

    fn admit(&self, new: &Registration) -> Result<(), RegisterError> {
        if new.name.is_empty() || new.name.len() > NAME_BYTES_MAX {
            return Err(RegisterError::Name);
        }
        match self.instances.get(&new.name) {
            Some(known) if known.service != new.service => Err(RegisterError::OfAnotherService {
                name: new.name.clone(),
                holder: known.service.clone(),
            }),
            None if self.instances.len() >= INSTANCES_MAX => Err(RegisterError::Full),
            _ => Ok(()),
        }
    }

    fn put(&mut self, new: Registration, presence: Presence) {
        let Registration { name, service, address } = new;
        let instance = Instance { name: name.clone(), service: service.clone(), address, presence };
        let former = self.instances.insert(name, instance);
        if former.is_none_or(|former| former.address != address) {
            self.moved(service);
        }
    }

    fn moved(&mut self, service: ServiceName) {
        self.revision += 1;
        self.moved.insert(service, self.revision);
    }

    /// Everybody out of sight, with the moment they are let go.
    fn deadlines(&self) -> impl Iterator<Item = (Timestamp, &Instance)> {
        let sights = self.count_sights();
        self.instances.values().filter_map(move |instance| {
            let Presence::Away { since } = instance.presence else { return None };
            let sight = sights.get(&instance.service).copied().unwrap_or_default();
            let hold = if sight.is_mass_loss() { self.patience.hold } else { Millis(0) };
            Some((since.plus(self.patience.grace).plus(hold), instance))
        })
    }

    fn count_sights(&self) -> BTreeMap<ServiceName, Sight> {
        let mut sights: BTreeMap<ServiceName, Sight> = BTreeMap::new();
        for instance in self.instances.values() {
            let sight = sights.entry(instance.service.clone()).or_default();
            match instance.is_here() {
                true => sight.here += 1,
                false => sight.away += 1,
            }
        }
        sights
    }
}

/// How much of a service can be seen.
#[derive(Clone, Copy, Default)]
struct Sight {
    here: usize,
    away: usize,
}

impl Sight {
    /// More than half of it is out of sight, the last instance included.
    const fn is_mass_loss(self) -> bool {
        self.away > self.here
    }
}

#[cfg(test)]
mod tests;
