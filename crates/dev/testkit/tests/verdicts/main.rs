//! AZ-23: one logical request has one verdict, whichever language it is said
//! in, whichever way it takes and however it is spelled. Random requests, held
//! against a model of the rules that shares no line with the product.

mod crate_client;
mod model;
mod scene;
mod speech;
mod spelling;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::panics;

use model::{METHODS, PATHS, allows};
use scene::{App, Scene, Way};
use speech::Speech;
use spelling::Tape;

/// Requests that are tried.
const CASES: u32 = 1500;

/// A logical request, who is asked for it, and the tape its spelling is read
/// from: a tape of zeros spells everything plainly.
#[derive(Clone, Debug)]
struct Case {
    speech: Speech,
    way: Way,
    app: App,
    method: &'static str,
    path: &'static [&'static str],
    tape: Letters,
}

/// A tape that takes one line to print.
#[derive(Clone)]
struct Letters(Vec<u8>);

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let logical = (
        prop::sample::select(Speech::ALL),
        prop::sample::select(Way::ALL),
        prop::sample::select(App::ALL),
        prop::sample::select(METHODS),
        prop::sample::select(PATHS),
    );
    let tape = prop::collection::vec(any::<u8>(), 96);
    (logical, tape).prop_map(|((speech, way, app, method, path), tape)| Case {
        speech,
        way,
        // No app of HTTP/2 here offers WebSockets.
        app: if speech.is_websocket() { App::Http1 } else { app },
        method: speech.method().unwrap_or(method),
        path,
        tape: Letters(tape),
    })
}

fn judge(scene: &Scene, case: &Case) -> Result<(), String> {
    let mut tape = Tape::of(&case.tape.0);
    let path = spelling::path(case.path, &mut tape);
    let host = scene.host(case.way, case.app, &mut tape);
    scene.forget();
    let asked = speech::Asked { method: case.method, target: &path.raw, host: &host };
    let heard = case.speech.say(scene, case.way, case.app, &asked, &mut tape)?;
    let wanted = allows(case.method, case.path);
    if heard != wanted {
        return Err(format!("served: {heard}, by the rules: {wanted}; said {asked:?}"));
    }
    let seen = scene.seen(case.app);
    let line = format!("{} {}", case.method, path.plain);
    let right = match wanted {
        true => seen == [line.as_str()],
        false => seen.is_empty(),
    };
    if right { Ok(()) } else { Err(format!("the app saw {seen:?}, not {line:?}; said {asked:?}")) }
}

#[test]
fn one_request_has_one_verdict() {
    let scene = Scene::open();
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let tally = std::cell::RefCell::new(std::collections::BTreeMap::new());
    let outcome = TestRunner::new(config).run(&cases(), |case| {
        let verdict = allows(case.method, case.path);
        *tally.borrow_mut().entry((case.speech.name(), verdict)).or_insert(0_u32) += 1;
        judge(&scene, &case).map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // Each language has had its yes and its no, or the test proves little.
    for speech in Speech::ALL {
        for verdict in [true, false] {
            let count = tally.borrow().get(&(speech.name(), verdict)).copied().unwrap_or(0);
            assert!(count >= 20, "{speech:?}, {verdict}: {count}");
        }
    }
    assert_eq!(panics(), 0);
}
