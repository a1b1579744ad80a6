//! What came by HTTP/2 and goes on by HTTP/1.1 is read there as it was meant:
//! no field, no length and no host becomes another, whatever the pieces.
#![expect(clippy::unwrap_used, reason = "tests")]

use model::Limits;
use proptest::prelude::*;
use wire::canonical;
use wire::http::{RequestHead, ResponseHead, Trailers};
use wire::http1::{HEAD_END, write_field, write_framing, write_request_line};
use wire::http2::FieldList;
use wire::http2::hpack::Decoder;

type Field = (&'static str, &'static str);

const LINE: [Field; 4] =
    [(":method", "POST"), (":scheme", "https"), (":path", "/a?b"), (":authority", "a")];

const NAMES: &[&str] = &[
    ":method",
    ":path",
    ":authority",
    ":status",
    ":protocol",
    "host",
    "cookie",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "expect",
    "x-y",
    "X",
    "a b",
    "a\r\nb",
    "a:",
    "x_y",
    "",
    "proxy-authorization",
    "keep-alive",
    "grpc-status",
];

const VALUES: &[&str] = &[
    "",
    "0",
    "5",
    "05",
    "+5",
    "a",
    "A",
    "b",
    "a:443",
    "u@a",
    "chunked",
    "trailers",
    "close, x-y",
    "100-continue",
    "a=b; c=d",
    "b\r\nContent-Length: 7",
    "b\n",
    "\0",
    " b",
    "b\t",
    "\u{e9}",
    "/x",
    "http://b/",
    "/\r\n",
    "GET",
    "get",
    "CONNECT",
    "websocket",
    "200",
    "204",
    "103",
    "101",
];

fn field() -> impl Strategy<Value = Field> {
    (prop::sample::select(NAMES), prop::sample::select(VALUES))
}

/// A request that is legal more often than not: a good line, of which a field
/// may be another or stand elsewhere, and some fields.
fn fields() -> impl Strategy<Value = Vec<Field>> {
    let line = (Just(LINE.to_vec()), 0..12_usize, field()).prop_map(|(mut line, at, other)| {
        if let Some(place) = line.get_mut(at) {
            *place = if other.0.starts_with(':') { other } else { (place.0, other.1) };
        }
        line
    });
    (line, prop::collection::vec(field(), 0..4)).prop_map(|(line, fields)| [line, fields].concat())
}

fn list_of(fields: &[Field]) -> FieldList {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let literal = |(name, value): &Field| [vec![0], text(name), text(value)].concat();
    let block: Vec<u8> = fields.iter().flat_map(literal).collect();
    let mut list = FieldList::new();
    Decoder::new().decode(&block, &mut list, &Limits::default()).unwrap();
    list
}

/// Everything that a request says to whoever comes next.
fn told(head: &RequestHead) -> String {
    let fields: Vec<_> = head.forwardable_fields().collect();
    let line = (head.method(), head.target(), head.host(), head.framing());
    format!("{line:?} {:?} {fields:?}", head.expect_continue())
}

fn written(head: &RequestHead) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(write_request_line(&mut out, head.method(), head.target()));
    for (name, value) in head.forwardable_fields() {
        assert!(write_field(&mut out, name, value), "{name}");
    }
    write_framing(&mut out, head.framing());
    out.extend_from_slice(HEAD_END);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_request_goes_on_by_http1_as_it_was_meant(fields in fields(), is_end in any::<bool>()) {
        let (mut head, limits) = (RequestHead::new(), Limits::default());
        if head.read_http2(&list_of(&fields), is_end, &limits).is_ok() {
            prop_assert!(canonical::target(head.method(), head.target()).is_ok());
            let bytes = written(&head);
            let mut twin = RequestHead::new();
            prop_assert_eq!(twin.parse(&bytes, &limits), Ok(Some(bytes.len())));
            prop_assert_eq!(told(&head), told(&twin));
            prop_assert_eq!(head.values("host").count(), 1);
        } else {
            prop_assert_eq!(told(&head), told(&RequestHead::new()));
        }
    }

    #[test]
    fn responses_and_trailers_keep_to_the_rules(fields in prop::collection::vec(field(), 0..4), status in prop::sample::select(VALUES)) {
        let mut head = ResponseHead::new();
        let line = [(":status", status)];
        if head.read_http2(&list_of(&[&line, &fields[..]].concat()), "GET", false).is_ok() {
            prop_assert!((100..600).contains(&head.status()) && head.status() != 101);
            let mut out = Vec::new();
            for (name, value) in head.forwardable_fields() {
                prop_assert!(write_field(&mut out, name, value), "{}", name);
                prop_assert!(!name.eq_ignore_ascii_case("transfer-encoding"));
            }
        }
        let mut trailers = Trailers::new();
        if trailers.read_http2(&list_of(&fields)).is_ok() {
            for (name, _) in trailers.fields() {
                prop_assert!(!wire::header::is_never_trailing(name), "{}", name);
            }
        }
    }
}
