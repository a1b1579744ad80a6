//! The rule of the hundred: what a stranger sends never costs a door a hundred
//! times what it costs the stranger, in CPU time or in memory, and nothing is
//! left of it (G5). Others are served all the while (G4).
//!
//! Measured in a process of its own, so that the threads of the doors and the
//! memory belong to nobody else.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::cost::{cpu_of_threads, descriptors, forget_peak, memory, own_cpu};
use testkit::http2::frame::{PREFACE, code, headers, ping, settings};
use testkit::http2::hpack::kept;
use testkit::http2::{Aim, App, Speech, Talk};
use testkit::http2_attack::Row;
use testkit::{Arena, Place, until, within};

const HUNDRED: f64 = 100.0;
const DOORS: &str = "postern-core";
/// What an attacker sends who knows where the budgets end.
const THRIFTY: usize = 48 * 1024;
/// What an open connection costs its other end at the very least: a socket and
/// the state of TLS.
const OPEN: usize = 16 * 1024;
/// Where callers are nobody, and where it costs them no handshake.
const PLACES: [Place; 2] = [Place::Edge, Place::Outbound];

fn alone(test: &str) {
    let own = std::env::current_exe().unwrap();
    let args = ["--exact", test, "--ignored", "--nocapture"];
    let output = Command::new(own).args(args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{told}");
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "{test} was not run");
}

#[test]
fn no_attack_costs_a_hundred_times_what_it_costs_its_sender() {
    alone("costs::cpu");
}

#[test]
fn no_attack_holds_a_hundred_times_the_memory_it_sends() {
    alone("costs::held_by_packed_heads");
    alone("costs::held_by_plain_heads");
}

#[test]
fn nothing_is_left_of_attacks() {
    alone("costs::left");
}

fn rows() -> Vec<Row> {
    let mut rows = super::floods::rows();
    rows.extend(super::resets::rows());
    rows.extend(super::sizes::rows());
    rows
}

/// The bytes of a row, as few as are worth it; nothing for what is small.
fn thrifty(row: &Row, aim: Aim) -> Option<Vec<u8>> {
    let mut words = row.words(aim)?;
    if !row.needs_all() {
        words.truncate(THRIFTY);
    }
    Some(words).filter(|words| words.len() > 4_000)
}

fn strike(arena: &Arena, aim: Aim, words: &[u8]) -> usize {
    let mut talk = Talk::bare(arena.enter_http2(aim));
    talk.is_polite = false;
    talk.send(words);
    talk.hear(|ledger| !ledger.goaways.is_empty() || ledger.bytes > 100 || ledger.is_over(1));
    talk.ledger.bytes
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn cpu() {
    let arena = Arena::open("");
    let mut wrong = Vec::new();
    for place in PLACES {
        for row in rows() {
            let aim = Aim { app: App::Http2, place };
            let Some(words) = thrifty(&row, aim) else { continue };
            let (ratio, told) = ratio(&arena, aim, &words);
            println!("{place:?} {} {}: {told}", row.id, row.what);
            if ratio > HUNDRED {
                wrong.push(format!("{place:?} {} {}: {told}", row.id, row.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// CPU time of the doors against the sender's, over as many connections as it
/// takes to see something in ticks of ten milliseconds.
fn ratio(arena: &Arena, aim: Aim, words: &[u8]) -> (f64, String) {
    let (doors, own, began) = (cpu_of_threads(DOORS), own_cpu(), Instant::now());
    let (mut rounds, mut heard) = (0, 0);
    while rounds < 20 || (own_cpu() - own < Duration::from_millis(50) && rounds < 300) {
        heard += strike(arena, aim, words);
        rounds += 1;
        if began.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    let is_over = || arena.http2.busy() == 0 && arena.backend.busy() == 0;
    until("the doors to be done", || is_over().then_some(()));
    let (doors, own) = (cpu_of_threads(DOORS) - doors, own_cpu() - own);
    let ratio = doors.as_secs_f64() / own.as_secs_f64().max(0.01);
    let bytes = heard as f64 / (rounds * words.len()) as f64;
    let told = format!(
        "{rounds} connections, doors {doors:?}, sender {own:?}: {ratio:.1} times; bytes back {bytes:.2} times"
    );
    (ratio.max(bytes), told)
}

/// Heads that are as small on the wire and as large behind it as may be, on as
/// many streams as a connection may have.
fn packed(aim: Aim) -> Vec<u8> {
    let kept =
        [kept(b":authority", aim.authority().as_bytes()), kept(b":path", aim.path().as_bytes())];
    let entry =
        [&[0x82, 0x87][..], &kept.concat(), &testkit::http2::hpack::kept(b"x-bomb", &[b'v'; 3800])]
            .concat();
    // From the tables: GET, https, :authority, :path, and the large entry.
    let again = [0x82, 0x87, 0xc0, 0xbf, 0xbe];
    let streams = (1..100).flat_map(|at| headers(2 * at + 1, &again, true));
    [PREFACE, &settings(&[]), &headers(1, &entry, true)]
        .concat()
        .into_iter()
        .chain(streams)
        .collect()
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn held_by_packed_heads() {
    held("heads from the table", packed);
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn held_by_plain_heads() {
    held("plain heads", plain);
}

/// Before an app of HTTP/2 that answers nothing: one of HTTP/1.1 would have a
/// thread for each request here, and its memory is not ours.
fn held(what: &str, words: fn(Aim) -> Vec<u8>) {
    let arena = Arena::open("");
    arena.http2.answer_with(Speech::silent());
    let aim = Aim { app: App::Http2, place: Place::Edge };
    let told = held_by(&arena, aim, &words(aim));
    println!("{what}: {told:.1} times");
    assert!(told <= HUNDRED, "{what}: {told:.1} times");
}

/// A hundred requests as they are, for comparison.
fn plain(aim: Aim) -> Vec<u8> {
    let streams: Vec<u8> = (0..100).flat_map(|at| aim.get(2 * at + 1, &[])).collect();
    [PREFACE, &settings(&[]), &streams].concat()
}

/// Memory that ten such connections hold, against what they sent.
fn held_by(arena: &Arena, aim: Aim, words: &[u8]) -> f64 {
    forget_peak();
    let (before, _) = memory();
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut talk = Talk::bare(arena.enter_http2(aim));
        // When the PING is answered, all before it was understood.
        talk.send(&[words, &ping(1)].concat());
        assert!(talk.hear(|ledger| ledger.counts[6] > 0), "{:?}", talk.ledger.goaways);
        open.push(talk);
    }
    // What the harness keeps of it is the app's to keep, not the door's.
    let refused: usize = open.iter().map(|talk| talk.ledger.resets(code::REFUSED_STREAM)).sum();
    let begun = || arena.http2.busy();
    until("all others to be at work", || (begun() + refused >= open.len() * 100).then_some(()));
    let (_, peak) = memory();
    let app_keeps = arena.kept_by_apps();
    drop(open);
    until("all to be given up", || (begun() == 0).then_some(()));
    println!(
        "{} KiB more, {app_keeps} bytes kept by the app, {} sent by each, {refused} refused",
        peak - before,
        words.len()
    );
    // The senders live here, too.
    let theirs = 10 * OPEN + app_keeps;
    let growth = (peak - before) as f64 * 1024.0 - theirs as f64;
    growth / (10 * (words.len() + OPEN)) as f64
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn left() {
    let arena = Arena::open("");
    let aims = PLACES.map(|place| Aim { app: App::Http2, place });
    let all: Vec<_> = aims
        .iter()
        .flat_map(|aim| rows().into_iter().map(move |row| (*aim, thrifty(&row, *aim))))
        .filter_map(|(aim, words)| words.map(|words| (aim, words)))
        .collect();
    let round = || {
        for (aim, words) in &all {
            strike(&arena, *aim, words);
            arena.http2.forget();
        }
    };
    let calm = latencies(&arena, || thread::sleep(Duration::from_secs(2)));
    // Twice, so that every cache and pool is as large as it gets.
    (0..2).for_each(|_| round());
    let settled = || arena.stage.open_connections() <= 16;
    until("the connections to be gone", || settled().then_some(()));
    let (before, descriptors_before) = (memory().0, descriptors());
    let under_attack = latencies(&arena, || (0..4).for_each(|_| round()));
    println!("guests: p99 {:?} in peace, {:?} under attack", calm, under_attack);
    until("the connections to be gone", || settled().then_some(()));
    let most = before + before / 10;
    assert!(within(|| memory().0 <= most), "{} KiB, not {before}", memory().0);
    let descriptors_most = descriptors_before + 16;
    assert!(within(|| descriptors() <= descriptors_most), "{} fds", descriptors());
}

/// The 99th of a hundred requests of well-behaved guests while `meanwhile`
/// goes on. One that is not served ends the test.
fn latencies(arena: &Arena, meanwhile: impl FnOnce()) -> Duration {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let guests = scope.spawn(|| {
            let mut all = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                for place in PLACES {
                    let began = Instant::now();
                    arena.http2_others_are_served(place);
                    all.push(began.elapsed());
                }
            }
            all.sort();
            all[all.len() * 99 / 100]
        });
        meanwhile();
        is_over.store(true, Ordering::Relaxed);
        guests.join().unwrap()
    })
}
