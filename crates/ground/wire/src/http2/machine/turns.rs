//! Who sends next when there is not room for all: the queue of senders, in the
//! order of their tickets. A sender that got a frame out takes a new ticket,
//! one that was called and found no room keeps its old one.

use std::collections::VecDeque;

use super::event::StreamId;
use super::stream::Turn;

/// Senders that wait for the connection, not for their own window.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queue: VecDeque<(u64, StreamId)>,
    next: u64,
    /// Senders called that haven't tried yet, as far as is known.
    called: usize,
}

impl Turns {
    /// Whether anybody waits, or was called and hasn't come yet, besides the
    /// one that asks.
    pub(super) fn is_contended(&self, own: Turn) -> bool {
        let called = usize::from(matches!(own, Turn::Called(_)));
        let queued = usize::from(matches!(own, Turn::Queued(_)));
        self.called > called || self.queue.len() > queued
    }

    /// Whether nobody stands before this ticket, or before a newcomer.
    pub(super) fn is_first(&self, ticket: Option<u64>) -> bool {
        let first = self.queue.front();
        first.is_none_or(|(first, _)| ticket.is_some_and(|ticket| ticket <= *first))
    }

    /// Puts one in, by its old ticket or at the end; gives its ticket.
    pub(super) fn join(&mut self, id: StreamId, ticket: Option<u64>) -> u64 {
        let ticket = ticket.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        let at = self.queue.partition_point(|(other, _)| *other < ticket);
        self.queue.insert(at, (ticket, id));
        ticket
    }

    /// Takes one out that stands there with this ticket.
    pub(super) fn leave(&mut self, ticket: u64) {
        if let Ok(at) = self.queue.binary_search_by_key(&ticket, |(other, _)| *other) {
            self.queue.remove(at);
        }
    }

    /// Calls the first, unless so many are on their way already.
    pub(super) fn call(&mut self, at_once: usize) -> Option<(u64, StreamId)> {
        if self.called >= at_once {
            return None;
        }
        let first = self.queue.pop_front()?;
        self.called += 1;
        Some(first)
    }

    /// One that was called has come, or never will.
    pub(super) fn answered(&mut self) {
        self.called = self.called.saturating_sub(1);
    }

    /// Waits no longer for those called before: whoever doesn't come must not
    /// hold up the others.
    pub(super) fn forget_calls(&mut self) {
        self.called = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_line_is_called_first() {
        let mut turns = Turns::default();
        let tickets: Vec<_> = (1..=3).map(|id| turns.join(StreamId(id), None)).collect();
        turns.leave(tickets[1]);
        let called: Vec<_> = std::iter::from_fn(|| turns.call(9)).collect();
        assert_eq!(called, [(tickets[0], StreamId(1)), (tickets[2], StreamId(3))]);
        assert!(turns.is_contended(Turn::None));
        assert!(turns.is_contended(Turn::Called(tickets[0])));
        turns.answered();
        assert!(!turns.is_contended(Turn::Called(tickets[2])));
        turns.forget_calls();
        assert!(!turns.is_contended(Turn::None));
    }

    #[test]
    fn who_was_called_in_vain_keeps_its_place() {
        let mut turns = Turns::default();
        for id in 1..=3 {
            turns.join(StreamId(id), None);
        }
        let (ticket, id) = turns.call(9).unwrap();
        turns.answered();
        turns.join(id, Some(ticket));
        assert_eq!(turns.call(9).unwrap().1, StreamId(1));
    }

    #[test]
    fn only_so_many_are_called_at_once() {
        let mut turns = Turns::default();
        for id in 1..=3 {
            turns.join(StreamId(id), None);
        }
        assert!(turns.call(1).is_some());
        assert!(turns.call(1).is_none());
        turns.answered();
        assert!(turns.call(1).is_some());
    }
}
