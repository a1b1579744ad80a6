//! The balancing state of one core, by upstream, and the count of exchanges
//! an instance has on its hands.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use balance::{Balancer, Outcome};
use model::{Dice, Timestamp};

use crate::far::Slot;
use crate::world::Service;

/// One balancer for each upstream this core has called.
#[derive(Default)]
pub(crate) struct Balancing {
    upstreams: RefCell<HashMap<Slot, Balancer<Slot>>>,
}

impl Balancing {
    /// An instance of the service, by its place, counted as busy until the
    /// load is dropped.
    pub(crate) fn pick(
        self: &Rc<Self>,
        service: &Service,
        now: Timestamp,
        dice: &mut impl Dice,
    ) -> Option<(usize, Load)> {
        let mut upstreams = self.upstreams.borrow_mut();
        let balancer = upstreams.entry(service.upstream).or_default();
        let at = balancer.pick(&service.instances, |instance| instance.slot, now, dice)?;
        let instance = service.instances.get(at)?.slot;
        Some((at, Load { of: Rc::clone(self), upstream: service.upstream, instance }))
    }

    /// Forgets the instances that the services no longer have.
    pub(crate) fn forget_others(&self, services: &[Service]) {
        let mut upstreams = self.upstreams.borrow_mut();
        for service in services {
            if let Some(balancer) = upstreams.get_mut(&service.upstream) {
                balancer.retain(|slot| service.instances.iter().any(|i| i.slot == slot));
            }
        }
    }

    fn with(&self, upstream: Slot, tell: impl FnOnce(&mut Balancer<Slot>)) {
        if let Some(balancer) = self.upstreams.borrow_mut().get_mut(&upstream) {
            tell(balancer);
        }
    }
}

/// One exchange on an instance's hands.
pub(crate) struct Load {
    of: Rc<Balancing>,
    upstream: Slot,
    instance: Slot,
}

impl Load {
    /// The instance was reached.
    pub(crate) fn succeeded(&self, now: Timestamp) {
        let reached = |b: &mut Balancer<Slot>| b.report(self.instance, Outcome::Connected, now);
        self.of.with(self.upstream, reached);
    }

    /// It was not.
    pub(crate) fn failed(&self, now: Timestamp) {
        let failed = |b: &mut Balancer<Slot>| b.report(self.instance, Outcome::Unreachable, now);
        self.of.with(self.upstream, failed);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.of.with(self.upstream, |balancer| balancer.finish(self.instance));
    }
}
