//! What is held for each identity and what is due next. A machine without
//! clock, socket or keys of its own: the steward asks what is due, does it,
//! and says how it went. Generic over what is held, so that it can be tested
//! without certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::{Alarm, Backoff, Renewal};
use model::{Dice, Millis, SpiffeId, Timestamp};

/// Pauses between attempts while there is nothing yet.
const FIRST_PAUSE: Millis = Millis(100);
const LONGEST_PAUSE: Millis = Millis::from_secs(30);

/// On which terms an identity is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub lifetime: Millis,
    pub renew: Millis,
}

impl Terms {
    /// What serves both: the shorter of each.
    pub(crate) fn stricter(self, other: Self) -> Self {
        Self { lifetime: self.lifetime.min(other.lifetime), renew: self.renew.min(other.renew) }
    }
}

/// How an identity stands.
#[derive(Debug)]
pub(crate) enum Standing<S> {
    /// Its first certificate is being asked for.
    Pending,
    /// It can be handed out.
    Ready(Arc<S>),
    /// There is none that counts, and the last attempt failed.
    Absent,
}

impl<S> Clone for Standing<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Pending => Self::Pending,
            Self::Ready(held) => Self::Ready(Arc::clone(held)),
            Self::Absent => Self::Absent,
        }
    }
}

#[derive(Debug)]
struct Slot<S> {
    terms: Terms,
    held: Option<Held<S>>,
    in_flight: bool,
    /// Due at this moment, whatever else says later.
    hurried: Option<Timestamp>,
    /// Of the attempts while nothing is held.
    backoff: Backoff,
    next: Timestamp,
    failed: bool,
}

#[derive(Debug)]
struct Held<S> {
    value: Arc<S>,
    renewal: Renewal,
}

impl<S> Slot<S> {
    fn new(terms: Terms, now: Timestamp) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self {
            terms,
            held: None,
            in_flight: false,
            hurried: None,
            backoff,
            next: now,
            failed: false,
        }
    }

    fn due(&self) -> Timestamp {
        let regular = self.held.as_ref().map_or(self.next, |held| held.renewal.due());
        self.hurried.map_or(regular, |hurried| hurried.min(regular))
    }

    fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let level = self.held.as_ref().and_then(|held| held.renewal.next_level(now));
        let due = (!self.in_flight).then(|| self.due());
        due.into_iter().chain(level).min()
    }

    fn standing(&self, now: Timestamp) -> Standing<S> {
        match &self.held {
            Some(held) if !held.renewal.is_expired(now) => Standing::Ready(Arc::clone(&held.value)),
            None if !self.failed => Standing::Pending,
            _ => Standing::Absent,
        }
    }
}

/// All identities of this host.
#[derive(Debug)]
pub(crate) struct Keyring<S> {
    slots: BTreeMap<SpiffeId, Slot<S>>,
}

impl<S> Keyring<S> {
    pub(crate) const fn new() -> Self {
        Self { slots: BTreeMap::new() }
    }

    /// Holds these identities and no others from now on. One whose terms
    /// changed is issued anew at once, and served meanwhile as it is.
    pub(crate) fn assign(&mut self, wanted: &BTreeMap<SpiffeId, Terms>, now: Timestamp) {
        self.slots.retain(|id, _| wanted.contains_key(id));
        for (id, terms) in wanted {
            let slot = self.slots.entry(id.clone()).or_insert_with(|| Slot::new(*terms, now));
            if slot.terms != *terms {
                slot.terms = *terms;
                slot.hurried = Some(now);
            }
        }
    }

    /// What is to be asked for now; it counts as being asked for until
    /// [`Keyring::issued`] or [`Keyring::failed`] is called.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<(SpiffeId, Terms)> {
        let mut due = Vec::new();
        for (id, slot) in &mut self.slots {
            if !slot.in_flight && slot.due() <= now {
                slot.in_flight = true;
                slot.hurried = None;
                due.push((id.clone(), slot.terms));
            }
        }
        due
    }

    /// An identity was issued at `now`. One that isn't held any longer is
    /// dropped.
    pub(crate) fn issued(
        &mut self,
        id: &SpiffeId,
        (value, not_after): (S, Timestamp),
        now: Timestamp,
        dice: &mut impl Dice,
    ) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let renewal = Renewal::new(now, not_after, slot.terms.renew, dice);
        slot.held = Some(Held { value: Arc::new(value), renewal });
        slot.in_flight = false;
        slot.failed = false;
        slot.backoff.reset();
    }

    /// An attempt failed at `now`.
    pub(crate) fn failed(&mut self, id: &SpiffeId, now: Timestamp, dice: &mut impl Dice) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.in_flight = false;
        slot.failed = true;
        match &mut slot.held {
            Some(held) => held.renewal.failed(now, dice),
            None => slot.next = now.plus(slot.backoff.pause(dice)),
        }
    }

    /// What failed is due at once: the authority is back.
    pub(crate) fn hurry_failed(&mut self, now: Timestamp) {
        for slot in self.slots.values_mut() {
            let failing = slot.held.as_ref().is_some_and(|held| held.renewal.failures() > 0);
            if failing || slot.failed {
                slot.hurried = Some(now);
            }
        }
    }

    /// What is held and doesn't pass `fits` is due at once.
    pub(crate) fn hurry_unless(&mut self, now: Timestamp, fits: impl Fn(&S) -> bool) {
        for slot in self.slots.values_mut() {
            if slot.held.as_ref().is_some_and(|held| !fits(&held.value)) {
                slot.hurried = Some(now);
            }
        }
    }

    /// The alarms to raise at `now`, each once.
    pub(crate) fn alarms(&mut self, now: Timestamp) -> Vec<(SpiffeId, Alarm)> {
        let alarm = |(id, slot): (&SpiffeId, &mut Slot<S>)| {
            Some((id.clone(), slot.held.as_mut()?.renewal.alarm(now)?))
        };
        self.slots.iter_mut().filter_map(alarm).collect()
    }

    /// When there is something to do next, besides what is being asked for.
    pub(crate) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.slots.values().filter_map(|slot| slot.wake(now)).min()
    }

    /// How each identity stands at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> BTreeMap<SpiffeId, Standing<S>> {
        self.slots.iter().map(|(id, slot)| (id.clone(), slot.standing(now))).collect()
    }
}

#[cfg(test)]
mod tests;
