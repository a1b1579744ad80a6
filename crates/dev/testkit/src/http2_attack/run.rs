//! Running rows of an attack table over HTTP/2, and judging what came of them.

use crate::arena::Arena;
use crate::findings::{Expected, Findings};
use crate::http2::frame::{PREFACE, settings};
use crate::http2::{Aim, Answer, App, Ledger, Talk};
use crate::http2_attack::row::Row;
use crate::place::Place;
use crate::seen::Seen;
use crate::wait::within;

/// Far above the streams of any attack.
const NEXT: u32 = 0x1000_0001;

impl Row {
    /// Runs it; says what was wrong. The access line is looked for later.
    pub fn run(&self, arena: &Arena, aim: Aim) -> Result<Option<Expected>, String> {
        forget(arena);
        let expected = match self.words(aim) {
            None => None,
            Some(words) => Some(self.knock(arena, aim, &words)?),
        };
        forget(arena);
        self.legal(arena, aim)?;
        Ok(expected)
    }

    /// The bytes of the attack from the first one on, preface included.
    pub fn words(&self, aim: Aim) -> Option<Vec<u8>> {
        let attack = self.attack.as_ref()?(&aim);
        let begin = if self.is_bare { Vec::new() } else { [PREFACE, &settings(&[])].concat() };
        Some([begin, attack].concat())
    }

    /// Whether only all of it is an attack: frames so large that the first of
    /// them reach no budget.
    pub fn needs_all(&self) -> bool {
        self.is_large
    }

    /// Whether enough was heard to judge.
    pub fn is_settled(&self, ledger: &Ledger) -> bool {
        let may_go_on = !self.resets.is_empty() || !self.answers.is_empty();
        !ledger.goaways.is_empty() || (may_go_on && ledger.is_over(1))
    }

    /// Whether what a client heard is one of the things that may be; `closed`
    /// says whether the door has closed behind it.
    pub fn judge(&self, ledger: &Ledger, closed: bool) -> Result<(), String> {
        let answer = Answer::of(&ledger.stream(1));
        let said = (&ledger.goaways, answer.status, answer.reset);
        match ledger.goaways.last() {
            Some((_, code)) if self.goaways.contains(code) && closed => Ok(()),
            Some((_, code)) if self.goaways.contains(code) => Err("left open behind GOAWAY".into()),
            Some(_) => Err(format!("went away unexpectedly: {said:?}")),
            None if answer.reset.is_some_and(|code| self.resets.contains(&code)) => Ok(()),
            None if answer.is_whole && self.answers.contains(&answer.status) => Ok(()),
            None if closed && self.may_close => Ok(()),
            None => Err(format!("not as it should be: {said:?}, closed: {closed}")),
        }
    }

    fn knock(&self, arena: &Arena, aim: Aim, words: &[u8]) -> Result<Expected, String> {
        let mut talk = Talk::bare(arena.enter_http2(aim));
        // A door that has gone away already may not read to the end.
        talk.send(words);
        arena.others_are_served(aim.place);
        arena.http2_others_are_served(aim.place);
        talk.hear(|ledger| self.is_settled(ledger));
        if !talk.ledger.goaways.is_empty() {
            talk.hear_out();
        }
        self.judge(&talk.ledger, talk.is_closed)?;
        self.nothing_arrived(arena)?;
        let goes_on = talk.ledger.goaways.is_empty() && !talk.is_closed;
        if goes_on && !talk.ask(NEXT, &aim.get(NEXT, &[])).is_hello() {
            return Err(format!("the connection is not as before: {:?}", talk.ledger));
        }
        Ok(Expected { from: talk.from, role: aim.place.role(), words: self.reason })
    }

    fn nothing_arrived(&self, arena: &Arena) -> Result<(), String> {
        if self.begins_max == 0 {
            let (seen, begun) = (arena.backend.seen(), arena.http2.requests());
            if seen.is_empty() && arena.http2.begun() == 0 {
                return Ok(());
            }
            let seen = String::from_utf8_lossy(seen.get(..300).unwrap_or(&seen)).into_owned();
            return Err(format!("the app saw {seen:?} {begun:?}"));
        }
        if !within(|| arena.backend.is_calm() && arena.http2.busy() == 0) {
            return Err("the app is still at work".into());
        }
        let begun = arena.backend.begun() + arena.http2.begun();
        let whole = [arena.backend.requests(), arena.http2.requests()].concat();
        match (begun <= self.begins_max, whole.is_empty() || self.may_complete) {
            (true, true) => Ok(()),
            (false, _) => Err(format!("{begun} requests arrived")),
            (_, false) => Err(format!("the app saw {whole:?}")),
        }
    }

    fn legal(&self, arena: &Arena, aim: Aim) -> Result<(), String> {
        let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
        let answer = talk.ask(self.answered, &(self.twin)(&aim));
        if !answer.is_hello() || !talk.ledger.goaways.is_empty() {
            return Err(format!("the legal twin got {answer:?} {:?}", talk.ledger.goaways));
        }
        if self.answered != 1 {
            return Ok(());
        }
        match requests(arena, aim.app).as_slice() {
            [request] => self.wanted.check(request),
            other => Err(format!("the app saw not one request but {other:?}")),
        }
    }
}

fn forget(arena: &Arena) {
    arena.backend.forget();
    arena.http2.forget();
}

/// What an app saw, told as the one of HTTP/1.1 would.
fn requests(arena: &Arena, app: App) -> Vec<Seen> {
    match app {
        App::Http1 => arena.backend.requests(),
        App::Http2 => {
            let mut all = arena.http2.requests();
            for seen in &mut all {
                seen.line = seen.line.replace("HTTP/2", "HTTP/1.1").replace("/h2/", "/v1/");
            }
            all
        }
    }
}

/// Runs a table against both apps and reports everything that is wrong.
pub fn run_table(arena: &Arena, rows: &[Row], place: Place) {
    let mut findings = Findings::default();
    for row in rows.iter().filter(|row| row.places.contains(&place)) {
        for app in App::ALL {
            let name = format!("{} at {place:?} before {app:?}, {}", row.id, row.what);
            findings.take_among(name, row.run(arena, Aim { app: *app, place }));
        }
    }
    findings.check(&arena.stage);
}
