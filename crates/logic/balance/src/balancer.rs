//! Power of two choices: of two instances drawn at random the less busy one
//! wins, which is nearly as even as asking all of them and costs two looks.
//! An instance that can't be connected to is left alone for a while, for
//! longer each time. It doesn't judge by status codes or latency.

use std::collections::HashMap;
use std::hash::Hash;

use model::{Dice, Millis, Timestamp};

/// How long an instance is left alone after its first failure; each further
/// one in a row doubles it.
const BACKOFF_FIRST: Millis = Millis::from_secs(1);
/// The longest an instance is left alone.
const BACKOFF_MAX: Millis = Millis::from_secs(60);

/// How an attempt to connect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The instance was reached, so its failures are forgiven.
    Connected,
    /// It was not: refused, timed out, or not who it should be.
    Unreachable,
}

/// The state of the instances of one service, by a key that stays an
/// instance's own while the set around it changes. Remembers only instances
/// that are busy or failed lately.
#[derive(Clone, Debug)]
pub struct Balancer<K> {
    instances: HashMap<K, Instance>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Instance {
    outstanding: u32,
    failures: u32,
    back_in: Timestamp,
}

impl<K: Copy + Eq + Hash> Default for Balancer<K> {
    fn default() -> Self {
        Self { instances: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> Balancer<K> {
    /// Knows nothing about any instance yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws one of `among`, counts an exchange against it and gives its index;
    /// `None` only when there are none. Ejected instances are passed over
    /// unless all of them are: then trying beats refusing. Every pick needs a
    /// later [`Balancer::finish`].
    pub fn pick<I>(
        &mut self,
        among: &[I],
        key: impl Fn(&I) -> K,
        now: Timestamp,
        dice: &mut impl Dice,
    ) -> Option<usize> {
        let (first, second) = draw_two(among.len(), dice);
        let load = |index: usize| among.get(index).map(|instance| self.load(key(instance), now));
        let drawn = match (load(first)?, load(second)?) {
            (one, other) if one <= other => first,
            _ => second,
        };
        let index =
            if load(drawn)?.0 { self.usable(among, &key, now).unwrap_or(drawn) } else { drawn };
        let picked = self.instances.entry(key(among.get(index)?)).or_default();
        picked.outstanding = picked.outstanding.saturating_add(1);
        Some(index)
    }

    /// The exchange a pick was made for is over, however it ended.
    pub fn finish(&mut self, key: K) {
        if let Some(instance) = self.instances.get_mut(&key) {
            instance.outstanding = instance.outstanding.saturating_sub(1);
            self.forget_if_idle(key);
        }
    }

    /// Learns from an attempt to connect.
    pub fn report(&mut self, key: K, outcome: Outcome, now: Timestamp) {
        match outcome {
            Outcome::Unreachable => self.instances.entry(key).or_default().fail(now),
            Outcome::Connected => {
                if let Some(instance) = self.instances.get_mut(&key) {
                    (instance.failures, instance.back_in) = (0, Timestamp::default());
                    self.forget_if_idle(key);
                }
            }
        }
    }

    /// Whether the instance is left alone now.
    #[must_use]
    pub fn is_ejected(&self, key: K, now: Timestamp) -> bool {
        self.instances.get(&key).is_some_and(|instance| instance.back_in > now)
    }

    /// Exchanges under way at an instance.
    #[must_use]
    pub fn outstanding(&self, key: K) -> u32 {
        self.instances.get(&key).map_or(0, |instance| instance.outstanding)
    }

    /// Forgets the failures of instances that are gone for good; called when
    /// the set changes.
    pub fn retain(&mut self, is_known: impl Fn(K) -> bool) {
        self.instances.retain(|key, instance| is_known(*key) || instance.outstanding > 0);
    }

    /// What is compared: usable before ejected, then idle before busy.
    fn load(&self, key: K, now: Timestamp) -> (bool, u32) {
        (self.is_ejected(key, now), self.outstanding(key))
    }

    /// The least busy instance that isn't ejected. Looks at all of them, which
    /// is done only when two ejected ones were drawn.
    fn usable<I>(&self, among: &[I], key: impl Fn(&I) -> K, now: Timestamp) -> Option<usize> {
        let loads = among.iter().map(|instance| self.load(key(instance), now)).enumerate();
        let usable = loads.filter(|(_, (is_ejected, _))| !is_ejected);
        usable.min_by_key(|(_, (_, outstanding))| *outstanding).map(|(index, _)| index)
    }

    fn forget_if_idle(&mut self, key: K) {
        if self.instances.get(&key) == Some(&Instance::default()) {
            self.instances.remove(&key);
        }
    }
}

impl Instance {
    fn fail(&mut self, now: Timestamp) {
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let pause = BACKOFF_FIRST.0.saturating_mul(factor).min(BACKOFF_MAX.0);
        self.failures = self.failures.saturating_add(1).min(u64::BITS - 1);
        self.back_in = now.plus(Millis(pause));
    }
}

/// Two indexes below `len`, different ones if there are two.
fn draw_two(len: usize, dice: &mut impl Dice) -> (usize, usize) {
    let mut below = |bound: usize| {
        let drawn = dice.below(u64::try_from(bound).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or(0)
    };
    if len < 2 {
        return (0, 0);
    }
    let first = below(len);
    let second = below(len - 1);
    (first, if second >= first { second + 1 } else { second })
}

#[cfg(test)]
mod tests;
