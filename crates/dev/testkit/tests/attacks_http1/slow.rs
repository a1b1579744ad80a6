//! H1-20: callers and upstreams that take their time. Every door runs with
//! short limits, and nobody else waits.

use std::io::{Read, Write};

use testkit::{Arena, Conversation, Guest, Place, Reply, dial_plain, get, post, status_of, until};

const SHORT: &str = "headTime: 600ms, idleTime: 900ms, bodyStallTime: 600ms, \
                     poolIdleTime: 100ms, handshakeTime: 300ms, responseTime: 300ms";

/// What is sent before the silence, and what comes of it.
struct Slow {
    what: &'static str,
    sends: Vec<u8>,
    /// 0: closed without a word.
    gets: u16,
    reason: &'static str,
}

fn slow(what: &'static str, sends: impl Into<Vec<u8>>, gets: u16, reason: &'static str) -> Slow {
    Slow { what, sends: sends.into(), gets, reason }
}

fn rows() -> Vec<Slow> {
    vec![
        slow("nothing at all", "", 0, ""),
        slow("one byte", "G", 408, "head took longer"),
        slow("half a request line", "GET /v1", 408, "head took longer"),
        slow("a request line", "GET /v1/a HTTP/1.1\r\n", 408, "head took longer"),
        slow("all but the last byte", &get("")[..get("").len() - 1], 408, "head took longer"),
        slow("an empty line", "\r\n", 408, "head took longer"),
        slow("a head without its body", post("Content-Length: 5\r\n", ""), 408, "body stalled"),
        slow("half a body", post("Content-Length: 5\r\n", "he"), 408, "body stalled"),
        slow("half a chunk size", post("Transfer-Encoding: chunked\r\n", "1"), 408, "body stalled"),
        slow(
            "half a chunk",
            post("Transfer-Encoding: chunked\r\n", "5\r\nhe"),
            408,
            "body stalled",
        ),
        slow(
            "no last chunk",
            post("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n"),
            408,
            "body stalled",
        ),
        slow(
            "half a trailer",
            post("Transfer-Encoding: chunked\r\n", "0\r\nA: b\r\n"),
            408,
            "body stalled",
        ),
    ]
}

#[test]
fn who_falls_silent_is_given_up_and_nobody_waits() {
    let arena = Arena::open(SHORT);
    for place in Place::ALL {
        // All of them at once: together they take no longer than one.
        let mut open = Vec::new();
        for row in rows() {
            let Guest { mut talk, from } = arena.enter(*place);
            talk.write_all(&row.sends).and_then(|()| talk.flush()).unwrap();
            open.push((row, talk, from));
        }
        for (row, mut talk, from) in open {
            let (answer, closed) = talk.hear_out();
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert_eq!(status_of(&answer), row.gets, "{} at {place:?}: {answer:?}", row.what);
            assert!(closed, "{} at {place:?}", row.what);
            if row.gets != 0 {
                let lines = arena.stage.lines_from(place.role(), from);
                assert!(
                    lines.len() == 1 && lines[0].contains(row.reason),
                    "{} at {place:?}: {lines:?}",
                    row.what
                );
            }
        }
        until("the backend to be left in peace", || arena.backend.is_calm().then_some(()));
        assert!(arena.backend.requests().is_empty(), "{place:?}");
    }
}

/// A byte now and then keeps no door waiting for longer than a head may take.
#[test]
fn crumbs_do_not_buy_time() {
    let arena = Arena::open(SHORT);
    for place in Place::ALL {
        let Guest { mut talk, from } = arena.enter(*place);
        let mut sent = 0;
        // Until the door closes: a write to a closed connection fails in time.
        while talk
            .write_all(b"GET /v1/a?".get(sent..=sent).unwrap_or(b"a"))
            .and_then(|()| talk.flush())
            .is_ok()
        {
            sent += 1;
            assert!(sent < 2_000_000, "{place:?}");
            std::thread::yield_now();
            if sent > 14_000 {
                break;
            }
        }
        let (answer, closed) = talk.hear_out();
        assert!(
            closed && [408, 414].contains(&status_of(&String::from_utf8_lossy(&answer))),
            "{place:?} {answer:?}"
        );
        arena.stage.lines_from(place.role(), from);
    }
}

#[test]
fn a_caller_that_does_not_read_holds_up_only_itself() {
    // The answer may take its time on a busy machine: its reader must not.
    let arena = Arena::open(&SHORT.replace("responseTime: 300ms", "responseTime: 5s"));
    let body = vec![b'x'; 32 * 1024 * 1024];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    arena.backend.answer_with(Reply::Http([head.into_bytes(), body].concat()));
    for place in Place::ALL {
        let Guest { mut talk, from } = arena.enter(*place);
        talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
        let lines = arena.stage.lines_from(place.role(), from);
        assert!(lines[0].contains("the caller went away"), "{lines:?}");
    }
}

#[test]
fn an_upstream_that_is_silent_or_stalls_is_given_up() {
    let arena = Arena::open(SHORT);
    for (place, says, gets) in [
        (Place::Inbound, &b""[..], 504),
        (Place::Inbound, b"HTTP/1.1 200 OK\r\nContent-Le", 504),
        (Place::Inbound, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 200),
    ] {
        arena.backend.answer_with(Reply::Http(says.to_vec()));
        let Guest { mut talk, from } = arena.enter(place);
        talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
        let (answer, closed) = talk.hear_out();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(status_of(&answer), gets, "{answer:?}");
        // What was begun ends with the connection: it can't pass for whole.
        assert!(closed || gets == 504);
        let lines = arena.stage.lines_from(place.role(), from);
        assert!(lines[0].contains("\"blame\":\"upstream\""), "{lines:?}");
        until("the upstream to be left", || arena.backend.is_calm().then_some(()));
    }
}

/// The legal twin of all of it: as slow as is allowed.
#[test]
fn who_is_slow_but_moves_is_served() {
    let arena = Arena::open(SHORT);
    for place in Place::ALL {
        let Guest { mut talk, .. } = arena.enter(*place);
        for crumb in post("Content-Length: 5\r\n", "hello").chunks(3) {
            talk.write_all(crumb).and_then(|()| talk.flush()).unwrap();
        }
        assert!(talk.hear_response().ends_with("hello"), "{place:?}");
        let mut nothing = [0];
        // Idle for too long afterwards: closed without a word.
        assert!(!matches!(talk.read(&mut nothing), Ok(1..)), "{place:?}");
    }
}

/// A byte now and then is no body, either: how much comes counts, not that
/// something does.
#[test]
fn a_body_in_crumbs_is_given_up() {
    let arena = Arena::open(SHORT);
    let mut app = dial_plain(arena.web.outbound("orders", 8080));
    let from = app.local_addr().unwrap();
    app.write_all(&post("Content-Length: 1000000\r\n", "")).unwrap();
    // What a well-behaved guest asks in between takes the time that passes.
    until("the door to give up", || {
        for _ in 0..3 {
            arena.others_are_served(Place::Outbound);
        }
        app.set_nonblocking(true).unwrap();
        let has_answer = app.peek(&mut [0]).is_ok();
        app.set_nonblocking(false).unwrap();
        (has_answer || app.write_all(b"x").is_err()).then_some(())
    });
    assert_eq!(status_of(&app.hear_response()), 408);
    let lines = arena.stage.lines_from("outbound", from);
    assert!(lines[0].contains("came too slowly"), "{lines:?}");
    until("the backend to be left in peace", || arena.backend.is_calm().then_some(()));
}

/// Who goes away in the middle has asked for nothing.
#[test]
fn half_a_body_is_no_request() {
    let arena = Arena::open("");
    for sent in [
        post("Content-Length: 10\r\n", "hello"),
        post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"),
        post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"),
    ] {
        let mut app = dial_plain(arena.web.outbound("orders", 8080));
        let from = app.local_addr().unwrap();
        app.write_all(&sent).unwrap();
        app.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(app.hear_out().1);
        let lines = arena.stage.lines_from("outbound", from);
        assert!(lines.len() == 1 && lines[0].contains("the caller went away"), "{lines:?}");
        until("the backend to be left in peace", || arena.backend.is_calm().then_some(()));
        assert!(arena.backend.requests().is_empty());
        arena.others_are_served(Place::Outbound);
    }
}

/// Many who stay and ask nothing more: they cost nobody else anything, and
/// leave when their time is over.
#[test]
fn a_crowd_that_idles_is_shown_out_and_nobody_waits() {
    for place in Place::ALL {
        let arena = Arena::open("idleTime: 3s, poolIdleTime: 100ms");
        let mut crowd = Vec::new();
        for _ in 0..60 {
            let mut talk = arena.enter(*place).talk;
            talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
            assert!(talk.hear_response().ends_with("hello"), "{place:?}");
            crowd.push(talk);
            arena.others_are_served(*place);
        }
        for mut talk in crowd {
            let (rest, closed) = talk.hear_out();
            assert!(closed && rest.is_empty(), "{place:?}: {rest:?}");
        }
        let mut next = arena.enter(*place).talk;
        next.write_all(&get("")).and_then(|()| next.flush()).unwrap();
        assert!(next.hear_response().ends_with("hello"), "{place:?}");
    }
}
