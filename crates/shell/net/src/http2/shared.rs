//! What the driver, the handles and the streams of one connection share: the
//! machine, and who is to be woken by what it says.
//!
//! All of them run on one thread. The machine is borrowed for one call at a
//! time and never while anybody is woken; whoever finds it borrowed all the
//! same (from inside a closure that works on it) leaves a wish for later.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

use model::{Millis, Timestamp};
use tokio::time::Instant;
use wire::http::{RequestHead, ResponseHead};
use wire::http2::{ErrorCode, Event, Machine, StreamId};

use super::roster::Roster;
use super::slot::{Cut, Slot, Waiter};

/// A new stream that nobody has taken yet; without a head it was too large.
pub(super) struct Arrival {
    pub(super) slot: Rc<Slot>,
    pub(super) head: Option<(Box<RequestHead>, bool)>,
}

/// One connection.
pub(super) struct Shared {
    machine: RefCell<Machine>,
    begun: Instant,
    pub(super) roster: Roster,
    arrivals: RefCell<VecDeque<Arrival>>,
    /// Requests that were refused before anybody heard of them.
    refusals: RefCell<VecDeque<(ErrorCode, String)>>,
    /// Nobody will take an arrival any more.
    is_deserted: Cell<bool>,
    /// To be closed, once the machine is free.
    deferred: RefCell<Vec<StreamId>>,
    /// Why the connection is gone, once it is, and whether by an error of
    /// HTTP/2.
    gone: RefCell<Option<(String, bool)>>,
    pub(super) acceptor: Waiter,
    pub(super) driver: Waiter,
    /// The driver waits for the byte stream to take more, which will wake it.
    pub(super) is_blocked: Cell<bool>,
    pub(super) shut_down_at: Cell<Option<Instant>>,
    /// Bytes the byte stream has taken.
    pub(super) written: Cell<u64>,
}

impl Shared {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine: RefCell::new(machine),
            begun: Instant::now(),
            roster: Roster::new(),
            arrivals: RefCell::default(),
            refusals: RefCell::default(),
            is_deserted: Cell::new(false),
            deferred: RefCell::default(),
            gone: RefCell::default(),
            acceptor: Waiter::default(),
            driver: Waiter::default(),
            is_blocked: Cell::new(false),
            shut_down_at: Cell::new(None),
            written: Cell::new(0),
        }
    }

    /// The machine, to look at. None while somebody works on it further up the
    /// stack.
    pub(super) fn look(&self) -> Option<Ref<'_, Machine>> {
        self.machine.try_borrow().ok()
    }

    /// The machine, to work on; [`Shared::settle`] has to follow. None while
    /// it is borrowed further up the stack.
    pub(super) fn lock(&self) -> Option<RefMut<'_, Machine>> {
        self.machine.try_borrow_mut().ok()
    }

    /// The time as the machine is told it: it only compares.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The same moment on the clock of timers.
    pub(super) fn instant(&self, at: Timestamp) -> Option<Instant> {
        self.begun.checked_add(Millis(at.0).into())
    }

    /// Has the machine take in what came, and says how much it used. The
    /// driver hands out the events.
    pub(super) fn receive(&self, bytes: &[u8]) -> usize {
        self.lock().map_or(0, |mut machine| machine.receive(bytes, self.now()))
    }

    /// The byte stream has taken so much of the output.
    pub(super) fn took(&self, count: usize) {
        let all = u64::try_from(count).unwrap_or(u64::MAX);
        self.written.set(self.written.get().saturating_add(all));
        if let Some(mut machine) = self.lock() {
            machine.sent(count);
        }
        self.hand_out_all();
    }

    /// Works on the machine and settles what came of it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        let done = work(&mut *self.lock()?);
        self.settle();
        Some(done)
    }

    /// Hands out all events, and has the driver polled if it has work.
    pub(super) fn settle(&self) {
        self.hand_out_all();
        let has_work = match self.look() {
            Some(machine) => machine.is_over() || !machine.output().is_empty(),
            None => false,
        };
        if has_work && !self.is_blocked.get() {
            self.driver.wake();
        }
    }

    /// Does what was put off and hands out all events. True if somebody was
    /// woken.
    pub(super) fn hand_out_all(&self) -> bool {
        let mut woken = false;
        while let Some(event) = self.next_event() {
            woken |= self.hand_out(event);
        }
        woken
    }

    fn next_event(&self) -> Option<Event> {
        let mut machine = self.lock()?;
        while let Some(stream) = self.deferred.borrow_mut().pop() {
            machine.close(stream);
        }
        machine.event()
    }

    fn hand_out(&self, event: Event) -> bool {
        match event {
            Event::Request { stream, head, is_end } => self.arrive(stream, Some((head, is_end))),
            Event::TooLarge { stream } => self.arrive(stream, None),
            Event::Refused { code, why } => {
                if !self.is_deserted.get() {
                    self.refusals.borrow_mut().push_back((code, why));
                }
                self.acceptor.wake()
            }
            Event::Response { stream, head, is_end } => self.answer(stream, head, is_end),
            Event::Data { stream } => self.tell(stream, |slot| slot.reader.wake()),
            Event::End { stream } => self.tell(stream, |slot| {
                slot.has_ended.set(true);
                slot.reader.wake()
            }),
            Event::Reset { stream, code, by_peer } => {
                self.forget_arrival(stream);
                self.tell(stream, |slot| slot.cut(Cut::Reset { code, by_peer }))
            }
            Event::Room { stream } => self.tell(stream, |slot| slot.writer.wake()),
            Event::GoAway { .. } => false,
        }
    }

    fn tell(&self, stream: StreamId, tell: impl FnOnce(&Slot) -> bool) -> bool {
        self.roster.find(stream).is_some_and(|slot| tell(&slot))
    }

    fn arrive(&self, stream: StreamId, head: Option<(Box<RequestHead>, bool)>) -> bool {
        let slot = self.roster.add(stream);
        slot.has_ended.set(head.as_ref().is_some_and(|(_, is_end)| *is_end));
        self.arrivals.borrow_mut().push_back(Arrival { slot, head });
        if self.is_deserted.get() {
            self.refuse_arrivals();
        }
        self.acceptor.wake()
    }

    fn answer(&self, stream: StreamId, head: Box<ResponseHead>, is_end: bool) -> bool {
        self.tell(stream, |slot| {
            slot.has_ended.set(is_end);
            slot.answers.borrow_mut().push_back((head, is_end));
            slot.reader.wake()
        })
    }

    /// The next refusal that nobody has heard of.
    pub(super) fn next_refusal(&self) -> Option<(ErrorCode, String)> {
        self.refusals.borrow_mut().pop_front()
    }

    /// The next new stream.
    pub(super) fn next_arrival(&self) -> Option<Arrival> {
        self.arrivals.borrow_mut().pop_front()
    }

    /// A request is taken back before anybody has looked at it.
    fn forget_arrival(&self, stream: StreamId) {
        let mut arrivals = self.arrivals.borrow_mut();
        let at = arrivals.iter().position(|arrival| arrival.slot.id.get() == stream);
        let forgotten = at.and_then(|at| arrivals.remove(at));
        drop(arrivals);
        if let Some(mut arrival) = forgotten {
            self.roster.remove(&mut arrival.slot);
            self.deferred.borrow_mut().push(stream);
        }
    }

    /// Refuses what nobody will take (RFC 9113, section 8.7).
    fn refuse_arrivals(&self) {
        while let Some(mut arrival) = self.next_arrival() {
            let stream = arrival.slot.id.get();
            if let Some(mut machine) = self.lock() {
                machine.reset(stream, ErrorCode::RefusedStream);
            }
            self.roster.remove(&mut arrival.slot);
            self.deferred.borrow_mut().push(stream);
        }
    }

    /// The owner of a stream is done with it.
    pub(super) fn close(&self, slot: &mut Rc<Slot>) {
        let stream = slot.id.get();
        self.roster.remove(slot);
        self.deferred.borrow_mut().push(stream);
        self.settle();
    }

    /// Begins to end the connection in order.
    pub(super) fn shut_down(&self) {
        if self.shut_down_at.get().is_none() {
            self.shut_down_at.set(Some(Instant::now()));
            self.with(Machine::shut_down);
            self.driver.wake();
        }
    }

    /// The last handle is gone: what comes now is refused, what is open goes
    /// on.
    pub(super) fn desert(&self) {
        self.is_deserted.set(true);
        self.refuse_arrivals();
        self.shut_down();
    }

    /// Tells everybody, once, that the connection is gone.
    pub(super) fn end(&self, why: impl FnOnce() -> (String, bool)) {
        if self.gone.borrow().is_some() {
            return;
        }
        *self.gone.borrow_mut() = Some(why());
        let arrivals = self.arrivals.take();
        for mut arrival in arrivals {
            self.roster.remove(&mut arrival.slot);
        }
        self.roster.cut_all(Cut::Lost);
        self.acceptor.wake();
    }

    /// Why the connection is gone, once it is.
    pub(super) fn gone(&self) -> Option<(String, bool)> {
        self.gone.borrow().clone()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.borrow().is_some()
    }
}
