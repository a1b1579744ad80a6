//! Two machines against each other: random sizes, windows, splits, delays and
//! resets. What one side sends the other gets, all of it and in order, and
//! nobody hangs, overruns a window or ends the connection.

use std::collections::{BTreeMap, VecDeque};

use model::{Limits, Timestamp};
use proptest::prelude::*;

use super::super::{Event, Machine, RequestLine, StreamId};
use super::random::Random;
use crate::http2::ErrorCode;

/// The byte every sender puts at this place.
fn byte_at(stream: StreamId, at: usize) -> u8 {
    (stream.number() as usize * 31 + at * 7 + (at >> 8)) as u8
}

/// One side's view of one stream.
#[derive(Debug, Default)]
struct Flow {
    to_send: usize,
    sent: usize,
    has_ended: bool,
    with_trailers: bool,
    got: usize,
    was_told_end: bool,
    is_head_out: bool,
}

/// One machine, its owner's books, and the bytes on their way to it.
struct Side {
    machine: Machine,
    flows: BTreeMap<StreamId, Flow>,
    wire: VecDeque<u8>,
    unused: Vec<u8>,
    /// How much each side got and gave on streams that came to their end.
    done: BTreeMap<StreamId, (usize, usize)>,
    reset: usize,
}

impl Side {
    fn new(machine: Machine) -> Self {
        Self {
            machine,
            flows: BTreeMap::new(),
            wire: VecDeque::new(),
            unused: Vec::new(),
            done: BTreeMap::new(),
            reset: 0,
        }
    }

    fn receive(&mut self, count: usize, now: Timestamp) {
        let count = count.min(self.wire.len());
        self.unused.extend(self.wire.drain(..count));
        let used = self.machine.receive(&self.unused, now);
        self.unused.drain(..used);
        assert!(!self.machine.is_over(), "{:?}", self.machine.error());
    }

    /// Sends what goes of one stream, in pieces of this size at most.
    fn send(&mut self, stream: StreamId, piece: usize) {
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        while flow.is_head_out && !flow.has_ended {
            let room = self.machine.room(stream);
            let left = (flow.to_send - flow.sent).min(piece.max(1)).min(room + 1);
            let bytes: Vec<u8> =
                (flow.sent..flow.sent + left).map(|at| byte_at(stream, at)).collect();
            let is_last = flow.sent + left == flow.to_send;
            let ends = is_last && !flow.with_trailers;
            let taken = self.machine.data(stream, &bytes, ends);
            assert!(taken <= left && (taken == left || taken == room), "{taken} {left} {room}");
            flow.sent += taken;
            if taken < left {
                return;
            }
            if is_last && flow.with_trailers {
                let mut block = self.machine.trailers_out(stream);
                assert!(block.field("x-sum", flow.sent.to_string().as_bytes()));
                block.send(true).unwrap();
            }
            flow.has_ended = is_last;
        }
    }

    fn consume(&mut self, stream: StreamId, most: usize) {
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        let bytes = self.machine.received(stream);
        let count = bytes.len().min(most);
        for byte in &bytes[..count] {
            assert_eq!(*byte, byte_at(stream, flow.got), "{stream} at {}", flow.got);
            flow.got += 1;
        }
        self.machine.consume(stream, count);
    }

    fn finish(&mut self, stream: StreamId) {
        let Some(flow) = self.flows.get(&stream) else { return };
        let is_read = flow.was_told_end && self.machine.received(stream).is_empty();
        if is_read && flow.has_ended {
            let (got, sent) = (flow.got, flow.sent);
            if let Some(trailers) = self.machine.trailers(stream) {
                let sum: Vec<_> = trailers.fields().map(|(_, value)| value.to_vec()).collect();
                assert_eq!(sum, [got.to_string().into_bytes()]);
            }
            self.done.insert(stream, (got, sent));
            self.flows.remove(&stream);
            self.machine.close(stream);
        }
    }

    fn drop_stream(&mut self, stream: StreamId, by_reset: bool) {
        if self.flows.remove(&stream).is_some() {
            self.reset += 1;
            if by_reset {
                self.machine.reset(stream, ErrorCode::InternalError);
            }
            self.machine.close(stream);
        }
    }

    fn handle(&mut self, random: &mut Random) {
        while let Some(event) = self.machine.event() {
            match event {
                Event::Request { stream, is_end, .. } => self.answer(stream, is_end, random),
                Event::Response { stream, head, is_end } => {
                    let flow = self.flows.get_mut(&stream).expect("a response to our request");
                    flow.was_told_end |= is_end;
                    assert!(!is_end || !head.is_interim());
                }
                Event::Data { stream } => assert!(!self.machine.received(stream).is_empty()),
                Event::End { stream } => self.flows.get_mut(&stream).unwrap().was_told_end = true,
                Event::Reset { stream, .. } => self.drop_stream(stream, false),
                Event::Refused { .. } => {}
                Event::Room { stream } => {
                    assert!(self.machine.room(stream) > 0, "room for nothing");
                    self.send(stream, 50_000);
                }
                Event::TooLarge { .. } | Event::GoAway { .. } => panic!("{event:?}"),
            }
        }
        let streams: Vec<_> = self.flows.keys().copied().collect();
        for stream in streams {
            self.finish(stream);
        }
    }

    fn answer(&mut self, stream: StreamId, is_end: bool, random: &mut Random) {
        let flow = Flow { was_told_end: is_end, ..new_flow(random) };
        if random.one_in(4) {
            self.machine.response(stream, 103).send(false).unwrap();
        }
        let ends = flow.to_send == 0 && !flow.with_trailers && random.one_in(2);
        self.machine.response(stream, 200).send(ends).unwrap();
        self.flows.insert(stream, Flow { is_head_out: true, has_ended: ends, ..flow });
    }

    fn open(&mut self, random: &mut Random) {
        let line = RequestLine {
            method: "POST",
            scheme: "http",
            authority: "a.test",
            path: "/",
            protocol: None,
        };
        let flow = new_flow(random);
        let ends = flow.to_send == 0 && !flow.with_trailers;
        let stream = self.machine.open(line).send(ends).unwrap();
        self.flows.insert(stream, Flow { is_head_out: true, has_ended: ends, ..flow });
    }

    fn any(&self, random: &mut Random) -> Option<StreamId> {
        self.flows.keys().copied().nth(random.below(self.flows.len()))
    }
}

fn new_flow(random: &mut Random) -> Flow {
    let to_send = random.size().min(random.most);
    Flow { to_send, with_trailers: random.one_in(3), ..Flow::default() }
}

/// Moves so many bytes of output onto the wire of the other side.
fn carry(from: &mut Side, to: &mut Side, count: usize) {
    let output = from.machine.output();
    let count = count.min(output.len());
    to.wire.extend(&output[..count]);
    from.machine.sent(count);
}

struct World {
    client: Side,
    server: Side,
    now: u64,
    opened: usize,
}

impl World {
    fn new(random: &mut Random) -> (Self, Limits, Limits) {
        let (ours, theirs) = (random.limits(), random.limits());
        let client = Side::new(Machine::client(&ours));
        let server = Side::new(Machine::server(&theirs));
        (Self { client, server, now: 1_000, opened: 0 }, ours, theirs)
    }

    fn step(&mut self, random: &mut Random, with_resets: bool) {
        let size = random.size();
        let now = Timestamp(self.now);
        match random.below(12) {
            0 | 1 => carry(&mut self.client, &mut self.server, size),
            2 | 3 => carry(&mut self.server, &mut self.client, size),
            4 | 5 => self.client.receive(size, now),
            6 | 7 => self.server.receive(size, now),
            8 if self.opened < 60 && self.client.machine.can_open() => {
                self.client.open(random);
                self.opened += 1;
            }
            9 => self.now += random.below(100) as u64,
            turn => {
                let is_client = random.one_in(2);
                let side = if is_client { &mut self.client } else { &mut self.server };
                let Some(stream) = side.any(random) else { return };
                match turn {
                    10 => side.send(stream, size),
                    _ if with_resets && random.one_in(40) => {
                        side.drop_stream(stream, random.one_in(2));
                    }
                    _ => side.consume(stream, size),
                }
            }
        }
        self.client.handle(random);
        self.server.handle(random);
    }

    /// Everybody reads and sends as fast as it goes, until nothing is open.
    fn settle(&mut self, random: &mut Random) {
        for round in 0..5_000 {
            self.now += 1;
            let now = Timestamp(self.now);
            carry(&mut self.client, &mut self.server, usize::MAX);
            carry(&mut self.server, &mut self.client, usize::MAX);
            for side in [&mut self.client, &mut self.server] {
                side.receive(usize::MAX, now);
                side.handle(random);
                let streams: Vec<_> = side.flows.keys().copied().collect();
                for stream in streams {
                    side.send(stream, 100_000);
                    side.consume(stream, usize::MAX);
                }
                side.handle(random);
            }
            let is_quiet = self.client.wire.is_empty()
                && self.server.wire.is_empty()
                && self.client.machine.output().is_empty()
                && self.server.machine.output().is_empty();
            if is_quiet && self.client.flows.is_empty() && self.server.flows.is_empty() {
                return;
            }
            assert!(round < 4_999, "hangs: {:?} {:?}", self.client.flows, self.server.flows);
        }
    }
}

/// One history; `steps` of disorder, then order.
fn run(seed: u64, steps: usize, with_resets: bool) {
    let mut random = Random { state: seed | 1, most: 0 };
    let (mut world, ours, theirs) = World::new(&mut random);
    // A body through a tiny window takes a round trip for each few bytes.
    let window = ours.http2_stream_window_bytes.min(theirs.http2_stream_window_bytes);
    random.most = window * 50;
    for _ in 0..steps {
        world.step(&mut random, with_resets);
        check(&world.client, &ours);
        check(&world.server, &theirs);
    }
    world.settle(&mut random);
    let (client, server) = (&world.client, &world.server);
    for (stream, (got, sent)) in &client.done {
        if let Some((server_got, server_sent)) = server.done.get(stream) {
            assert_eq!((got, sent), (server_sent, server_got), "{stream}");
        }
    }
    if client.reset + server.reset == 0 {
        assert_eq!((client.done.len(), server.done.len()), (world.opened, world.opened));
    }
    assert_eq!(client.machine.open_streams() + server.machine.open_streams(), 0);
    check_windows(world, &ours, &theirs);
}

/// What waits stays within the limits, whatever happens.
fn check(side: &Side, limits: &Limits) {
    let mut sum = 0;
    for stream in side.flows.keys() {
        let waiting = side.machine.streams.get(*stream).map_or(0, |s| s.received.len());
        assert!(waiting <= limits.http2_stream_window_bytes.max(65_535));
        sum += waiting;
    }
    assert!(sum <= limits.http2_connection_window_bytes.max(65_535));
    let heads = 200 * (limits.http2_streams_max + 60);
    assert!(side.machine.output().len() <= limits.http2_output_bytes_max + 4_000 + heads);
}

/// When all is quiet, at most half a window hasn't been given back.
fn check_windows(world: World, ours: &Limits, theirs: &Limits) {
    let pairs = [(&world.client, theirs), (&world.server, ours)];
    for (sender, receiver) in pairs {
        let whole = receiver.http2_connection_window_bytes.max(65_535);
        let open = sender.machine.send_window.open();
        assert!(open <= whole && open * 2 >= whole, "{open} of {whole}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_one_side_sends_the_other_gets(seed: u64) {
        run(seed, 800, false);
    }

    #[test]
    fn resets_cost_nothing_but_their_stream(seed: u64) {
        run(seed, 800, true);
    }
}
