//! What the rows of a table came to, and the access lines they have to leave:
//! looked for when all rows have run, because lines take a moment.

use crate::stage::{Stage, panics};
use crate::wait::until;

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
        let reason = line.split("\"reason\":\"").nth(1).unwrap_or_default();
        if reason.is_empty() || !line.contains(self.words) {
            return Err(format!("no reason, or no {:?}: {line}", self.words));
        }
        if !line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(format!("not escaped: {line:?}"));
        }
        Ok(())
    }
}

/// The calm guests' connections, and the pooled ones between the doors.
const GUESTS_MAX: usize = 16;

/// What the rows of a table came to.
#[derive(Default)]
pub struct Findings {
    wrong: Vec<String>,
    lines: Vec<(String, Expected)>,
}

impl Findings {
    /// Keeps what a row came to, with the access line it expects, if any.
    pub fn take(&mut self, name: String, came: Result<Option<Expected>, String>) {
        match came {
            Ok(expected) => self.lines.extend(expected.map(|expected| (name, expected))),
            Err(problem) => self.wrong.push(format!("{name}: {problem}")),
        }
    }

    /// Looks for the access lines, for panics of the doors (G6) and for
    /// connections left behind (G5); panics with everything that is wrong.
    pub fn check(self, stage: &Stage) {
        let Self { mut wrong, lines } = self;
        until("the doors to let go of all but the guests", || {
            (stage.open_connections() <= GUESTS_MAX).then_some(())
        });
        if panics() > 0 {
            wrong.push(format!("the doors panicked {} times", panics()));
        }
        for (name, expected) in lines {
            if let Err(problem) = expected.check(stage) {
                wrong.push(format!("{name}: {problem}"));
            }
        }
        assert!(wrong.is_empty(), "{} rows fail:\n{}", wrong.len(), wrong.join("\n"));
    }
}
