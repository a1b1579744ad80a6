//! Judging by made-up facts; certificates are placeholders here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use identity::Selector;
use model::{Millis, Secret, SpiffeId, Timestamp};

use super::*;
use crate::pins::Pins;

/// The process of the agent in these tests, and the parent of the workload.
const AGENT: i32 = 10;
const WORKLOAD: i32 = 40;

fn facts() -> Facts {
    Facts {
        pid: WORKLOAD,
        uid: 1000,
        gid: 100,
        start_time: 1,
        path: Some(PathBuf::from("/usr/bin/web")),
        ancestors: vec![AGENT, 1],
    }
}

fn id(name: &str) -> SpiffeId {
    format!("spiffe://shop/{name}").parse().unwrap()
}

fn entry(name: &str, selector: Selector, hint: &str) -> Entry {
    Entry::new(id(name), vec![selector], Millis(1), Millis(1)).unwrap().with_hint(hint)
}

fn svid(name: &str) -> Standing<Svid> {
    let key = Secret::new(b"key".to_vec());
    Standing::Ready(Arc::new(Svid::new(id(name), Vec::new(), key, Timestamp(0))))
}

fn bundle() -> Arc<Bundle> {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec();
    Arc::new(Bundle::new("shop".parse().unwrap(), vec![der]).unwrap())
}

fn view(entries: Vec<Entry>, standing: Vec<(&str, Standing<Svid>)>) -> View {
    let pins = Pins::default().for_entries(&entries);
    let standing: BTreeMap<_, _> =
        standing.into_iter().map(|(name, standing)| (id(name), standing)).collect();
    View { entries, pins, bundle: bundle(), standing }
}

fn granted(view: &View) -> Vec<(String, String)> {
    match judge(view, &facts(), AGENT) {
        Judgement::Granted(grant) => {
            let pair = |given: &Given| (given.svid.id.path().to_owned(), given.hint.clone());
            grant.given.iter().map(pair).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn only_what_matches_is_granted_in_the_authority_s_order() {
    let entries = vec![
        entry("b", Selector::Uid(1000), "b"),
        entry("other", Selector::Uid(1), "x"),
        entry("a", Selector::Path("/usr/bin/web".to_owned()), "a"),
    ];
    let view = view(entries, vec![("a", svid("a")), ("b", svid("b")), ("other", svid("other"))]);
    assert_eq!(granted(&view), owned(&[("/b", "b"), ("/a", "a")]));
}

#[test]
fn no_match_is_nothing_even_when_nothing_is_issued() {
    let view = view(vec![entry("a", Selector::Uid(1), "")], vec![("a", Standing::Pending)]);
    assert!(matches!(judge(&view, &facts(), AGENT), Judgement::Nothing));
}

#[test]
fn an_identity_on_its_way_is_waited_for() {
    let entries = vec![entry("a", Selector::Uid(1000), ""), entry("b", Selector::Gid(100), "")];
    let view = view(entries, vec![("a", svid("a")), ("b", Standing::Pending)]);
    assert!(matches!(judge(&view, &facts(), AGENT), Judgement::Soon));
}

#[test]
fn an_identity_that_can_t_be_had_doesn_t_hold_up_the_others() {
    let entries = vec![entry("a", Selector::Uid(1000), "x"), entry("b", Selector::Gid(100), "y")];
    let some = view(entries.clone(), vec![("a", Standing::Absent), ("b", svid("b"))]);
    assert_eq!(granted(&some), owned(&[("/b", "y")]));
    let none = view(entries, vec![("a", Standing::Absent), ("b", Standing::Absent)]);
    assert!(matches!(judge(&none, &facts(), AGENT), Judgement::Absent));
}

#[test]
fn hints_are_unique_and_an_identity_comes_once() {
    let entries = vec![
        entry("a", Selector::Uid(1000), "same"),
        entry("a", Selector::Gid(100), "again"),
        entry("b", Selector::Uid(1000), "same"),
        entry("c", Selector::Uid(1000), ""),
    ];
    let view = view(entries, vec![("a", svid("a")), ("b", svid("b")), ("c", svid("c"))]);
    let expected = owned(&[("/a", "same"), ("/b", "spiffe://shop/b"), ("/c", "spiffe://shop/c")]);
    assert_eq!(granted(&view), expected);
}

#[test]
fn what_the_agent_s_process_starts_inherits_nothing_from_it() {
    let mut evidence = evidence(&facts(), AGENT);
    assert_eq!(evidence.ancestors, [1]);
    evidence = super::evidence(&Facts { pid: AGENT, ..facts() }, AGENT);
    assert!(Selector::Pid(AGENT).matches(&evidence), "the process itself keeps its own");
}

#[test]
fn a_path_that_is_no_text_is_no_path() {
    use std::os::unix::ffi::OsStringExt;
    let path = Some(PathBuf::from(std::ffi::OsString::from_vec(b"/usr/\xff".to_vec())));
    assert_eq!(evidence(&Facts { path, ..facts() }, AGENT).path, None);
}

#[test]
fn the_same_certificates_are_the_same_grant() {
    let grant = |view: &View| match judge(view, &facts(), AGENT) {
        Judgement::Granted(grant) => grant,
        other => panic!("{other:?}"),
    };
    let mut view = view(vec![entry("a", Selector::Uid(1000), "a")], vec![("a", svid("a"))]);
    let first = grant(&view);
    assert!(first == grant(&view));
    view.standing.insert(id("a"), svid("a"));
    assert!(first != grant(&view), "a renewed certificate passed for the old one");
    let second = grant(&view);
    view.bundle = bundle();
    assert!(second != grant(&view), "a new bundle passed for the old one");
}

#[test]
fn the_successor_under_a_dead_process_s_number_gets_nothing() {
    let mut child =
        std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let view = view(vec![entry("a", Selector::Pid(pid), "a")], vec![("a", svid("a"))]);
    let facts = Facts { pid, ..facts() };
    assert!(matches!(judge(&view, &facts, AGENT), Judgement::Granted(_)));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(judge(&view, &facts, AGENT), Judgement::Nothing));
}
