//! The keeper's tool: tests, real peers, the law of the house, and what CI
//! runs. Nothing of it ships.

use std::process::ExitCode;

use anyhow::Result;

mod ci;
mod fuzz;
mod generate;
mod interop;
mod run;
mod supply;
mod tests;
mod tidy;
mod workspace;

const USAGE: &str = "cargo xtask COMMAND

  test                every test that runs with Rust and a C compiler alone
  interop [--quick] [--release] [CASE...]
                      tests with real peers; installs them, pinned (Debian, Python, Go, npm)
  fuzz [TARGET...] [--time 600s]
                      decoders under libFuzzer, one after the other; wants a C++ compiler
  tidy                the law of the house: floors, imports, cycles, heads, generated files
  supply              licences, banned crates and known weaknesses, as deny.toml says
  ci                  fmt, tidy, supply, clippy, test, interop --quick: what .ci/run runs
  generate            makes the files that come from proto/ and the reference anew";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(1)
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(words: &[&str]) -> Option<Result<()>> {
    match words {
        ["test"] => Some(tests::run()),
        ["interop", words @ ..] => Some(interop::run(&interop::Wanted::parse(words)?)),
        ["fuzz", words @ ..] => Some(fuzz::run(&fuzz::Wanted::parse(words)?)),
        ["tidy"] => Some(tidy::run()),
        ["supply"] => Some(supply::run()),
        ["ci"] => Some(ci::run_all()),
        ["generate"] => Some(generate::run()),
        _ => None,
    }
}
