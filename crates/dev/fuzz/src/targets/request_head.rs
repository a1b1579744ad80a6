//! The head of an HTTP/1.1 request: the same however it is split, the same to
//! another parser, and the same after it was written anew, as HTTP/1.1 or as
//! HTTP/2.

use model::Limits;
use wire::canonical::{self, Form};
use wire::http1::{
    Framing, HEAD_END, RequestHead, Version, write_field, write_framing, write_request_line,
};

use wire::http2::{FieldList, hpack};

use super::told;
use crate::parts;

pub(super) fn run(input: &[u8]) {
    for limits in [Limits::default(), told::small()] {
        let mut whole = RequestHead::new();
        let outcome = whole.parse(input, &limits);
        for ends in parts::ways(input) {
            let mut split = RequestHead::new();
            let again =
                ends.iter().find_map(|end| split.parse(&input[..*end], &limits).transpose());
            assert_eq!(again, outcome.transpose(), "cut at {ends:?}");
            assert_eq!(told::request(&split), told::request(&whole));
        }
        match outcome {
            Ok(Some(used)) => check_accepted(input, used, &whole),
            _ => assert_eq!(whole.method(), "", "what was not read says nothing"),
        }
    }
}

fn check_accepted(input: &[u8], used: usize, head: &RequestHead) {
    assert!(used <= input.len());
    assert_ne!(head.framing(), Framing::UntilClose);
    told::check_onward(&told::list(head.forwardable_fields()));
    check_other_parser(input, used, head);
    check_path(head);
    check_written_anew(head);
    check_as_http2(head);
}

/// A strict reader takes a part of what a usual one takes, and reads it alike.
fn check_other_parser(input: &[u8], used: usize, head: &RequestHead) {
    let mut fields = [httparse::EMPTY_HEADER; 256];
    let mut theirs = httparse::Request::new(&mut fields);
    assert_eq!(theirs.parse(input), Ok(httparse::Status::Complete(used)));
    assert_eq!((theirs.method, theirs.path), (Some(head.method()), Some(head.target())));
    let theirs: Vec<_> = theirs.headers.iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(theirs, told::list(head.fields()));
}

fn check_path(head: &RequestHead) {
    let target = canonical::target(head.method(), head.target()).expect("a head has one");
    let mut path = String::new();
    if matches!(target.form, Form::Origin | Form::Absolute)
        && canonical::path(target.path, &mut path).is_ok()
    {
        let read = canonical::target(head.method(), &path).expect("a canonical path is a target");
        assert_eq!(read.path, path);
    }
}

/// What goes upstream is the request that was judged.
fn check_written_anew(head: &RequestHead) {
    let mut out = Vec::new();
    assert!(write_request_line(&mut out, head.method(), head.target()));
    let has_host = head.value("host").is_some();
    match head.host() {
        Some(host) if !has_host => assert!(write_field(&mut out, "host", host)),
        None => return,
        Some(_) => {}
    }
    for (name, value) in head.forwardable_fields() {
        assert!(write_field(&mut out, name, value), "{name}: {value:?}");
    }
    write_framing(&mut out, head.framing());
    out.extend_from_slice(HEAD_END);
    let mut again = RequestHead::new();
    let wide = Limits { head_bytes_max: usize::MAX / 2, ..Limits::default() };
    assert_eq!(again.parse(&out, &wide), Ok(Some(out.len())), "{}", out.escape_ascii());
    assert_eq!((again.method(), again.target()), (head.method(), head.target()));
    assert_eq!((again.framing(), again.host()), (head.framing(), head.host()));
    assert_eq!(again.expect_continue(), head.expect_continue());
    assert_eq!(again.version(), Version::Http11);
}

/// The same request over HTTP/2: what came as HTTP/1.1 may go on there.
fn check_as_http2(head: &RequestHead) {
    let target = canonical::target(head.method(), head.target()).expect("a head has one");
    let (Some(host), Form::Origin | Form::Asterisk) = (head.host(), target.form) else { return };
    let mut block = Vec::new();
    assert!(hpack::encode_method(&mut block, head.method()));
    assert!(hpack::encode_scheme(&mut block, "https"));
    assert!(hpack::encode_authority(&mut block, host));
    assert!(hpack::encode_path(&mut block, head.target()));
    for (name, value) in onward(head) {
        assert!(hpack::encode_field(&mut block, &name, value), "{name}: {value:?}");
    }
    if let Framing::Length(length) = head.framing() {
        assert!(hpack::encode_field(&mut block, "content-length", length.to_string().as_bytes()));
    }
    let wide =
        Limits { head_bytes_max: usize::MAX / 8, header_count_max: 4_096, ..Limits::default() };
    let (mut list, mut again) = (FieldList::new(), RequestHead::new());
    hpack::Decoder::new().decode(&block, &mut list, &wide).expect("our own block");
    let is_end = matches!(head.framing(), Framing::None | Framing::Length(0));
    assert_eq!(again.read_http2(&list, is_end, &wide), Ok(()), "{}", told::request(head));
    assert_eq!((again.method(), again.target()), (head.method(), head.target()));
    assert_eq!((again.host(), again.framing()), (Some(host), head.framing()));
    assert_eq!(onward(&again), onward(head));
}

/// What goes on besides the host, in small letters. Cookies are put together
/// on the way.
fn onward(head: &RequestHead) -> Vec<(String, &[u8])> {
    let fields = head.forwardable_fields().map(|(name, value)| (name.to_ascii_lowercase(), value));
    fields.filter(|(name, _)| name != "host" && name != "cookie").collect()
}
