//! H2-07: windows that are never opened, and bytes beyond those that are. What
//! waits for a reader is bounded, and so is the time it waits.

use testkit::http2::frame::{code, data, ping, setting, settings, window_update};
use testkit::http2::{Aim, App, Speech, Talk};
use testkit::{Arena, Expected, Findings, Place, Reply, until};

const LARGE: usize = 8 * 1024 * 1024;
const SHORT: &str = "bodyStallTime: 500ms, poolIdleTime: 500ms";

fn all_say_much(arena: &Arena) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
    arena.backend.answer_with(Reply::Http([head.into_bytes(), vec![0; LARGE]].concat()));
    arena.http2.answer_with(Speech::large(LARGE));
}

fn all_say_hello(arena: &Arena) {
    arena.backend.answer_with(Reply::ok("hello"));
    arena.http2.answer_with(Speech::default());
}

fn aims() -> impl Iterator<Item = Aim> {
    Place::ALL.iter().flat_map(|place| App::ALL.iter().map(|app| Aim { app: *app, place: *place }))
}

/// A client that asks for much and opens no window: each stream ends in time,
/// and the app is left in peace.
#[test]
fn windows_that_stay_closed_hold_nothing_for_long() {
    let (arena, mut findings) = (Arena::open(SHORT), Findings::default());
    all_say_much(&arena);
    for aim in aims() {
        for window in [0, 1, 65_535] {
            let pairs = [(setting::INITIAL_WINDOW_SIZE, window)];
            let mut talk = Talk::begin(arena.enter_http2(aim), &pairs);
            talk.is_polite = false;
            let asked: Vec<u8> = (0..90).flat_map(|at| aim.get(2 * at + 1, &[])).collect();
            talk.send(&asked);
            arena.others_are_served(aim.place);
            arena.http2_others_are_served(aim.place);
            until(&format!("the app to be left in peace: {aim:?} {window}"), || {
                (arena.http2.busy() == 0 && arena.backend.is_calm()).then_some(())
            });
            talk.hear(|ledger| {
                !ledger.goaways.is_empty() || (0..90).all(|at| ledger.is_over(2 * at + 1))
            });
            let heard: usize = talk.ledger.streams.values().map(|stream| stream.body.len()).sum();
            assert!(heard <= 65_535, "{aim:?} {window}: {heard} bytes");
            let whole = talk.ledger.streams.values().filter(|stream| stream.ended).count();
            assert_eq!(whole, 0, "{aim:?} {window}: cut answers pass for whole ones");
            let (from, role) = (talk.from, aim.place.role());
            let expected = Expected { from, role, words: "\"blame\":\"caller\"" };
            findings.take_among(format!("{aim:?} {window}"), Ok(Some(expected)));
        }
    }
    findings.check(&arena.stage);
}

/// The legal twin: who opens them in time gets everything.
#[test]
fn windows_that_are_opened_let_everything_through() {
    let arena = Arena::open(SHORT);
    all_say_much(&arena);
    for aim in aims() {
        let mut talk = Talk::begin(arena.enter_http2(aim), &[(setting::INITIAL_WINDOW_SIZE, 0)]);
        talk.send(&aim.get(1, &[]));
        assert!(talk.hear(|ledger| !ledger.stream(1).heads.is_empty()), "{aim:?}");
        talk.send(&settings(&[(setting::INITIAL_WINDOW_SIZE, 100_000)]));
        let answer = talk.answer(1);
        assert!(answer.is_whole && answer.body.len() == LARGE, "{aim:?} {}", answer.body.len());
    }
}

/// A reader that stalls on one stream does not stop its others.
#[test]
fn a_stalled_stream_stops_no_other() {
    let arena = Arena::open("");
    for aim in aims() {
        all_say_much(&arena);
        let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
        talk.is_polite = false;
        talk.send(&[window_update(0, 0x7000_0000), aim.get(1, &[])].concat());
        assert!(talk.hear(|ledger| ledger.stream(1).body.len() == 65_535), "{aim:?}");
        all_say_hello(&arena);
        assert!(talk.ask(3, &aim.get(3, &[])).is_hello(), "{aim:?}");
        let body = data(5, b"hello", true);
        assert!(talk.ask(5, &aim.post(5, &[], &body)).is_hello(), "{aim:?}");
        talk.send(&ping(1));
        assert!(talk.hear(|ledger| ledger.counts[6] == 1), "{aim:?}");
        assert!(!talk.ledger.is_over(1), "{aim:?}");
    }
}

/// Bytes that nobody allowed: neither the stream's window nor the connection's.
#[test]
fn bytes_beyond_the_window_end_it() {
    let arena = Arena::open("");
    arena.backend.answer_with(Reply::Http(Vec::new()));
    arena.http2.answer_with(Speech::silent());
    for aim in aims() {
        let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
        talk.is_polite = false;
        assert!(talk.hear(|ledger| !ledger.settings.is_empty()), "{aim:?}");
        // The app of HTTP/2 opens no more than 64 KiB; the other one reads on.
        let body = data(1, &[0; 16_384], false).repeat(2_000);
        talk.send(&aim.post(1, &[], &body));
        arena.others_are_served(aim.place);
        arena.http2_others_are_served(aim.place);
        let ended = |ledger: &testkit::http2::Ledger| {
            let code = ledger.goaways.last().map(|(_, code)| *code).or(ledger.stream(1).reset);
            code == Some(code::FLOW_CONTROL_ERROR)
        };
        let is_told = talk.hear(ended);
        let sink = aim.app == App::Http1 && arena.backend.seen().len() > 30_000_000;
        assert!(is_told || sink, "{aim:?}: {:?}", talk.ledger.goaways);
        drop(talk);
        until("the app to be left in peace", || {
            (arena.http2.busy() == 0 && arena.backend.busy() == 0).then_some(())
        });
        arena.backend.forget();
    }
}
