//! H2-01 and H2-02: streams that are opened to be reset, by the client itself
//! or by making the door do it. Work begun for them counts until it is over.

use testkit::http2::frame::{code, data, frame, headers, kind, priority, rst, window_update};
use testkit::http2::hpack::block;
use testkit::http2::{Aim, App, Speech, Talk};
use testkit::http2_attack::{Row, row, run_table};
use testkit::{Arena, Place, Reply, until};

/// `http2_resets_max`, and what was on its way at that moment.
const BUDGET: usize = 300;
const FLOOD: u32 = 20_000;

pub(crate) fn rows() -> Vec<Row> {
    rapid().into_iter().chain(made().map(flooded)).chain(made().map(alone)).collect()
}

/// Streams one behind the other, made by `one`.
fn streams(count: u32, one: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(|at| one(2 * at + 1)).collect()
}

fn rapid() -> Vec<Row> {
    let of = |what, one: fn(&Aim, u32) -> Vec<u8>| {
        row("H2-01", what)
            .attack(move |aim| streams(FLOOD, |id| one(aim, id)))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .arrive(BUDGET)
            .because("reset")
            .twin(move |aim| [streams(60, |id| one(aim, id)), aim.get(121, &[])].concat())
            .answered_on(121)
    };
    vec![
        of("GET and RST_STREAM", |aim, id| [aim.get(id, &[]), rst(id, code::CANCEL)].concat()),
        of("half a POST and RST_STREAM", |aim, id| {
            [aim.post(id, &[], &data(id, b"hello", false)), rst(id, code::CANCEL)].concat()
        }),
        of("GET and RST_STREAM with NO_ERROR", |aim, id| {
            [aim.get(id, &[]), rst(id, code::NO_ERROR)].concat()
        }),
        of("two streams, one of them reset", |aim, id| match id % 4 {
            1 => aim.get(id, &[]),
            _ => [rst(id - 2, code::CANCEL), aim.get(id, &[]), rst(id, code::CANCEL)].concat(),
        }),
    ]
}

type Made = (&'static str, fn(&Aim, u32) -> Vec<u8>, &'static [u32]);

/// MadeYouReset: what makes a careful server send RST_STREAM.
fn made() -> impl Iterator<Item = Made> {
    let all: [Made; 11] = [
        (
            "WINDOW_UPDATE of nothing",
            |aim, id| [aim.get(id, &[]), window_update(id, 0)].concat(),
            &[code::PROTOCOL_ERROR],
        ),
        (
            "more credit than a window can be",
            |aim, id| [aim.get(id, &[]), window_update(id, 0x7fff_ffff)].concat(),
            &[code::FLOW_CONTROL_ERROR],
        ),
        (
            "PRIORITY of four bytes",
            |aim, id| [aim.get(id, &[]), frame(kind::PRIORITY, 0, id, &[0; 4])].concat(),
            &[code::FRAME_SIZE_ERROR],
        ),
        (
            "a stream that depends on itself",
            |aim, id| [aim.get(id, &[]), priority(id, id)].concat(),
            &[code::PROTOCOL_ERROR],
        ),
        (
            "DATA behind the end",
            |aim, id| [aim.get(id, &[]), data(id, b"x", true)].concat(),
            &[code::STREAM_CLOSED],
        ),
        (
            "HEADERS behind the end",
            |aim, id| [aim.get(id, &[]), aim.get(id, &[])].concat(),
            &[code::STREAM_CLOSED],
        ),
        (
            "trailers with a pseudo-field",
            |aim, id| aim.post(id, &[], &headers(id, &block(&[(":path", "/")]), true)),
            &[code::PROTOCOL_ERROR],
        ),
        (
            "trailers that do not end",
            |aim, id| aim.post(id, &[], &headers(id, &block(&[("x-sum", "1")]), false)),
            &[code::PROTOCOL_ERROR],
        ),
        (
            "more than the length says",
            |aim, id| aim.post(id, &[("content-length", "1")], &data(id, b"hello", false)),
            &[code::PROTOCOL_ERROR],
        ),
        (
            "less than the length says",
            |aim, id| aim.post(id, &[("content-length", "9")], &data(id, b"hello", true)),
            &[code::PROTOCOL_ERROR],
        ),
        ("a malformed head", |aim, id| aim.get(id, &[("X-Upper", "1")]), &[code::PROTOCOL_ERROR]),
    ];
    all.into_iter()
}

/// Behind a stream that is forgotten already, it may be the connection's error.
const ENDS: &[u32] = &[
    code::ENHANCE_YOUR_CALM,
    code::PROTOCOL_ERROR,
    code::FLOW_CONTROL_ERROR,
    code::STREAM_CLOSED,
    code::FRAME_SIZE_ERROR,
];

fn flooded((what, one, _): Made) -> Row {
    row("H2-02", what)
        .attack(move |aim| streams(FLOOD, |id| one(aim, id)))
        .goes_away(ENDS)
        .arrive(BUDGET)
        .twin(move |aim| [streams(60, |id| one(aim, id)), aim.get(121, &[])].concat())
        .answered_on(121)
}

fn alone((what, one, codes): Made) -> Row {
    row("H2-02", what)
        .attack(move |aim| one(aim, 1))
        .resets(codes)
        .or_goes_away(&[code::STREAM_CLOSED])
        .arrive(1)
}

#[test]
fn resets_have_a_budget_at_the_inbound_door() {
    run_table(&Arena::open(""), &rows(), Place::Inbound);
}

#[test]
fn resets_have_a_budget_at_the_outbound_door() {
    run_table(&Arena::open(""), &rows(), Place::Outbound);
}

#[test]
fn resets_have_a_budget_at_the_explicit_proxy() {
    run_table(&Arena::open(""), &rows(), Place::Proxy);
}

#[test]
fn resets_have_a_budget_at_the_gateway() {
    run_table(&Arena::open(""), &rows(), Place::Edge);
}

fn busy(arena: &Arena) -> usize {
    arena.backend.busy() + arena.http2.busy()
}

fn all_are_silent(arena: &Arena) {
    arena.backend.answer_with(Reply::Http(Vec::new()));
    arena.http2.answer_with(Speech::silent());
}

fn aims() -> impl Iterator<Item = Aim> {
    let apps = App::ALL;
    Place::ALL.iter().flat_map(move |place| apps.iter().map(|app| Aim { app: *app, place: *place }))
}

/// What is reset is given up behind the door as well.
#[test]
fn work_for_a_stream_that_is_reset_is_given_up() {
    let arena = Arena::open("");
    all_are_silent(&arena);
    for aim in aims() {
        let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
        talk.send(&streams(30, |id| aim.get(id, &[])));
        until(&format!("30 requests at the app: {aim:?}"), || (busy(&arena) == 30).then_some(()));
        talk.send(&streams(29, |id| rst(id, code::CANCEL)));
        until(&format!("29 of them to be given up: {aim:?}"), || (busy(&arena) == 1).then_some(()));
        arena.others_are_served(aim.place);
        arena.http2_others_are_served(aim.place);
        drop(talk);
        until(&format!("the last to be given up: {aim:?}"), || (busy(&arena) == 0).then_some(()));
    }
}

/// The limit of streams counts what the app is still asked to do: an attacker
/// that resets, or makes the door reset, has no more of it at a time.
#[test]
fn the_app_never_works_on_more_than_the_streams_of_a_connection() {
    let arena = Arena::open("");
    all_are_silent(&arena);
    for aim in aims() {
        for (what, one, _) in made() {
            let mut talk = Talk::begin(arena.enter_http2(aim), &[]);
            let batch = |from: u32| -> Vec<u8> {
                (from..from + 40).flat_map(|at| one(&aim, 2 * at + 1)).collect()
            };
            for at in 0..10 {
                talk.send(&batch(40 * at));
                assert!(busy(&arena) <= 100, "{what}, {aim:?}: {}", busy(&arena));
            }
            drop(talk);
            until(&format!("all to be given up: {what}, {aim:?}"), || {
                (busy(&arena) == 0).then_some(())
            });
        }
    }
}
