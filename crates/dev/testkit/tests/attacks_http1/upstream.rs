//! H1-23, and the answering side of H1-13 and H1-14: an upstream that lies
//! about its answers. The caller gets a 502, the connection to the upstream is
//! never used again, and the next request is served as if nothing had been.

use std::io::Write;

use testkit::{
    Arena, Backend, Conversation, Expected, Findings, Guest, Place, Reply, get, post, status_of,
    until,
};

struct Lie {
    id: &'static str,
    what: &'static str,
    request: Vec<u8>,
    says: Vec<u8>,
    /// Statuses that may come back; 502 unless said otherwise.
    gets: &'static [u16],
    /// Only the connection is not used again: the answer itself was proper.
    is_proper: bool,
}

fn lie(id: &'static str, what: &'static str, says: impl Into<Vec<u8>>) -> Lie {
    Lie { id, what, request: get(""), says: says.into(), gets: &[502], is_proper: false }
}

impl Lie {
    fn to(mut self, request: impl Into<Vec<u8>>) -> Self {
        self.request = request.into();
        self
    }

    /// The answer is passed on, but nothing behind it and no second one.
    fn passes(mut self, statuses: &'static [u16]) -> Self {
        (self.gets, self.is_proper) = (statuses, true);
        self
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn lies() -> Vec<Lie> {
    let mut lies = framings();
    lies.extend(lines());
    lies.extend(words_between());
    lies.extend(more_than_asked());
    lies
}

fn framings() -> Vec<Lie> {
    let of = |what, rest: &str| lie("H1-23", what, format!("{OK}{rest}"));
    vec![
        of("CL and TE", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        of("TE and CL", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        of("two equal lengths", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        of("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        of("a list of lengths", "Content-Length: 5, 5\r\n\r\nhello"),
        of("a negative length", "Content-Length: -5\r\n\r\nhello"),
        of("a length with a sign", "Content-Length: +5\r\n\r\nhello"),
        of("an empty length", "Content-Length:\r\n\r\nhello"),
        of("a coding nobody knows", "Transfer-Encoding: xchunked\r\n\r\nhello"),
        of("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        of(
            "two codings",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        of("a folded coding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        lie(
            "H1-23",
            "chunks in HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        lie(
            "H1-23",
            "a length on a 204",
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        ),
        lie(
            "H1-23",
            "chunks on a 204",
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        lie(
            "H1-23",
            "a length on a 103",
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello",
        ),
        of("a bad first chunk", "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n"),
        of(
            "a field that the Connection header may not name",
            "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
        ),
    ]
}

fn lines() -> Vec<Lie> {
    let of = |what, rest: &[u8]| lie("H1-23", what, [OK.as_bytes(), rest].concat());
    let all = |what, bytes: &str| lie("H1-23", what, bytes);
    let bomb: String = (0..10_000).map(|at| format!("X-{at}: y\r\n")).collect();
    vec![
        of("a header bomb", format!("{bomb}\r\n").as_bytes()),
        of("a field of 1 MB", format!("X: {}\r\n\r\n", "v".repeat(1_000_000)).as_bytes()),
        of("a folded field", b"X: y\r\n z\r\nContent-Length: 0\r\n\r\n"),
        of("CR in a value", b"X: y\rz\r\nContent-Length: 0\r\n\r\n"),
        of("NUL in a value", b"X: y\0z\r\nContent-Length: 0\r\n\r\n"),
        of("LF alone", b"X: y\nContent-Length: 0\r\n\r\n"),
        of("a blank before the colon", b"Content-Length : 0\r\n\r\n"),
        of("no colon", b"X\r\nContent-Length: 0\r\n\r\n"),
        all("no HTTP", "220 smtp.example ESMTP\r\n\r\n"),
        all("HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        all("status 99", "HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n"),
        all("status 600", "HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n"),
        all("two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
        all("four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
        all("a control in the reason", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n"),
        all("a blank first", " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        all("an empty line first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        all("frames of HTTP/2", "\0\0\0\x04\0\0\0\0\0"),
    ]
}

fn words_between() -> Vec<Lie> {
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    vec![
        lie("H1-13", "a thousand interim answers", hint.repeat(1000)),
        lie("H1-14", "101 unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x01\x02"),
        lie("H1-14", "101 to a request that asked, without the proof", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x01\x02")
            .to(get("Connection: Upgrade\r\nUpgrade: websocket\r\n")),
        lie("H1-14", "101 without a protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        lie("H1-14", "101 behind a 100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            .to(post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello")),
    ]
}

fn more_than_asked() -> Vec<Lie> {
    let head = |status: &str| format!("HEAD-proof {status}").replace("HEAD-proof ", "HTTP/1.1 ");
    let to_head = "HEAD /v1/a HTTP/1.1\r\nHost: orders:8080\r\n\r\n";
    vec![
        lie("H1-23", "a body on HEAD", format!("{OK}Content-Length: 5\r\n\r\nhello"))
            .to(to_head)
            .passes(&[200]),
        lie(
            "H1-23",
            "chunks on HEAD",
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        )
        .to(to_head)
        .passes(&[200]),
        lie(
            "H1-23",
            "a body on a 304",
            format!("{}\r\nContent-Length: 5\r\n\r\nhello", head("304 Not Modified")),
        )
        .passes(&[304]),
        lie("H1-23", "a body behind a 204", format!("{}\r\n\r\nhello", head("204 No Content")))
            .passes(&[204]),
        lie(
            "H1-23",
            "two answers",
            format!("{OK}Content-Length: 5\r\n\r\nhello{OK}Content-Length: 4\r\n\r\nevil"),
        )
        .passes(&[200]),
        lie("H1-23", "bytes behind the answer", format!("{OK}Content-Length: 5\r\n\r\nhelloevil"))
            .passes(&[200]),
        lie(
            "H1-23",
            "more chunks behind the last",
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
        )
        .passes(&[200]),
    ]
}

/// The hostile upstream of a place: an app behind the inbound door, or another
/// door for all others.
fn tell(
    arena: &Arena,
    backend: &Backend,
    place: Place,
    lie: &Lie,
) -> Result<Option<Expected>, String> {
    let before = backend.answered();
    backend.answer_with(Reply::Http(lie.says.clone()));
    let Guest { mut talk, from } = arena.enter(place);
    talk.write_all(&lie.request).and_then(|()| talk.flush()).map_err(|e| e.to_string())?;
    let answer = last_answer(&mut *talk, lie.request.starts_with(b"HEAD"));
    if !lie.gets.contains(&status_of(&answer)) {
        return Err(format!("not {:?}: {answer:?}", lie.gets));
    }
    arena.others_are_served(place);
    // The legal twin: the next request is answered properly, on another
    // connection, while the liar's has ended or never carries one again.
    let liars = backend.answered_since(&before);
    backend.answer_with(Reply::ok("hello"));
    let answer = if lie.is_proper { fresh(arena, place) } else { next(&mut *talk, arena, place) };
    if !answer.ends_with("hello") || status_of(&answer) != 200 {
        return Err(format!("the next request got {answer:?}"));
    }
    if !backend.are_left_alone(&liars) {
        return Err("the liar's connection was used again".into());
    }
    if lie.is_proper {
        return Ok(None);
    }
    until(lie.what, || backend.have_ended(&liars).then_some(()));
    Ok(Some(Expected { from, role: place.role(), words: "\"blame\":\"upstream\"" }))
}

/// The final answer, behind any interim ones.
fn last_answer(talk: &mut dyn Conversation, of_head: bool) -> String {
    loop {
        let answer = if of_head { talk.hear_head() } else { talk.hear_response() };
        match answer {
            interim if interim.starts_with("HTTP/1.1 1") => {}
            answer => return answer,
        }
    }
}

/// The next request, on the caller's same connection if it is still open.
fn next(talk: &mut dyn Conversation, arena: &Arena, place: Place) -> String {
    let _closed = talk.write_all(&get("")).and_then(|()| talk.flush());
    match talk.hear_response() {
        nothing if nothing.is_empty() => fresh(arena, place),
        answer => answer,
    }
}

fn fresh(arena: &Arena, place: Place) -> String {
    let mut talk = arena.enter(place).talk;
    talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
    talk.hear_response()
}

fn run(arena: &Arena, places: &[Place]) {
    let mut findings = Findings::default();
    for lie in &lies() {
        for place in places {
            let name = format!("{} at {place:?}, {}", lie.id, lie.what);
            findings.take(name, tell(arena, &arena.backend, *place, lie));
        }
    }
    findings.check(&arena.stage);
}

#[test]
fn an_app_that_lies_is_found_out_at_its_own_door() {
    let arena = Arena::open("");
    run(&arena, &[Place::Inbound]);
}

#[test]
fn a_door_that_lies_is_found_out_by_its_callers() {
    let arena = Arena::before_a_liar("");
    run(&arena, &[Place::Outbound, Place::Proxy, Place::Edge]);
}

/// A door that answers before it was asked, with its part of the handshake: no
/// byte of a request goes there.
#[test]
fn who_speaks_before_it_is_asked_is_not_asked() {
    let arena = Arena::before_a_liar("");
    let mut findings = Findings::default();
    let unasked = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for place in [Place::Outbound, Place::Proxy, Place::Edge] {
        arena.backend.forget();
        arena.backend.answer_with(Reply::Unasked(unasked.to_vec()));
        let Guest { mut talk, from } = arena.enter(place);
        talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
        let answer = talk.hear_response();
        assert_eq!(status_of(&answer), 502, "{place:?}: {answer:?}");
        assert!(arena.backend.seen().is_empty(), "{place:?}");
        let words = "spoke before it was asked";
        findings.take(format!("{place:?}"), Ok(Some(Expected { from, role: place.role(), words })));
        until("the liar to be left", || arena.backend.all_have_ended().then_some(()));
    }
    findings.check(&arena.stage);
}

/// H1-13: the final answer before the body. It is passed on; where the rest of
/// the body is never sent, neither connection carries another request.
#[test]
fn an_answer_before_the_body_ends_the_connection_unless_the_body_comes() {
    let arena = Arena::open("bodyStallTime: 300ms, poolIdleTime: 200ms");
    let early = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    for place in [Place::Inbound, Place::Outbound, Place::Proxy, Place::Edge] {
        arena.backend.answer_with(Reply::AtHead(early.to_vec()));
        let before = arena.backend.answered();
        let Guest { mut talk, .. } = arena.enter(place);
        let request = post("Expect: 100-continue\r\nContent-Length: 5\r\n", "");
        talk.write_all(&request).and_then(|()| talk.flush()).unwrap();
        let answer = talk.hear_response();
        assert_eq!(status_of(&answer), 403, "{place:?}: {answer:?}");
        let asked = arena.backend.answered_since(&before);
        let (_, closed) = talk.hear_out();
        assert!(closed, "{place:?}");
        until("the upstream to be left", || arena.backend.have_ended(&asked).then_some(()));
        arena.others_are_served(place);
    }
}
