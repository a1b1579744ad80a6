//! One timer for all of a connection's time limits, set rarely: it may go off
//! early, and whoever is woken looks again.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is made when first needed.
#[derive(Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When it goes off; none when it has, or was never set.
    at: Option<Instant>,
}

impl Alarm {
    /// Has the task woken at `wanted` at the latest. Ready when an alarm has
    /// gone off, this one or an earlier one: look again and ask again.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, wanted: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(wanted)));
        let at = match self.at {
            Some(at) if at <= wanted => at,
            _ => {
                sleep.as_mut().reset(wanted);
                wanted
            }
        };
        let polled = sleep.as_mut().poll(cx);
        self.at = polled.is_pending().then_some(at);
        polled
    }
}
