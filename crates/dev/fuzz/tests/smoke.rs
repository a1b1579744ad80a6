//! The smoke run: every target over its corpus and over some thousand inputs
//! made from it. The seed is fixed, so what fails once fails again; another
//! comes with `POSTERN_FUZZ_SEED`. The input that failed is kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, panic, process};

use fuzz::{ALL, Mutator, Target, find, inputs};

const SEED: u64 = 20_261_122;
const INPUTS: usize = 20_000;
/// A target that is slow gets no more inputs after this, so that all together
/// stay short.
const TIME_MAX: Duration = Duration::from_secs(4);

/// One test for each target, and a list of those that have one.
macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                smoke(find(stringify!($name)).unwrap());
            }
        )*

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

targets![
    canonical,
    certificate,
    certificate_request,
    chunked_body,
    client_hello,
    document,
    hpack,
    http2_client,
    http2_head,
    http2_server,
    last_good,
    names,
    request_head,
    resource,
    response_head,
    traceparent,
    websocket,
];

#[test]
fn every_target_is_tried_once_and_under_its_own_name() {
    let names: BTreeSet<_> = ALL.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), ALL.len());
    assert_eq!(names, TESTED.iter().copied().collect());
}

#[test]
fn the_corpus_is_small_and_belongs_to_targets() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus");
    let folders = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().file_name());
    let folders: BTreeSet<_> = folders.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(folders, TESTED.iter().map(|name| (*name).to_owned()).collect());
    let all = ALL.iter().flat_map(|target| inputs(target.name).unwrap());
    let bytes: usize = all.map(|input| input.bytes.len()).sum();
    assert!(bytes <= 100 * 1024, "{bytes} bytes: a part of it will do");
}

#[test]
fn a_decoder_that_holds_too_much_is_found() {
    let hog = |_: &[u8]| drop(std::hint::black_box(vec![1_u8; 10_000]));
    let target = Target { name: "hog", run: hog, words: &[], bytes_max: 9, memory_fixed: 9_000 };
    target.try_input(&[0; 20]);
    assert!(panic::catch_unwind(|| target.try_input(&[0; 2])).is_err());
}

fn smoke(target: &Target) {
    let corpus = inputs(target.name).unwrap();
    for input in &corpus {
        let outcome = panic::catch_unwind(|| target.try_input(&input.bytes));
        assert!(outcome.is_ok(), "{} fails on {}", target.name, input.path.display());
    }
    let seed = env::var("POSTERN_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut mutator = Mutator::new(target, &corpus, seed.unwrap_or(SEED));
    let (mut tried, began) = (0, Instant::now());
    while tried < INPUTS && began.elapsed() < TIME_MAX {
        let input = mutator.next_input();
        tried += 1;
        if panic::catch_unwind(|| target.try_input(&input)).is_err() {
            panic!("{} fails on {}", target.name, keep(target, &input).display());
        }
    }
    println!("{}: {} inputs of the corpus, {tried} made of them", target.name, corpus.len());
}

/// Writes a finding where it can be run again and put into the corpus.
fn keep(target: &Target, input: &[u8]) -> PathBuf {
    let path = env::temp_dir().join(format!("postern-fuzz-{}-{}", target.name, process::id()));
    fs::write(&path, input).unwrap();
    path
}
