//! How many connections a user may hold at the agent's socket. Any local user
//! may connect, so none may fill it for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what is open.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<u32, usize>>>,
    per_user_max: usize,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    uid: u32,
}

impl Places {
    pub(crate) fn new(per_user_max: usize) -> Self {
        Self { taken: Arc::default(), per_user_max }
    }

    /// A place for `uid`, unless all of this user's are taken.
    pub(crate) fn take(&self, uid: u32) -> Option<Place> {
        let mut taken = self.lock();
        let count = taken.entry(uid).or_insert(0);
        if *count >= self.per_user_max {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place { places: self.clone(), uid })
    }

    /// The counts are whole after every step, so a panic elsewhere can't have
    /// left them half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.uid) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_can_t_take_another_s_place() {
        let places = Places::new(2);
        let held = (places.take(1), places.take(1));
        assert!(held.0.is_some() && held.1.is_some());
        assert!(places.take(1).is_none());
        assert!(places.take(2).is_some());
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let places = Places::new(1);
        let first = places.take(1).unwrap();
        assert!(places.take(1).is_none());
        drop(first);
        assert!(places.take(1).is_some());
        assert!(places.lock().is_empty(), "users that left are still counted");
    }
}
