//! H2-14 and H1-20 over HTTP/2: connections and streams that are opened and
//! left, and things that are begun and never finished.

use testkit::http2::frame::{PREFACE, code, data, flag, frame, kind, ping, settings};
use testkit::http2::{Aim, App, Speech, Talk};
use testkit::{Arena, Place, Reply, until};

const SHORT: &str = "headTime: 400ms, idleTime: 600ms, bodyStallTime: 400ms, poolIdleTime: 200ms, \
                     handshakeTime: 500ms, responseTime: 2s";

/// What is sent before the silence.
struct Slow {
    what: &'static str,
    sends: fn(&Aim) -> Vec<u8>,
    /// A stream that is ended instead of the connection, or before it.
    ends_stream: bool,
}

fn rows() -> Vec<Slow> {
    let of = |what, sends| Slow { what, sends, ends_stream: false };
    let stream = |what, sends| Slow { what, sends, ends_stream: true };
    vec![
        of("nothing", |_| Vec::new()),
        of("half a preface", |_| PREFACE[..10].to_vec()),
        of("a preface without its last byte", |_| PREFACE[..23].to_vec()),
        of("a preface", |_| PREFACE.to_vec()),
        of("a preface and SETTINGS", |_| [PREFACE, &settings(&[])].concat()),
        of("half a frame's head", |_| [PREFACE, &settings(&[]), b"\0\0\x08\x06"].concat()),
        of("half a PING", |_| [PREFACE, &settings(&[]), &ping(1)[..12]].concat()),
        of("half of HEADERS", |aim| [PREFACE, &settings(&[]), &aim.get(1, &[])[..30]].concat()),
        of("HEADERS without their CONTINUATION", |aim| {
            let head = frame(kind::HEADERS, flag::END_STREAM, 1, &aim.block("GET", &[]));
            [PREFACE, &settings(&[]), &head].concat()
        }),
        stream("a head without its body", |aim| {
            [PREFACE, &settings(&[]), &aim.post(1, &[], b"")].concat()
        }),
        stream("half a body", |aim| {
            let body = data(1, b"he", false);
            [PREFACE, &settings(&[]), &aim.post(1, &[("content-length", "5")], &body)].concat()
        }),
        stream("half a DATA frame", |aim| {
            let body = data(1, b"hello", true);
            [PREFACE, &settings(&[]), &aim.post(1, &[], &body[..11])].concat()
        }),
    ]
}

#[test]
fn who_falls_silent_is_given_up_and_nobody_waits() {
    let arena = Arena::open(SHORT);
    for place in Place::ALL {
        let aim = Aim { app: App::Http2, place: *place };
        // All of them at once: together they take no longer than one.
        let mut open = Vec::new();
        for row in rows() {
            let mut talk = Talk::bare(arena.enter_http2(aim));
            talk.send(&(row.sends)(&aim));
            open.push((row, talk));
        }
        for (row, mut talk) in open {
            let closed = talk.hear_out();
            assert!(closed, "{} at {place:?}: left open", row.what);
            assert!(talk.ledger.counts[0] == 0 || row.ends_stream, "{} at {place:?}", row.what);
            if row.ends_stream {
                let stream = talk.ledger.stream(1);
                assert!(stream.is_over(), "{} at {place:?}: {stream:?}", row.what);
                let lines = arena.stage.lines_from(place.role(), talk.from);
                assert!(lines.iter().any(|line| line.contains("\"reason\":")), "{lines:?}");
            }
        }
        until("the app to be left in peace", || (arena.http2.busy() == 0).then_some(()));
        assert!(arena.http2.requests().is_empty(), "{place:?}");
    }
}

/// Other frames do not buy time for what is unfinished.
#[test]
fn pings_do_not_buy_time() {
    let arena = Arena::open(SHORT);
    for place in Place::ALL {
        let aim = Aim { app: App::Http2, place: *place };
        for (what, sends) in [
            ("nothing", Vec::new()),
            ("a head without its body", aim.post(1, &[], b"")),
            ("half a body", aim.post(1, &[], &data(1, b"he", false))),
        ] {
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            talk.send(&sends);
            let mut number = 0;
            // Each PING is answered before the next, so this is no flood.
            until(&format!("the end of {what} at {place:?}"), || {
                number += 1;
                let is_sent = talk.send(&ping(number));
                let count = usize::try_from(number).unwrap();
                let is_heard = is_sent
                    && talk.hear(|ledger| {
                        ledger.counts[6] >= count || ledger.is_over(1) || !ledger.goaways.is_empty()
                    });
                let is_over = talk.ledger.is_over(1) || !talk.ledger.goaways.is_empty();
                (is_over || !is_heard).then_some(())
            });
        }
        until("the app to be left in peace", || (arena.http2.busy() == 0).then_some(()));
    }
}

/// H2-14: streams past the limit are refused; those within it are served.
#[test]
fn streams_past_the_limit_are_refused() {
    let arena = Arena::open("");
    for place in Place::ALL {
        for app in App::ALL {
            let aim = Aim { app: *app, place: *place };
            arena.backend.answer_with(Reply::Http(Vec::new()));
            arena.http2.answer_with(Speech::silent());
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            let asked: Vec<u8> = (0..130).flat_map(|at| aim.get(2 * at + 1, &[])).collect();
            talk.send(&asked);
            let refused = |ledger: &testkit::http2::Ledger| ledger.resets(code::REFUSED_STREAM);
            assert!(talk.hear(|ledger| refused(ledger) == 30), "{aim:?} {}", refused(&talk.ledger));
            until(&format!("a hundred at the app: {aim:?}"), || {
                (arena.backend.busy() + arena.http2.busy() == 100).then_some(())
            });
            assert!((100..130).all(|at| talk.ledger.is_over(2 * at + 1)), "{aim:?}");
            arena.others_are_served(*place);
            arena.http2_others_are_served(*place);
            drop(talk);
            until(&format!("all to be given up: {aim:?}"), || {
                (arena.backend.busy() + arena.http2.busy() == 0).then_some(())
            });
            // The twin: as many one behind the other.
            arena.backend.answer_with(Reply::ok("hello"));
            arena.http2.answer_with(Speech::default());
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            for at in 0..130 {
                assert!(talk.ask(2 * at + 1, &aim.get(2 * at + 1, &[])).is_hello(), "{aim:?}");
            }
        }
    }
}

/// H2-11: whoever goes away in the middle of a body has asked for nothing.
#[test]
fn half_a_body_is_no_request() {
    let arena = Arena::open("");
    for place in Place::ALL {
        for app in App::ALL {
            let aim = Aim { app: *app, place: *place };
            for fields in [&[][..], &[("content-length", "10")]] {
                arena.backend.forget();
                let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
                talk.send(&aim.post(1, fields, &data(1, b"hello", false)));
                until(&format!("the beginning at the app: {aim:?}"), || {
                    (arena.backend.busy() + arena.http2.busy() == 1).then_some(())
                });
                let from = talk.from;
                drop(talk);
                until(&format!("the app to be left in peace: {aim:?}"), || {
                    (arena.backend.is_calm() && arena.http2.busy() == 0).then_some(())
                });
                assert!(arena.backend.requests().is_empty() && arena.http2.requests().is_empty());
                let lines = arena.stage.lines_from(place.role(), from);
                assert!(lines[0].contains("went away"), "{lines:?}");
                arena.http2_others_are_served(*place);
            }
        }
    }
}
