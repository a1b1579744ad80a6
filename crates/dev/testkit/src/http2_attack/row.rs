//! What a row of an attack table over HTTP/2 says; it runs nothing.

use crate::attack::Wanted;
use crate::http2::Aim;
use crate::http2::frame::code;
use crate::place::Place;

type Words = Box<dyn Fn(&Aim) -> Vec<u8>>;

/// One attack, or one thing that has to pass unharmed or be made harmless.
pub struct Row {
    pub id: &'static str,
    pub what: &'static str,
    pub(super) attack: Option<Words>,
    /// It brings its own preface.
    pub(super) is_bare: bool,
    /// Codes that may end the stream.
    pub(super) resets: &'static [u32],
    /// Codes that may end the connection.
    pub(super) goaways: &'static [u32],
    /// Statuses that may answer instead.
    pub(super) answers: &'static [u16],
    /// The connection may also end without a word.
    pub(super) may_close: bool,
    pub(super) is_large: bool,
    /// So many requests may have begun at the app; none is worked on when all
    /// is over.
    pub(super) begins_max: usize,
    /// And come to their ends.
    pub(super) may_complete: bool,
    pub(super) places: &'static [Place],
    pub(super) reason: &'static str,
    pub(super) twin: Words,
    /// The stream of the twin that is answered.
    pub(super) answered: u32,
    pub(super) wanted: Wanted,
}

/// Begins a row: the stream 1 is reset with PROTOCOL_ERROR unless said
/// otherwise, and the twin is a plain GET.
pub fn row(id: &'static str, what: &'static str) -> Row {
    Row {
        id,
        what,
        attack: None,
        is_bare: false,
        resets: &[code::PROTOCOL_ERROR],
        goaways: &[],
        answers: &[],
        may_close: false,
        is_large: false,
        begins_max: 0,
        may_complete: false,
        places: Place::ALL,
        reason: "",
        twin: Box::new(|aim| aim.get(1, &[])),
        answered: 1,
        wanted: Wanted { line: "GET /v1/a HTTP/1.1", ..Wanted::default() },
    }
}

impl Row {
    /// The attack, behind preface and SETTINGS.
    pub fn attack(mut self, words: impl Fn(&Aim) -> Vec<u8> + 'static) -> Self {
        self.attack = Some(Box::new(words));
        self
    }

    /// The attack from the first byte on.
    pub fn bare(mut self, words: impl Fn(&Aim) -> Vec<u8> + 'static) -> Self {
        self.is_bare = true;
        self.attack(words)
    }

    /// The stream is reset with one of these.
    pub fn resets(mut self, codes: &'static [u32]) -> Self {
        self.resets = codes;
        self
    }

    /// The connection ends, with one of these, and no stream is reset instead.
    pub fn goes_away(mut self, codes: &'static [u32]) -> Self {
        (self.resets, self.goaways) = (&[], codes);
        self
    }

    /// The stream is answered with one of these.
    pub fn gets(mut self, statuses: &'static [u16]) -> Self {
        (self.resets, self.answers) = (&[], statuses);
        self
    }

    /// Or it is answered with one of these.
    pub fn or_gets(mut self, statuses: &'static [u16]) -> Self {
        self.answers = statuses;
        self
    }

    /// Or the connection ends with one of these.
    pub fn or_goes_away(mut self, codes: &'static [u32]) -> Self {
        self.goaways = codes;
        self
    }

    /// Or the connection is closed without a word.
    pub fn or_closes(mut self) -> Self {
        self.may_close = true;
        self
    }

    /// So many requests may have begun at the app; all are given up.
    pub fn begins(mut self, most: usize) -> Self {
        self.begins_max = most;
        self
    }

    /// So many requests may have arrived at the app: they are proper ones.
    pub fn arrive(mut self, most: usize) -> Self {
        (self.begins_max, self.may_complete) = (most, true);
        self
    }

    /// At these places only.
    pub fn at(mut self, places: &'static [Place]) -> Self {
        self.places = places;
        self
    }

    /// Words of the reason in an access line.
    pub fn because(mut self, words: &'static str) -> Self {
        self.reason = words;
        self
    }

    /// The legal twin; without an attack it is what has to be made harmless.
    pub fn twin(mut self, words: impl Fn(&Aim) -> Vec<u8> + 'static) -> Self {
        self.twin = Box::new(words);
        self
    }

    /// This stream of the twin is answered; others may be, too.
    pub fn answered_on(mut self, stream: u32) -> Self {
        self.answered = stream;
        self
    }

    /// A POST with this body arrives.
    pub fn arrives_with(mut self, body: &'static [u8]) -> Self {
        (self.wanted.line, self.wanted.body) = ("POST /v1/a HTTP/1.1", body);
        self
    }

    /// This request line arrives, as an app of HTTP/1.1 would see it.
    pub fn arrives_as(mut self, line: &'static str) -> Self {
        self.wanted.line = line;
        self
    }

    /// Only all of it is an attack.
    pub fn whole_if(mut self, is_large: bool) -> Self {
        self.is_large = is_large;
        self
    }

    /// As with `testkit::Row`.
    pub fn fields(mut self, fields: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.wanted.fields = fields;
        self
    }

    /// Exactly these trailers arrive.
    pub fn trailers(mut self, trailers: &'static [(&'static str, &'static str)]) -> Self {
        self.wanted.trailers = Some(trailers);
        self
    }
}
