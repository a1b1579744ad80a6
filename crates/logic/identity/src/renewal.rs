//! When to renew a certificate, when to try again, and when to raise an alarm.
//! A machine without a clock: the caller asks when the next attempt is due and
//! says how it went. Asking the authority is the caller's business.

use model::{Dice, Millis, Timestamp};

use crate::backoff::Backoff;

/// However long a certificate lives, a failing renewal is tried again at
/// least this often, so that an expired one heals within a minute.
const RETRY_MAX: Millis = Millis::from_secs(30);
const RETRY_MIN: Millis = Millis(100);

/// How bad it is that a certificate was not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// The first attempt failed.
    FirstFailure,
    /// Three quarters of its life are gone.
    Life75,
    /// Nine tenths of its life are gone.
    Life90,
    /// Nineteen twentieths of its life are gone.
    Life95,
    /// It counts no longer: connections are refused until a renewal succeeds.
    Expired,
}

impl Alarm {
    /// Plain words for a log line.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::FirstFailure => "the renewal of the certificate failed for the first time",
            Self::Life75 => "75 % of the certificate's life are gone without a renewal",
            Self::Life90 => "90 % of the certificate's life are gone without a renewal",
            Self::Life95 => "95 % of the certificate's life are gone without a renewal",
            Self::Expired => "the certificate has expired: connections are refused",
        }
    }
}

/// The renewal of one certificate. Replace it by a new one when a renewal
/// succeeds.
#[derive(Clone, Debug)]
pub struct Renewal {
    issued: Timestamp,
    not_after: Timestamp,
    due: Timestamp,
    backoff: Backoff,
    failures: u32,
    told: Option<Alarm>,
}

impl Renewal {
    /// A certificate issued at `issued` that ends at `not_after`.
    ///
    /// It is renewed after `interval`, but at half of its life at the latest;
    /// chance takes off up to a third of that, so that certificates issued
    /// together are not renewed together.
    #[must_use]
    pub fn new(
        issued: Timestamp,
        not_after: Timestamp,
        interval: Millis,
        dice: &mut (impl Dice + ?Sized),
    ) -> Self {
        let life = not_after.since(issued);
        let latest = interval.0.min(life.0 / 2);
        let wait = latest - dice.below(latest / 3 + 1);
        let longest = Millis(life.0 / 20).min(RETRY_MAX).max(RETRY_MIN);
        let backoff = Backoff::new(Millis(longest.0 / 8).max(RETRY_MIN), longest);
        let due = issued.plus(Millis(wait));
        Self { issued, not_after, due, backoff, failures: 0, told: None }
    }

    /// When the next attempt is due.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        self.due
    }

    /// An attempt failed at `now`: the next one comes after a growing pause.
    pub fn failed(&mut self, now: Timestamp, dice: &mut (impl Dice + ?Sized)) {
        self.failures = self.failures.saturating_add(1);
        self.due = now.plus(self.backoff.pause(dice));
    }

    /// How many attempts failed since the certificate was issued.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The last moment the certificate counts.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether the certificate counts no longer.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now > self.not_after
    }

    /// The alarm to raise at `now`, each level once; levels that were slept
    /// through are not made up for.
    pub fn alarm(&mut self, now: Timestamp) -> Option<Alarm> {
        let level = self.level(now);
        if level <= self.told {
            return None;
        }
        self.told = level;
        level
    }

    /// When the next alarm level begins by time alone, if there is one ahead.
    #[must_use]
    pub fn next_level(&self, now: Timestamp) -> Option<Timestamp> {
        let after = self.not_after.plus(Millis(1));
        [self.at(75), self.at(90), self.at(95), after].into_iter().find(|moment| *moment > now)
    }

    fn level(&self, now: Timestamp) -> Option<Alarm> {
        if self.is_expired(now) {
            return Some(Alarm::Expired);
        }
        for (percent, alarm) in [(95, Alarm::Life95), (90, Alarm::Life90), (75, Alarm::Life75)] {
            if now >= self.at(percent) {
                return Some(alarm);
            }
        }
        (self.failures > 0).then_some(Alarm::FirstFailure)
    }

    fn at(&self, percent: u64) -> Timestamp {
        let life = u128::from(self.not_after.since(self.issued).0);
        let part = life * u128::from(percent) / 100;
        self.issued.plus(Millis(u64::try_from(part).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use model::SeededDice;

    use super::*;

    const HOUR: Millis = Millis::from_secs(3_600);
    const DAY: Millis = Millis::from_secs(25 * 3_600);

    fn renewal(life: Millis, interval: Millis, seed: u64) -> Renewal {
        let issued = Timestamp::from_secs(1_000_000);
        Renewal::new(issued, issued.plus(life), interval, &mut SeededDice::new(seed))
    }

    fn wait(renewal: &Renewal) -> u64 {
        renewal.due().since(renewal.issued).0
    }

    #[test]
    fn a_day_long_leaf_is_renewed_within_the_hour_and_not_all_at_once() {
        let waits: Vec<_> = (0..200).map(|seed| wait(&renewal(DAY, HOUR, seed))).collect();
        assert!(waits.iter().all(|wait| (HOUR.0 * 2 / 3..=HOUR.0).contains(wait)));
        let distinct: std::collections::BTreeSet<_> = waits.iter().map(|w| w / 60_000).collect();
        assert!(distinct.len() > 15, "{} minutes hit", distinct.len());
    }

    #[test]
    fn a_short_leaf_is_renewed_between_a_third_and_half_of_its_life() {
        for seed in 0..200 {
            let wait = wait(&renewal(Millis::from_secs(20), HOUR, seed));
            assert!((6_666..=10_000).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn a_failed_renewal_is_tried_again_within_half_a_minute_even_after_expiry() {
        let mut renewal = renewal(DAY, HOUR, 1);
        let mut dice = SeededDice::new(9);
        let mut now = renewal.due();
        for _ in 0..10_000 {
            renewal.failed(now, &mut dice);
            let pause = renewal.due().since(now);
            assert!(pause.0 > 0 && pause <= RETRY_MAX);
            now = renewal.due();
        }
        assert!(renewal.is_expired(now));
    }

    #[test]
    fn a_short_leaf_gets_many_attempts_before_it_expires() {
        let mut renewal = renewal(Millis::from_secs(10), HOUR, 1);
        let mut dice = SeededDice::new(9);
        while !renewal.is_expired(renewal.due()) {
            renewal.failed(renewal.due(), &mut dice);
        }
        assert!(renewal.failures() >= 8, "{}", renewal.failures());
    }

    #[test]
    fn each_alarm_is_raised_once_in_order() {
        let mut renewal = renewal(Millis::from_secs(1_000), HOUR, 1);
        let start = renewal.issued;
        assert_eq!(renewal.alarm(start), None);
        renewal.failed(start.plus(Millis::from_secs(500)), &mut SeededDice::new(1));
        let mut raised = Vec::new();
        for second in 500..1_010 {
            if let Some(alarm) = renewal.alarm(start.plus(Millis::from_secs(second))) {
                raised.push((second, alarm));
            }
        }
        let expected = [
            (500, Alarm::FirstFailure),
            (750, Alarm::Life75),
            (900, Alarm::Life90),
            (950, Alarm::Life95),
            (1_001, Alarm::Expired),
        ];
        assert_eq!(raised, expected);
    }

    #[test]
    fn without_failures_nothing_is_said_before_three_quarters() {
        let mut renewal = renewal(Millis::from_secs(1_000), HOUR, 1);
        assert_eq!(renewal.alarm(renewal.issued.plus(Millis::from_secs(749))), None);
        let at = renewal.issued.plus(Millis::from_secs(750));
        assert_eq!(renewal.next_level(renewal.issued), Some(at));
        assert_eq!(renewal.alarm(at), Some(Alarm::Life75));
    }

    #[test]
    fn a_certificate_without_life_is_due_at_once() {
        let renewal = renewal(Millis(0), HOUR, 1);
        assert_eq!(renewal.due(), renewal.issued);
        assert!(renewal.is_expired(renewal.issued.plus(Millis(1))));
    }
}
