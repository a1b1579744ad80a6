//! Many streams that are given up at any point, by either side: whatever was
//! in their way is given back, and nobody is forgotten.

use std::rc::Rc;
use std::time::Duration;

use model::Limits;
use tokio::task::{spawn_local, yield_now};
use tokio::time::timeout;
use wire::http2::ErrorCode;

use super::rig::{POST, Pair, STALL, body, in_order, pattern, request, status};
use crate::http2::{Mux, Stream};

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Sends and reads both at once, for so many turns of others at most.
async fn some(stream: &Stream, all: &[u8], (part, turns): (usize, usize)) {
    let bytes = &all[..all.len() / part];
    let both = async { tokio::join!(stream.send(bytes, true, STALL), body(stream)) };
    let patience = async {
        for _ in 0..turns {
            yield_now().await;
        }
    };
    tokio::select! {
        (sent, got) = both => {
            if sent.is_ok() && let Ok(got) = got {
                // The other side may have chosen another part, but a whole one.
                assert!(got[..] == all[..got.len()]);
                assert!((1..=5).any(|part| all.len() / part == got.len()));
            }
        }
        () = patience => {}
    }
}

/// Gives a stream up in one of the ways there are.
fn leave(stream: Stream, way: usize) {
    match way {
        0 => stream.reset(ErrorCode::Cancel),
        1 => stream.reset(ErrorCode::NoError),
        _ => {}
    }
}

async fn serve(mux: Mux, bytes: Rc<Vec<u8>>, seed: u64) {
    let mut dice = Dice(seed);
    loop {
        let stream = request(&mux).await;
        let (bytes, turns, way) = (bytes.clone(), dice.below(60), dice.below(5));
        spawn_local(async move {
            if way < 4 && stream.respond(200, |_| {}, false).is_ok() {
                some(&stream, &bytes, (1 + way, turns)).await;
            }
            leave(stream, way);
        });
    }
}

async fn rage(seed: u64, limits: &Limits, between: usize) {
    let pair = Pair::with(limits, between);
    let bytes = Rc::new(pattern(60_000));
    let serving = spawn_local(serve(pair.server.clone(), bytes.clone(), seed));
    let mut dice = Dice(seed + 1);
    let mut tasks = Vec::new();
    for _ in 0..150 {
        while !pair.client.can_open() {
            yield_now().await;
        }
        let stream = pair.client.open(POST, |_| {}, false).unwrap();
        let (bytes, turns, way) = (bytes.clone(), dice.below(60), dice.below(4));
        tasks.push(spawn_local(async move {
            some(&stream, &bytes, (1 + way, turns)).await;
            leave(stream, way);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    serving.abort();
    let _ = serving.await;
    calm(pair).await;
}

/// Nothing is left of it all: more than all windows hold goes both ways.
async fn calm(pair: Pair) {
    while pair.server.open_streams() > 0 {
        tokio::select! {
            biased;
            stream = pair.server.accept() => drop(stream),
            () = yield_now() => {}
        }
    }
    let (asking, answering) = pair.post().await;
    answering.respond(200, |_| {}, false).unwrap();
    let sent = pattern(200_000);
    let (up, down, got_up, got_down) = tokio::join!(
        asking.send(&sent, true, STALL),
        answering.send(&sent, true, STALL),
        body(&answering),
        body(&asking),
    );
    up.and(down).unwrap();
    assert!(got_up.unwrap() == sent && got_down.unwrap() == sent);
    assert_eq!(status(&asking).await.unwrap(), 200);
    drop((asking, answering));
    pair.server.shut_down();
    in_order(pair.server_end).await;
    in_order(pair.client_end).await;
}

/// Time stands still while anybody can go on: whoever is forgotten runs into
/// a time limit at once.
#[tokio::test(flavor = "local", start_paused = true)]
async fn streams_given_up_anywhere_leave_nothing_behind() {
    let limits = Limits {
        http2_resets_max: 1_000_000,
        http2_stream_window_bytes: 20_000,
        http2_connection_window_bytes: 100_000,
        http2_output_bytes_max: 40_000,
        ..Limits::default()
    };
    for seed in 0..12 {
        for between in [100, 3_000, 100_000] {
            let rage = rage(seed, &limits, between);
            let in_time = timeout(Duration::from_secs(3), rage).await;
            assert!(in_time.is_ok(), "seed {seed}, between {between}");
        }
    }
}
