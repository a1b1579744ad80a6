//! The head of an HTTP/1.1 response: the same however it is split, the same to
//! another parser, for each method it may answer.

use model::Limits;
use wire::http1::{Framing, ResponseHead};

use super::told;
use crate::parts;

pub(super) fn run(input: &[u8]) {
    for method in ["GET", "HEAD", "CONNECT"] {
        for limits in [Limits::default(), told::small()] {
            try_as(input, method, &limits);
        }
    }
}

fn try_as(input: &[u8], method: &str, limits: &Limits) {
    let mut whole = ResponseHead::new();
    let outcome = whole.parse(input, method, limits);
    for ends in parts::ways(input) {
        let mut split = ResponseHead::new();
        let again =
            ends.iter().find_map(|end| split.parse(&input[..*end], method, limits).transpose());
        assert_eq!(again, outcome.transpose(), "cut at {ends:?}");
        assert_eq!(told::response(&split), told::response(&whole));
    }
    match outcome {
        Ok(Some(used)) => check_accepted(input, used, method, &whole),
        _ => assert_eq!(whole.status(), 0, "what was not read says nothing"),
    }
}

fn check_accepted(input: &[u8], used: usize, method: &str, head: &ResponseHead) {
    assert!(used <= input.len());
    assert!((100..600).contains(&head.status()));
    told::check_onward(&told::list(head.forwardable_fields()));
    check_body(method, head);
    let mut fields = [httparse::EMPTY_HEADER; 256];
    let mut theirs = httparse::Response::new(&mut fields);
    assert_eq!(theirs.parse(input), Ok(httparse::Status::Complete(used)));
    assert_eq!(theirs.code, Some(head.status()));
    let theirs: Vec<_> = theirs.headers.iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(theirs, told::list(head.fields()));
}

/// RFC 9112, section 6.3: which answers have no body; and a connection whose
/// end ends the body is never used again.
fn check_body(method: &str, head: &ResponseHead) {
    let is_bare = head.status() < 200 || matches!(head.status(), 204 | 304) || method == "HEAD";
    assert!(!is_bare || head.framing() == Framing::None);
    assert!(head.framing() != Framing::UntilClose || !head.keep_alive());
    assert!(head.upgrade().is_none() || head.status() == 101);
}
