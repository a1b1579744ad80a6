//! What the rows of a table came to, and the access lines they have to leave:
//! looked for when all rows have run, because lines take a moment.

use crate::stage::{Stage, panics};
use crate::wait::within;

/// The access line that an attack has to leave. It is looked for when all rows
/// have run, because lines take a moment.
pub struct Expected {
    pub from: std::net::SocketAddr,
    pub role: &'static str,
    /// What has to stand in it.
    pub words: &'static str,
}

impl Expected {
    /// Looks it up: exactly one, with a reason, all of it escaped.
    pub fn check(&self, stage: &Stage) -> Result<(), String> {
        let lines = stage.lines_from(self.role, self.from);
        // Requests that were served on the same connection have lines, too.
        let told: Vec<_> = lines.iter().filter(|line| line.contains("\"reason\":")).collect();
        let [line] = told.as_slice() else {
            return Err(format!("not one line with a reason: {lines:?}"));
        };
        self.is_told_by(line)
    }

    /// The same where one connection carries many requests: one of its lines
    /// says so, by now.
    fn check_among(&self, stage: &Stage) -> Result<(), String> {
        let lines = stage.logged(self.role, self.from);
        if let Some(line) = lines.iter().find(|line| !is_escaped(line)) {
            return Err(format!("not escaped: {line:?}"));
        }
        if lines.iter().any(|line| self.is_told_by(line).is_ok()) {
            return Ok(());
        }
        let some = lines.get(..lines.len().min(2)).unwrap_or_default();
        Err(format!("no line with a reason and {:?} of {}: {some:?}", self.words, lines.len()))
    }

    fn is_told_by(&self, line: &str) -> Result<(), String> {
        let reason = line.split("\"reason\":\"").nth(1).unwrap_or_default();
        if reason.is_empty() || !line.contains(self.words) {
            return Err(format!("no reason, or no {:?}: {line}", self.words));
        }
        if !is_escaped(line) {
            return Err(format!("not escaped: {line:?}"));
        }
        Ok(())
    }
}

fn is_escaped(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The calm guests' connections, and those between the doors: pooled ones, and
/// more of HTTP/2 where so many streams were reset that one takes no new ones.
const GUESTS_MAX: usize = 32;

/// What the rows of a table came to.
#[derive(Default)]
pub struct Findings {
    wrong: Vec<String>,
    lines: Vec<(String, Expected)>,
    among: Vec<(String, Expected)>,
}

impl Findings {
    /// Keeps what a row came to, with the access line it expects, if any.
    pub fn take(&mut self, name: String, came: Result<Option<Expected>, String>) {
        match came {
            Ok(expected) => self.lines.extend(expected.map(|expected| (name, expected))),
            Err(problem) => self.wrong.push(format!("{name}: {problem}")),
        }
    }

    /// The same for a connection with many requests: one of its lines will do.
    pub fn take_among(&mut self, name: String, came: Result<Option<Expected>, String>) {
        match came {
            Ok(expected) => self.among.extend(expected.map(|expected| (name, expected))),
            Err(problem) => self.wrong.push(format!("{name}: {problem}")),
        }
    }

    /// Looks for the access lines, for panics of the doors (G6) and for
    /// connections left behind (G5); panics with everything that is wrong.
    pub fn check(self, stage: &Stage) {
        let Self { mut wrong, lines, among } = self;
        if !within(|| stage.open_connections() <= GUESTS_MAX) {
            wrong.push(format!("{} connections are still open", stage.open_connections()));
        }
        if panics() > 0 {
            wrong.push(format!("the doors panicked {} times", panics()));
        }
        for (name, expected) in lines {
            if let Err(problem) = expected.check(stage) {
                wrong.push(format!("{name}: {problem}"));
            }
        }
        // They come together, so the wait is one for all.
        within(|| among.iter().all(|(_, expected)| expected.check_among(stage).is_ok()));
        for (name, expected) in among {
            if let Err(problem) = expected.check_among(stage) {
                wrong.push(format!("{name}: {problem}"));
            }
        }
        assert!(wrong.is_empty(), "{} rows fail:\n{}", wrong.len(), wrong.join("\n"));
    }
}
