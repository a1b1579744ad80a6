//! The turning of keys, written once: one is prepared (already trusted, not
//! yet used), one is active, some are retired (no longer used, still trusted
//! until what they signed has run out). When to turn is the caller's business.

/// One prepared, one active and any number of retired keys.
#[derive(Debug)]
pub struct Turn<K> {
    prepared: Option<K>,
    active: K,
    retired: Vec<K>,
}

/// There is nothing to activate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key is prepared")]
pub struct NothingPrepared;

impl<K> Turn<K> {
    /// Begins with one active key.
    #[must_use]
    pub const fn new(active: K) -> Self {
        Self { prepared: None, active, retired: Vec::new() }
    }

    /// Lays a key ready. One that was ready before and never used is given
    /// back.
    pub fn prepare(&mut self, next: K) -> Option<K> {
        self.prepared.replace(next)
    }

    /// Begins to use the prepared key and retires the active one.
    ///
    /// # Errors
    /// When nothing is prepared; nothing has changed then.
    pub fn activate(&mut self) -> Result<(), NothingPrepared> {
        let next = self.prepared.take().ok_or(NothingPrepared)?;
        self.retired.push(std::mem::replace(&mut self.active, next));
        Ok(())
    }

    /// Adds a key that was used in an earlier life of this process.
    pub fn retire(&mut self, old: K) {
        self.retired.push(old);
    }

    /// Takes out the retired keys that nothing depends on any more.
    pub fn forget(&mut self, gone: impl Fn(&K) -> bool) -> Vec<K> {
        let (forgotten, kept) = std::mem::take(&mut self.retired).into_iter().partition(gone);
        self.retired = kept;
        forgotten
    }

    /// The key in use.
    #[must_use]
    pub const fn active(&self) -> &K {
        &self.active
    }

    /// The key laid ready.
    #[must_use]
    pub const fn prepared(&self) -> Option<&K> {
        self.prepared.as_ref()
    }

    /// All that others must trust: prepared, active, retired, in this order.
    pub fn trusted(&self) -> impl Iterator<Item = &K> {
        self.prepared.iter().chain(std::iter::once(&self.active)).chain(&self.retired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trusted_before_and_after_it_is_used() {
        let mut turn = Turn::new("a");
        assert_eq!(turn.prepare("b"), None);
        assert_eq!(turn.active(), &"a");
        assert_eq!(turn.trusted().collect::<Vec<_>>(), [&"b", &"a"]);
        turn.activate().unwrap();
        assert_eq!(turn.active(), &"b");
        assert_eq!(turn.trusted().collect::<Vec<_>>(), [&"b", &"a"]);
        assert_eq!(turn.forget(|key| *key == "a"), ["a"]);
        assert_eq!(turn.trusted().collect::<Vec<_>>(), [&"b"]);
    }

    #[test]
    fn activating_nothing_changes_nothing() {
        let mut turn = Turn::new(1);
        assert_eq!(turn.activate(), Err(NothingPrepared));
        assert_eq!(turn.active(), &1);
    }

    #[test]
    fn the_active_key_is_never_forgotten() {
        let mut turn = Turn::new(1);
        turn.retire(0);
        assert_eq!(turn.forget(|_| true), [0]);
        assert_eq!(turn.active(), &1);
    }

    #[test]
    fn preparing_twice_gives_the_unused_key_back() {
        let mut turn = Turn::new(1);
        turn.prepare(2);
        assert_eq!(turn.prepare(3), Some(2));
        assert_eq!(turn.prepared(), Some(&3));
    }
}
