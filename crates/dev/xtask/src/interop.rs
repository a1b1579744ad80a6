//! `cargo xtask interop`: the real program against software nobody here wrote.
//! Every peer is installed by name and version; one that can't be had fails
//! the run, none is skipped.

mod authority;
mod browser;
mod capture;
mod closing;
mod connect;
mod databases;
mod deadline;
mod edge;
mod endurance;
mod go;
mod grid;
mod grpc;
mod h2spec;
mod handshake;
mod http2;
mod install;
mod mesh;
mod process;
mod python;
mod report;
mod scratch;
mod shop;
mod strangers;
mod told;
mod web;
mod websocket;

use anyhow::{Result, bail};

use install::Tool;
use mesh::Postern;
use report::Report;

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What every change has to pass.
    Quick,
    /// Everything.
    Full,
}

/// What was asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    depth: Depth,
    is_release: bool,
    /// Names of cases; empty for all.
    only: Vec<String>,
}

impl Wanted {
    /// What CI runs.
    pub(crate) fn quick() -> Self {
        Self { depth: Depth::Quick, is_release: false, only: Vec::new() }
    }

    /// `--quick`, `--release` and names of cases; `None` for anything else.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let mut wanted = Self { depth: Depth::Full, ..Self::quick() };
        for word in words {
            match *word {
                "--quick" => wanted.depth = Depth::Quick,
                "--release" => wanted.is_release = true,
                name if CASES.iter().any(|case| case.name == name) => {
                    wanted.only.push(name.to_owned());
                }
                _ => return None,
            }
        }
        Some(wanted)
    }

    /// A case that was named runs, however long it takes.
    fn has(&self, case: &Case) -> bool {
        if self.only.is_empty() {
            return self.depth == Depth::Full || case.depth == Depth::Quick;
        }
        self.only.iter().any(|name| name == case.name)
    }
}

/// One meeting with one peer, in its own mesh.
struct Case {
    name: &'static str,
    depth: Depth,
    tools: &'static [Tool],
    run: fn(&Postern, &mut Report) -> Result<()>,
}

const CASES: [Case; 19] = [
    Case { name: "shop", depth: Depth::Quick, tools: &[Tool::Curl], run: shop::run },
    Case {
        name: "strangers",
        depth: Depth::Quick,
        tools: &[Tool::Curl, Tool::Python],
        run: strangers::run,
    },
    Case { name: "redis", depth: Depth::Quick, tools: &[Tool::Redis], run: databases::redis },
    Case {
        name: "postgres",
        depth: Depth::Quick,
        tools: &[Tool::Postgres],
        run: databases::postgres,
    },
    Case { name: "handshake", depth: Depth::Quick, tools: &[Tool::Openssl], run: handshake::run },
    Case {
        name: "capture",
        depth: Depth::Quick,
        tools: &[Tool::Curl, Tool::Tcpdump],
        run: capture::run,
    },
    Case { name: "python-spiffe", depth: Depth::Quick, tools: &[Tool::Python], run: python::run },
    Case { name: "go-spiffe", depth: Depth::Quick, tools: &[Tool::Go], run: go::run },
    Case {
        name: "http2",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Curl, Tool::H2load, Tool::Nghttp],
        run: http2::run,
    },
    Case {
        name: "h2spec",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Go, Tool::Node],
        run: h2spec::run,
    },
    Case {
        name: "grpc",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Python, Tool::Go],
        run: grpc::run,
    },
    Case {
        name: "websocket",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Python, Tool::Node],
        run: websocket::run,
    },
    Case {
        name: "closing",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Python],
        run: closing::run,
    },
    Case {
        name: "browser",
        depth: Depth::Quick,
        tools: &[Tool::Openssl, Tool::Node, Tool::Chromium],
        run: browser::run,
    },
    Case {
        name: "connect",
        depth: Depth::Full,
        tools: &[Tool::Openssl, Tool::Go, Tool::Python],
        run: connect::run,
    },
    Case {
        name: "rotation",
        depth: Depth::Full,
        tools: &[Tool::H2load, Tool::Openssl, Tool::Python],
        run: endurance::rotation,
    },
    Case {
        name: "crash",
        depth: Depth::Full,
        tools: &[Tool::H2load, Tool::Curl],
        run: endurance::crash,
    },
    Case {
        name: "outage",
        depth: Depth::Full,
        tools: &[Tool::H2load, Tool::Curl],
        run: endurance::outage,
    },
    Case {
        name: "grid",
        depth: Depth::Full,
        tools: &[
            Tool::Apache,
            Tool::Go,
            Tool::Haproxy,
            Tool::Lighttpd,
            Tool::Nginx,
            Tool::Node,
            Tool::Openssl,
            Tool::Python,
        ],
        run: grid::run,
    },
];

/// Runs the peers; all of them, whatever fails.
pub(crate) fn run(wanted: &Wanted) -> Result<()> {
    let cases: Vec<_> = CASES.iter().filter(|case| wanted.has(case)).collect();
    let tools: Vec<_> = cases.iter().flat_map(|case| case.tools.iter().copied()).collect();
    install::all(&tools)?;
    let postern = Postern::build(wanted.is_release)?;
    let mut report = Report::new();
    for case in cases {
        report.case(case.name, |report| (case.run)(&postern, report));
    }
    match report.close() {
        0 => Ok(()),
        failed => bail!("interop: {failed} failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_flags_are_understood_and_nothing_else() {
        assert_eq!(Wanted::parse(&["--quick"]), Some(Wanted::quick()));
        let named = Wanted::parse(&["--release", "outage"]).unwrap();
        assert!(named.is_release && named.has(&CASES[17]) && !named.has(&CASES[0]));
        assert_eq!(Wanted::parse(&["nonsense"]), None);
    }

    #[test]
    fn quick_leaves_out_only_what_takes_minutes() {
        let left_out = CASES.iter().filter(|case| !Wanted::quick().has(case));
        let names: Vec<_> = left_out.map(|case| case.name).collect();
        assert_eq!(names, ["connect", "rotation", "crash", "outage", "grid"]);
    }
}
