//! The permit: proof that a rule was asked and said yes. What opens a stream
//! takes one by value, and only this crate can make one.

use model::{Blame, Retry};

/// The right to do one thing to `target`, once. There is no way to get one
/// but a decision, and no way to copy it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that isn't used opens nothing"]
pub struct Permit<T> {
    rule: usize,
    target: T,
}

impl<T> Permit<T> {
    pub(crate) const fn grant(rule: usize, target: T) -> Self {
        Self { rule, target }
    }

    /// The index of the allow rule that decided.
    pub const fn rule(&self) -> usize {
        self.rule
    }

    /// What may be opened.
    pub const fn target(&self) -> &T {
        &self.target
    }

    /// Spends the permit.
    pub fn into_target(self) -> T {
        self.target
    }
}

/// It may not happen. Says nothing about why on purpose, because this value is
/// near the caller; [`crate::explain`] tells the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("denied by policy")]
pub struct Denied {
    /// The index of the deny rule that decided; `None` when no rule allowed it.
    pub rule: Option<usize>,
}

impl Denied {
    /// The caller asked for what it may not have.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }

    /// Nothing was sent on, so asking again can't do a thing twice.
    #[must_use]
    pub const fn retry(self) -> Retry {
        Retry::Safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has a second way to answer as soon as `T: Clone`, and then the call
    /// below no longer compiles.
    trait NotClone<Ambiguity> {
        fn holds() {}
    }
    impl<T> NotClone<()> for T {}
    impl<T: Clone> NotClone<u8> for T {}

    #[test]
    fn a_permit_cannot_be_copied() {
        <Permit<()> as NotClone<_>>::holds();
    }

    #[test]
    fn a_permit_carries_its_target_and_rule() {
        let permit = Permit::grant(3, "orders");
        assert_eq!((permit.rule(), *permit.target()), (3, "orders"));
        assert_eq!(permit.into_target(), "orders");
    }

    #[test]
    fn a_refusal_tells_the_caller_nothing() {
        assert_eq!(Denied { rule: Some(4) }.to_string(), Denied { rule: None }.to_string());
    }
}
