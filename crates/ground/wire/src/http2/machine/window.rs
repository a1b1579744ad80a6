//! Flow control in numbers (RFC 9113, sections 5.2 and 6.9): how much may be
//! sent, and how much the peer may send. Windows are signed, as a change of
//! settings can take more than is there.

use crate::http2::settings::WINDOW_MAX;

/// How much may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendWindow(i64);

impl SendWindow {
    pub(super) fn new(size: u32) -> Self {
        Self(i64::from(size))
    }

    /// Bytes that may go now.
    pub(super) fn open(self) -> usize {
        usize::try_from(self.0).unwrap_or_default()
    }

    /// Bytes have gone, no more than were open.
    pub(super) fn take(&mut self, count: usize) {
        self.0 = self.0.saturating_sub(signed(count));
    }

    /// Changes it either way; false when that is more than a window can be.
    pub(super) fn change(&mut self, by: i64) -> bool {
        self.0 = self.0.saturating_add(by);
        self.0 <= i64::from(WINDOW_MAX)
    }
}

/// How much the peer may send, and what it hasn't been told of yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceiveWindow {
    size: i64,
    open: i64,
    due: i64,
}

impl ReceiveWindow {
    pub(super) fn new(size: u32) -> Self {
        let size = i64::from(size);
        Self { size, open: size, due: 0 }
    }

    /// Bytes have come; false when they are more than was allowed.
    pub(super) fn take(&mut self, count: usize) -> bool {
        self.open = self.open.saturating_sub(signed(count));
        self.open >= 0
    }

    /// Bytes are done with. Gives the increment to send once half a window is
    /// due, so that not each read costs a frame; or a frame's worth while less
    /// than half of it is open: others may sit on the rest for long, and who
    /// reads must not wait for them.
    pub(super) fn give_back(&mut self, count: usize) -> Option<u32> {
        self.due = self.due.saturating_add(signed(count));
        let is_half = self.due.saturating_mul(2) >= self.size;
        let is_shared = self.size > 16 * TIGHT;
        let is_tight = is_shared && self.open.saturating_mul(2) < self.size && self.due >= TIGHT;
        if self.due == 0 || !(is_half || is_tight) {
            return None;
        }
        let increment = u32::try_from(self.due).ok()?;
        self.open = self.open.saturating_add(self.due);
        self.due = 0;
        Some(increment)
    }

    /// The peer has taken note of a window smaller than the one it began with.
    pub(super) fn shrink(&mut self, from: u32, to: u32) {
        self.open = self.open.saturating_sub(i64::from(from.saturating_sub(to)));
        self.size = i64::from(to);
    }
}

/// What is given back while the window is tight: about one frame.
const TIGHT: i64 = 16 * 1024;

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_below_zero_opens_only_above_it() {
        let mut window = SendWindow::new(10);
        window.take(10);
        assert!(window.change(-7));
        assert_eq!(window.open(), 0);
        assert!(window.change(7));
        assert_eq!(window.open(), 0);
        assert!(window.change(3));
        assert_eq!(window.open(), 3);
    }

    #[test]
    fn a_window_has_31_bits() {
        let mut window = SendWindow::new(1);
        assert!(window.change(i64::from(WINDOW_MAX) - 1));
        assert_eq!(window.open(), 0x7fff_ffff);
        assert!(!window.change(1));
    }

    #[test]
    fn credit_comes_by_half_windows() {
        let mut window = ReceiveWindow::new(100);
        assert!(window.take(100));
        assert_eq!(window.give_back(49), None);
        assert_eq!(window.give_back(1), Some(50));
        assert_eq!(window.give_back(0), None);
        assert!(window.take(50));
        assert!(!window.take(1));
    }

    #[test]
    fn who_reads_gets_credit_though_others_sit_on_the_window() {
        let mut window = ReceiveWindow::new(2 * 1024 * 1024);
        assert!(window.take(1_100_000));
        assert_eq!(window.give_back(16_383), None);
        assert_eq!(window.give_back(1), Some(16_384));
    }

    #[test]
    fn a_smaller_window_is_paid_off_first() {
        let mut window = ReceiveWindow::new(65_535);
        assert!(window.take(65_535));
        window.shrink(65_535, 1_000);
        assert_eq!(window.give_back(65_535), Some(65_535));
        assert!(window.take(1_000));
        assert!(!window.take(1));
    }
}
