//! A row of an attack table: bytes of a stranger, what has to become of them,
//! and the legal request that differs by as little as possible. `Row::run`
//! holds the whole contract at one place: the backend saw no byte (G1), the
//! connection is over (G2), one line says why (G3), others are served (G4),
//! and the legal twin arrives as it should (G7).

use std::io::Write;

use crate::arena::Arena;
use crate::findings::{Expected, Findings};
use crate::place::{Guest, Place};
use crate::seen::Seen;
use crate::wait::until;

/// One attack, or one thing that has to pass unharmed or be made harmless.
pub struct Row {
    pub id: &'static str,
    pub what: &'static str,
    attack: Vec<u8>,
    /// Statuses that are right; none at all is one of them when it is empty.
    answers: &'static [u16],
    /// The door has let the beginning of the request go before it could know.
    streams: bool,
    /// What the access line has to say.
    reason: &'static str,
    twin: Vec<u8>,
    wanted: Wanted,
    places: &'static [Place],
}

/// What the backend has to have seen of the twin, and nothing else.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) line: &'static str,
    pub(crate) body: &'static [u8],
    pub(crate) fields: &'static [(&'static str, &'static [&'static str])],
    pub(crate) trailers: Option<&'static [(&'static str, &'static str)]>,
}

/// Begins a row. The twin is a plain GET unless another is given.
pub fn row(id: &'static str, what: &'static str) -> Row {
    Row {
        id,
        what,
        attack: Vec::new(),
        answers: &[400],
        streams: false,
        reason: "",
        twin: get("").to_vec(),
        wanted: Wanted { line: "GET /v1/a HTTP/1.1", ..Wanted::default() },
        places: Place::ALL,
    }
}

/// A GET with further field lines, each with its line end.
pub fn get(lines: impl AsRef<[u8]>) -> Vec<u8> {
    let host = b"GET /v1/a HTTP/1.1\r\nHost: orders:8080\r\n";
    [host, lines.as_ref(), b"\r\n"].concat()
}

/// A POST with further field lines, and what follows the head.
pub fn post(lines: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Vec<u8> {
    let host = b"POST /v1/a HTTP/1.1\r\nHost: orders:8080\r\n";
    [host, lines.as_ref(), b"\r\n", rest.as_ref()].concat()
}

impl Row {
    /// The attack: answered with 400 and closed, unless said otherwise.
    pub fn attack(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.attack = bytes.into();
        self
    }

    /// One of these instead of 400.
    pub fn gets(mut self, statuses: &'static [u16]) -> Self {
        self.answers = statuses;
        self
    }

    /// Its beginning may have reached the backend; its end never does.
    pub fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Words of the reason in the access line.
    pub fn because(mut self, words: &'static str) -> Self {
        self.reason = words;
        self
    }

    /// The legal twin; without an attack it is what has to be made harmless.
    pub fn twin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.twin = bytes.into();
        self
    }

    /// A POST with this body arrives.
    pub fn arrives_with(mut self, body: &'static [u8]) -> Self {
        (self.wanted.line, self.wanted.body) = ("POST /v1/a HTTP/1.1", body);
        self
    }

    /// This request line arrives.
    pub fn arrives_as(mut self, line: &'static str) -> Self {
        self.wanted.line = line;
        self
    }

    /// These fields arrive with these values (`*` at the end: beginning so); no
    /// values: not at all.
    pub fn fields(mut self, fields: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.wanted.fields = fields;
        self
    }

    /// Exactly these trailers arrive.
    pub fn trailers(mut self, trailers: &'static [(&'static str, &'static str)]) -> Self {
        self.wanted.trailers = Some(trailers);
        self
    }

    /// At these places only.
    pub fn at(mut self, places: &'static [Place]) -> Self {
        self.places = places;
        self
    }

    /// Whether it is run at this place.
    pub fn is_at(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// Runs it at a place; says what was wrong. The access line is looked for
    /// by the closure that comes back: lines take a moment.
    pub fn run(&self, arena: &Arena, place: Place) -> Result<Option<Expected>, String> {
        arena.backend.forget();
        let expected = match self.attack.is_empty() {
            true => None,
            false => Some(self.knock(arena, place)?),
        };
        self.legal(arena, place)?;
        Ok(expected)
    }

    fn knock(&self, arena: &Arena, place: Place) -> Result<Expected, String> {
        let Guest { mut talk, from } = arena.enter(place);
        // A door that has refused already may not read to the end.
        let _cut = talk.write_all(&self.attack).and_then(|()| talk.flush());
        arena.others_are_served(place);
        let (answer, closed) = talk.hear_out();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = status_of(&answer);
        if !self.answers.contains(&status) {
            return Err(format!("status {status}, not {:?}: {answer:?}", self.answers));
        }
        if answer.matches("HTTP/1.1 ").count() > 1 {
            return Err(format!("more than one answer: {answer:?}"));
        }
        if !closed {
            return Err("the connection was left open".into());
        }
        if self.streams {
            until("the upstream connection to end", || arena.backend.is_calm().then_some(()));
        }
        let (seen, complete) = (arena.backend.seen(), arena.backend.requests());
        if !complete.is_empty() || (!self.streams && !seen.is_empty()) {
            let seen = String::from_utf8_lossy(seen.get(..300).unwrap_or(&seen)).into_owned();
            return Err(format!("the backend saw {seen:?}"));
        }
        if self.streams {
            arena.backend.forget();
        }
        Ok(Expected { from, role: place.role(), words: self.reason })
    }

    fn legal(&self, arena: &Arena, place: Place) -> Result<(), String> {
        let Guest { mut talk, .. } = arena.enter(place);
        talk.write_all(&self.twin).and_then(|()| talk.flush()).map_err(|e| e.to_string())?;
        let answer = talk.hear_response();
        if status_of(&answer) != 200 || !answer.ends_with("hello") {
            return Err(format!("the legal twin got {answer:?}"));
        }
        let requests = arena.backend.requests();
        let [request] = requests.as_slice() else {
            return Err(format!("the backend saw not one request but {requests:?}"));
        };
        self.wanted.check(request)
    }
}

impl Wanted {
    pub(crate) fn check(&self, seen: &Seen) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the twin arrived with {what}: {seen:?}"));
        if seen.line != self.line {
            return wrong("another line");
        }
        if seen.body != self.body {
            return wrong("another body");
        }
        for (name, values) in self.fields {
            let fits = |(wanted, seen): (&&str, &&str)| match wanted.strip_suffix('*') {
                Some(start) => seen.starts_with(start),
                None => wanted == seen,
            };
            let seen_values = seen.values(name);
            let as_many = seen_values.len() == values.len();
            if !as_many || !values.iter().zip(&seen_values).all(fits) {
                return wrong(&format!("another `{name}`"));
            }
        }
        let trailers: Vec<_> =
            seen.trailers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.trailers.is_some_and(|wanted| wanted != trailers.as_slice()) {
            return wrong("other trailers");
        }
        Ok(())
    }
}

/// The status of an answer; 0 when there is none.
pub fn status_of(answer: &str) -> u16 {
    let digits = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Runs a table at all its places and reports everything that is wrong.
pub fn run_table(arena: &Arena, rows: &[Row], places: &[Place]) {
    let mut findings = Findings::default();
    for row in rows {
        for place in places.iter().filter(|place| row.is_at(**place)) {
            let name = format!("{} at {place:?}, {}", row.id, row.what);
            findings.take(name, row.run(arena, *place));
        }
    }
    findings.check(&arena.stage);
}
