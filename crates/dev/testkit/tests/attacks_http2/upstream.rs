//! H2-13, and H1-13, H1-23 over HTTP/2: an upstream that lies about its
//! answers; the lies stand in their own files. The caller, of either version, gets a 502 or sees its answer cut;
//! whom nobody can understand any more is never asked again.

use testkit::http2::{Aim, App, Speech, Talk};
use testkit::{Arena, Expected, Findings, Place, status_of};

/// What the caller may make of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A 502 of the door's own, or a 503 where nothing was processed.
    Refused,
    /// An answer that ends by a reset or with the connection.
    Cut,
    /// Either of them.
    Broken,
    /// This status, whole.
    Passes(u16),
}

pub(crate) struct Lie {
    id: &'static str,
    what: &'static str,
    speech: Speech,
    outcome: Outcome,
    /// The connection can't be understood any more.
    ends_link: bool,
    /// How often the app may be asked.
    asked_max: usize,
}

pub(crate) fn lie(
    what: &'static str,
    words: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static,
) -> Lie {
    Lie {
        id: "H1-23",
        what,
        speech: Speech::says(words),
        outcome: Outcome::Refused,
        ends_link: false,
        asked_max: 1,
    }
}

impl Lie {
    pub(crate) fn comes(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    pub(crate) fn ends_link(mut self) -> Self {
        self.ends_link = true;
        self
    }

    /// And closes the connection.
    pub(crate) fn closes(mut self) -> Self {
        self.speech = self.speech.closes();
        self
    }

    pub(crate) fn id(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    pub(crate) fn asked(mut self, most: usize) -> Self {
        self.asked_max = most;
        self
    }
}

fn lies() -> Vec<Lie> {
    let mut lies = super::lies::all();
    lies.extend(super::lies_frames::all());
    lies
}

/// One lie, told to a caller of either version.
fn tell(arena: &Arena, aim: Aim, lie: &Lie, version: App) -> Result<Option<Expected>, String> {
    arena.http2.forget();
    arena.http2.answer_with(lie.speech.clone());
    let (status, is_whole, from) = ask(arena, aim, version);
    arena.others_are_served(aim.place);
    arena.http2_others_are_served(aim.place);
    let is_right = match lie.outcome {
        Outcome::Refused => matches!(status, 502 | 503),
        Outcome::Cut => !is_whole && !matches!(status, 502 | 503),
        Outcome::Broken => matches!(status, 502 | 503) || !is_whole,
        Outcome::Passes(wanted) => status == wanted && is_whole,
    };
    if !is_right {
        return Err(format!("status {status}, whole: {is_whole}"));
    }
    if arena.http2.begun() > lie.asked_max {
        return Err(format!("the app was asked {} times", arena.http2.begun()));
    }
    // The legal twin: asked again, it answers properly.
    let then = arena.http2.last_streams();
    arena.http2.answer_with(Speech::default());
    match ask(arena, aim, version) {
        (200, true, _) => {}
        other => return Err(format!("the next request got {other:?}")),
    }
    if lie.ends_link && !arena.http2.are_left_alone(&then) {
        return Err("the liar's connection was used again".into());
    }
    let words = "\"blame\":\"upstream\"";
    let is_told = !matches!(lie.outcome, Outcome::Passes(_));
    Ok(is_told.then_some(Expected { from, role: aim.place.role(), words }))
}

/// Asks on a connection of its own: status, whether the answer is whole, and
/// how access lines call it.
fn ask(arena: &Arena, aim: Aim, version: App) -> (u16, bool, std::net::SocketAddr) {
    match version {
        App::Http2 => {
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            let answer = talk.ask(1, &aim.get(1, &[]));
            (answer.status, answer.is_whole, talk.from)
        }
        App::Http1 => {
            let mut guest = arena.enter_http1(aim);
            let head = format!("GET {} HTTP/1.1\r\nhost: {}\r\n", aim.path(), aim.authority());
            let request = format!("{head}connection: close\r\n\r\n");
            let _closed =
                guest.talk.write_all(request.as_bytes()).and_then(|()| guest.talk.flush());
            let (answer, _) = guest.talk.hear_out();
            let (status, is_whole) = told_in_http1(&String::from_utf8_lossy(&answer));
            (status, is_whole, guest.from)
        }
    }
}

/// The final answer behind any interim ones, and whether it is whole.
fn told_in_http1(answer: &str) -> (u16, bool) {
    let mut rest = answer;
    while rest.starts_with("HTTP/1.1 1") {
        rest = rest.split_once("\r\n\r\n").map_or("", |(_, rest)| rest);
    }
    let status = status_of(rest);
    let (head, body) = rest.split_once("\r\n\r\n").unwrap_or_default();
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let is_whole = match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() == length,
        None if head.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
        None => status == 204,
    };
    (status, is_whole)
}

fn run(arena: &Arena, places: &[Place], versions: &[App]) {
    let mut findings = Findings::default();
    for lie in &lies() {
        for place in places {
            for version in versions {
                let aim = Aim { app: App::Http2, place: *place };
                let name = format!("{} at {place:?} to {version:?}, {}", lie.id, lie.what);
                findings.take_among(name, tell(arena, aim, lie, *version));
            }
        }
    }
    findings.check(&arena.stage);
}

#[test]
fn an_app_that_lies_is_found_out_at_its_own_door() {
    run(&Arena::open(""), &[Place::Inbound], App::ALL);
}

/// Between doors a request goes on in the version it came in.
#[test]
fn a_door_that_lies_is_found_out_by_its_callers() {
    let places = [Place::Outbound, Place::Proxy, Place::Edge];
    run(&Arena::before_an_http2_liar(""), &places, &[App::Http2]);
}
