//! What held and what did not: each check is one line, the last line counts.

use std::time::Instant;

use anyhow::{Error, Result, bail, ensure};

/// The tally of a run.
pub(crate) struct Report {
    passed: usize,
    failed: usize,
    failures: Vec<String>,
    case: &'static str,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { passed: 0, failed: 0, failures: Vec::new(), case: "" }
    }

    /// Runs a case; an error that ends it early counts as one failed check.
    pub(crate) fn case(&mut self, name: &'static str, run: impl FnOnce(&mut Self) -> Result<()>) {
        self.case = name;
        let began = Instant::now();
        eprintln!("\n== {name}");
        if let Err(error) = run(self) {
            self.fail("the case runs to its end", &error);
        }
        eprintln!("   {:.1} s", began.elapsed().as_secs_f64());
    }

    /// Notes the outcome of one check and goes on either way.
    pub(crate) fn check(&mut self, what: &str, outcome: Result<()>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                eprintln!("   ok    {what}");
            }
            Err(error) => self.fail(what, &error),
        }
    }

    /// A number worth reading beside the checks.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("   note  {text}");
    }

    fn fail(&mut self, what: &str, error: &Error) {
        self.failed += 1;
        let line = format!("{}: {what}: {error:#}", self.case);
        eprintln!("   FAIL  {what}: {error:#}");
        self.failures.push(line);
    }

    /// Prints the tally; gives the number of failures.
    pub(crate) fn close(self) -> usize {
        eprintln!();
        for line in &self.failures {
            eprintln!("FAILED {line}");
        }
        println!("interop: {} passed, {} failed", self.passed, self.failed);
        self.failed
    }
}

/// `seen` is `wanted`.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(seen: T, wanted: T) -> Result<()> {
    ensure!(seen == wanted, "seen {seen:?}, wanted {wanted:?}");
    Ok(())
}

/// `text` holds every one of `parts`.
pub(crate) fn holds(text: &str, parts: &[&str]) -> Result<()> {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => bail!("`{part}` is not in:\n{text}"),
        None => Ok(()),
    }
}
