//! One side's view of a connection: every frame it received, sorted by stream,
//! and what good manners answer to them. It judges nothing.

use std::collections::BTreeMap;

use crate::http2::frame::{
    Frame, PREFACE, flag, frame, kind, setting, settings_ack, window_update,
};
use crate::http2::hpack::{Field, Reader};

/// The window of everything at the beginning (RFC 9113, section 6.9.2).
const WINDOW: i64 = 65_535;

/// One stream as its receiver sees it.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Header sections in the order they came: interim, final, trailers.
    pub heads: Vec<Vec<Field>>,
    pub body: Vec<u8>,
    /// END_STREAM was there.
    pub ended: bool,
    /// The code of a RST_STREAM.
    pub reset: Option<u32>,
    /// What we may still send, beside the initial window.
    credit: i64,
    is_forgotten: bool,
}

impl Stream {
    /// Nothing more will come on it.
    pub fn is_over(&self) -> bool {
        self.ended || self.reset.is_some()
    }

    /// It has a head, and nobody has forgotten it.
    pub(crate) fn is_known(&self) -> bool {
        !self.is_forgotten && !self.heads.is_empty()
    }

    pub(crate) fn forget(&mut self) {
        self.is_forgotten = !self.heads.is_empty();
        self.body.clear();
    }
}

/// Everything received on one connection.
#[derive(Debug)]
pub struct Ledger {
    pub streams: BTreeMap<u32, Stream>,
    /// Last stream and code of each GOAWAY.
    pub goaways: Vec<(u32, u32)>,
    /// Values of the other side, in order.
    pub settings: Vec<(u16, u32)>,
    /// Frames by kind; the last one counts all unknown ones.
    pub counts: [usize; 11],
    /// Bytes received.
    pub bytes: usize,
    waits_for_preface: bool,
    rest: Vec<u8>,
    hpack: Reader,
    block: Option<(u32, bool, Vec<u8>)>,
    credit: i64,
}

impl Ledger {
    /// What a client hears.
    pub fn of_client() -> Self {
        Self {
            streams: BTreeMap::new(),
            goaways: Vec::new(),
            settings: Vec::new(),
            counts: [0; 11],
            bytes: 0,
            waits_for_preface: false,
            rest: Vec::new(),
            hpack: Reader::default(),
            block: None,
            credit: WINDOW,
        }
    }

    /// What a server hears: the preface comes first.
    pub fn of_server() -> Self {
        Self { waits_for_preface: true, ..Self::of_client() }
    }

    /// Takes what came; returns what a polite peer sends back: acknowledgements
    /// and windows opened again.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.bytes += bytes.len();
        self.rest.extend_from_slice(bytes);
        if self.waits_for_preface {
            let Some(rest) = self.rest.get(PREFACE.len()..) else { return Vec::new() };
            assert!(self.rest.starts_with(PREFACE), "no preface: {:?}", self.rest);
            (self.rest, self.waits_for_preface) = (rest.to_vec(), false);
        }
        let (mut manners, mut used) = (Vec::new(), 0);
        let rest = std::mem::take(&mut self.rest);
        while let Some((frame, length)) = Frame::take(&rest[used..]) {
            used += length;
            manners.extend(self.take(&frame));
        }
        self.rest = rest[used..].to_vec();
        manners
    }

    /// A stream, or one of which nothing was heard.
    pub fn stream(&self, id: u32) -> Stream {
        self.streams.get(&id).cloned().unwrap_or_default()
    }

    /// Whether nothing more will come on a stream.
    pub fn is_over(&self, id: u32) -> bool {
        self.streams.get(&id).is_some_and(Stream::is_over)
    }

    /// Streams that were reset with this code.
    pub fn resets(&self, code: u32) -> usize {
        self.streams.values().filter(|stream| stream.reset == Some(code)).count()
    }

    /// The last value of a setting.
    pub fn setting(&self, id: u16) -> Option<u32> {
        self.settings.iter().rev().find(|(own, _)| *own == id).map(|(_, value)| *value)
    }

    /// How many bytes we may send on a stream.
    pub fn room(&self, id: u32) -> usize {
        let initial = self.setting(setting::INITIAL_WINDOW_SIZE).map_or(WINDOW, i64::from);
        let own = self.streams.get(&id).map_or(0, |stream| stream.credit) + initial;
        usize::try_from(own.min(self.credit)).unwrap_or(0)
    }

    /// We have sent so many bytes on it.
    pub fn spend(&mut self, id: u32, count: usize) {
        let count = i64::try_from(count).unwrap();
        self.credit -= count;
        self.streams.entry(id).or_default().credit -= count;
    }

    fn take(&mut self, got: &Frame) -> Vec<u8> {
        self.counts[usize::from(got.kind).min(10)] += 1;
        match got.kind {
            kind::HEADERS => {
                self.block = Some((got.stream, got.has(flag::END_STREAM), got.content().to_vec()));
                self.finish_block(got);
            }
            kind::CONTINUATION => {
                let (stream, _, block) = self.block.as_mut().expect("HEADERS before this");
                assert_eq!(*stream, got.stream, "CONTINUATION of another stream");
                block.extend_from_slice(&got.payload);
                self.finish_block(got);
            }
            kind::DATA => return self.take_data(got),
            kind::RST_STREAM => self.at(got.stream).reset = Some(got.number(0)),
            kind::GOAWAY => self.goaways.push((got.number(0), got.number(4))),
            kind::WINDOW_UPDATE if got.stream == 0 => self.credit += i64::from(got.number(0)),
            kind::WINDOW_UPDATE => self.at(got.stream).credit += i64::from(got.number(0)),
            kind::SETTINGS if !got.has(flag::ACK) => {
                self.settings.extend(got.settings());
                return settings_ack();
            }
            kind::PING if !got.has(flag::ACK) => {
                return frame(kind::PING, flag::ACK, 0, &got.payload);
            }
            _ => {}
        }
        Vec::new()
    }

    fn at(&mut self, id: u32) -> &mut Stream {
        self.streams.entry(id).or_default()
    }

    fn take_data(&mut self, got: &Frame) -> Vec<u8> {
        let stream = self.at(got.stream);
        assert!(!stream.heads.is_empty() || stream.is_over(), "DATA before HEADERS: {got:?}");
        stream.body.extend_from_slice(got.content());
        stream.ended |= got.has(flag::END_STREAM);
        let length = u32::try_from(got.payload.len()).unwrap();
        match (length, stream.ended) {
            (0, _) => Vec::new(),
            (_, true) => window_update(0, length),
            (_, false) => [window_update(0, length), window_update(got.stream, length)].concat(),
        }
    }

    fn finish_block(&mut self, got: &Frame) {
        if !got.has(flag::END_HEADERS) {
            return;
        }
        let (id, end, block) = self.block.take().unwrap_or_default();
        let fields = self.hpack.read(&block);
        let stream = self.at(id);
        stream.heads.push(fields);
        stream.ended |= end;
    }
}
