//! What lives on one core's thread: its own pool, register and balancing
//! state, so that nothing on the way of a request is shared.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use model::{Clock as _, DecisionId, Dice as _, Millis, Timestamp};
use net::{OsDice, SystemClock};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::balancing::{Balancing, Load};
use crate::far::{Link, Slot};
use crate::lines::{AllowSampler, Lines};
use crate::pool::Pool;
use crate::register::Register;
use crate::world::Service;

/// Whether new work is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    Draining,
}

/// What lives on one core's thread.
pub(crate) struct Core {
    pub(crate) pool: Pool,
    pub(crate) register: Rc<Register>,
    pub(crate) clock: SystemClock,
    pub(crate) lines: Lines,
    pub(crate) allows: AllowSampler,
    pub(crate) meters: Arc<telemetry::Registry>,
    pub(crate) balancing: Rc<Balancing>,
    pub(crate) dice: RefCell<OsDice>,
    pub(crate) phase: watch::Receiver<Phase>,
}

impl Core {
    /// 64 random bits.
    pub(crate) fn roll(&self) -> u64 {
        self.dice.borrow_mut().roll()
    }

    /// 128 random bits.
    pub(crate) fn roll_wide(&self) -> u128 {
        self.dice.borrow_mut().roll_wide()
    }

    pub(crate) fn decision_id(&self) -> DecisionId {
        DecisionId::from_random(self.dice.borrow_mut().roll_wide())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An idle connection that has not been so for longer than `idle`.
    pub(crate) async fn take(&self, slot: Slot, idle: Millis) -> Option<Link> {
        let oldest = Instant::now().checked_sub(idle.into())?;
        self.pool.take(slot, oldest).await
    }

    /// The instance to try next.
    pub(crate) fn pick(&self, service: &Service) -> Option<(usize, Load)> {
        self.balancing.pick(service, self.now(), &mut *self.dice.borrow_mut())
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.phase.borrow() == Phase::Draining
    }

    /// Ends when draining begins.
    pub(crate) async fn draining(&self) {
        let mut phase = self.phase.clone();
        // A sender that is gone means that the process is ending.
        let _ended = phase.wait_for(|phase| *phase == Phase::Draining).await;
    }
}
