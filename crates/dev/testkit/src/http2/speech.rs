//! What an HTTP/2 backend says, and to which streams it has said it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::http2::frame::{data, headers, settings};
use crate::http2::hpack::block;
use crate::http2::ledger::Ledger;

/// The largest frame a peer may send unasked.
const FRAME_MAX: usize = 16_384;

type Words = Arc<dyn Fn(u32) -> Vec<u8> + Send + Sync>;

/// What every connection and every request gets to hear.
#[derive(Clone)]
pub struct Speech {
    greeting: Vec<u8>,
    words: Option<Words>,
    /// Zeros behind the words, as the windows allow.
    body: usize,
    at_head: bool,
    closes: bool,
}

impl Default for Speech {
    fn default() -> Self {
        Self::ok("hello")
    }
}

impl Speech {
    /// `200` with a body.
    pub fn ok(body: &str) -> Self {
        let body = body.to_owned();
        Self::says(move |id| [ok_head(id, body.len()), data(id, body.as_bytes(), true)].concat())
    }

    /// These frames, made for the request's stream, once it is complete.
    pub fn says(words: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let words: Option<Words> = Some(Arc::new(words));
        Self { greeting: settings(&[]), words, body: 0, at_head: false, closes: false }
    }

    /// `200` with so many bytes, as fast as the windows allow.
    pub fn large(length: usize) -> Self {
        Self { body: length, ..Self::says(move |id| ok_head(id, length)) }
    }

    /// Nothing at all: works on and on.
    pub fn silent() -> Self {
        Self { words: None, ..Self::default() }
    }

    /// As soon as the request's head is there.
    pub fn at_head(mut self) -> Self {
        self.at_head = true;
        self
    }

    /// And closes.
    pub fn closes(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Begins a connection with this instead of SETTINGS.
    pub fn greets(mut self, greeting: impl Into<Vec<u8>>) -> Self {
        self.greeting = greeting.into();
        self
    }

    pub(crate) fn greeting(&self) -> &[u8] {
        &self.greeting
    }
}

fn ok_head(id: u32, length: usize) -> Vec<u8> {
    headers(id, &block(&[(":status", "200"), ("content-length", &length.to_string())]), false)
}

/// What one connection has been told.
#[derive(Default)]
pub(crate) struct Spoken {
    answered: BTreeSet<u32>,
    left: BTreeMap<u32, usize>,
    /// The last stream that was begun.
    pub(crate) last: u32,
}

impl Spoken {
    /// Everything was said to it.
    pub(crate) fn has_answered(&self, id: u32) -> bool {
        self.answered.contains(&id) && !self.left.contains_key(&id)
    }

    /// The next words, and whether they are the last.
    pub(crate) fn answer(&mut self, speech: &Speech, ledger: &mut Ledger) -> (Vec<u8>, bool) {
        let mut said = Vec::new();
        let open = ledger.streams.iter().filter(|(_, stream)| !stream.heads.is_empty());
        for (id, stream) in open {
            self.last = self.last.max(*id);
            let is_due = (stream.ended || speech.at_head) && stream.reset.is_none();
            let Some(words) = speech.words.as_ref().filter(|_| is_due) else { continue };
            if self.answered.insert(*id) {
                said.extend(words(*id));
                if speech.body > 0 {
                    self.left.insert(*id, speech.body);
                }
            }
        }
        let closes = speech.closes && !said.is_empty();
        said.extend(self.go_on(ledger));
        (said, closes)
    }

    /// As much of the large bodies as the windows allow.
    fn go_on(&mut self, ledger: &mut Ledger) -> Vec<u8> {
        let mut said = Vec::new();
        self.left.retain(|id, _| ledger.streams[id].reset.is_none());
        for (id, left) in &mut self.left {
            while *left > 0 {
                let count = (*left).min(ledger.room(*id)).min(FRAME_MAX);
                if count == 0 {
                    break;
                }
                ledger.spend(*id, count);
                *left -= count;
                said.extend(data(*id, &vec![0; count], *left == 0));
            }
        }
        self.left.retain(|_, left| *left > 0);
        said
    }
}
