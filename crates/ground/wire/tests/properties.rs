//! What holds for all inputs: splitting changes nothing, canonical forms stay
//! as they are, names and numbers come back, and nothing panics.
#![expect(clippy::indexing_slicing, reason = "tests")]

use model::{Limits, ServiceName, TrustDomain};
use proptest::prelude::*;
use wire::http1::{
    BodyDecoder, BodyError, CHUNK_END, Framing, RequestHead, ResponseHead, write_chunk_head,
    write_last_chunk,
};
use wire::{canonical, sni, traceparent::TraceParent};

/// Pieces that messages are made of, the harmful ones included.
const PIECES: &[&str] = &[
    "GET ",
    "POST ",
    "CONNECT ",
    "/",
    "/a?b",
    "http://a/",
    "*",
    " HTTP/1.1",
    " HTTP/1.0",
    " HTTP/2.0",
    "\r\n",
    "\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ": ",
    ",",
    "\0",
    "\u{e9}",
    "a",
    "_",
    "Host: a",
    "Host: b",
    "host:a:80",
    "Content-Length: 5",
    "Content-Length: 05",
    "content-length:",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: ",
    "chunked",
    "Connection: close",
    "Connection: ",
    "keep-alive",
    "upgrade",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "TE: trailers",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 204 ",
    "HTTP/1.1 101 X",
    "X-Y: z",
    "5",
    "0",
    ";a=\"b\"",
    "\"",
    "hello",
];

/// Anything made of the pieces.
fn jumble() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..16).prop_map(|p| p.concat().into_bytes())
}

/// Fields that harm nothing, alone or together.
const GOOD: &[&str] = &[
    "X-Y: z",
    "x-y:",
    "TE: trailers",
    "Connection: close, x-y",
    "Cookie: a=b",
    "Upgrade: h2c",
    "Accept:  a, \u{e9}\t",
    "a.b: c",
];

/// A request that is legal more often than not.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let targets = prop::sample::select(&["/", "/a?b", "/c%2f;d", "http://a/", "http://A:80?x"][..]);
    let target = prop_oneof![9 => targets, 1 => prop::sample::select(PIECES)];
    let field = prop_oneof![9 => prop::sample::select(GOOD), 1 => prop::sample::select(PIECES)];
    let fields = prop::collection::vec(field, 0..5);
    let before = prop::sample::select(&["", "", "\r\n"][..]);
    (before, target, fields).prop_map(|(before, target, fields)| {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        format!("{before}POST {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\nrest").into_bytes()
    })
}

fn small() -> Limits {
    Limits {
        head_bytes_max: 120,
        request_line_bytes_max: 40,
        header_count_max: 5,
        ..Limits::default()
    }
}

/// Everything a request head says, for comparison.
fn told(head: &RequestHead) -> String {
    let fields: Vec<_> = head.fields().collect();
    let onward: Vec<_> = head.forwardable_fields().collect();
    let line = (head.method(), head.target(), head.version(), head.host());
    let rest = (head.framing(), head.keep_alive(), head.expect_continue(), head.upgrade());
    format!("{line:?} {rest:?} {fields:?} {onward:?}")
}

/// Parses growing pieces of `input`, cut at `cuts`.
fn in_pieces<T>(
    input: &[u8],
    cuts: &[usize],
    mut parse: impl FnMut(&[u8]) -> Option<T>,
) -> Option<T> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    ends.into_iter().find_map(|end| parse(&input[..end]))
}

fn read_body(input: &[u8], cuts: &[usize]) -> (Vec<u8>, Result<(usize, String), BodyError>) {
    let (mut decoder, limits) = (BodyDecoder::new(Framing::Chunked), Limits::default());
    let (mut data, mut used) = (Vec::new(), 0);
    let outcome = in_pieces(input, cuts, |piece| {
        loop {
            match decoder.decode(&piece[used..], &limits) {
                Err(error) => return Some(Err(error)),
                Ok(step) => {
                    data.extend_from_slice(&piece[used..][step.data.clone()]);
                    used += step.used;
                    if step.done {
                        return Some(Ok(()));
                    }
                    if step.used == 0 {
                        return None;
                    }
                }
            }
        }
    });
    let trailers = format!("{outcome:?} {:?}", decoder.trailers().collect::<Vec<_>>());
    (data, outcome.transpose().map(|_| (used, trailers)))
}

proptest! {
    #[test]
    fn a_request_means_the_same_however_it_is_split(
        input in prop_oneof![jumble(), request()],
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        tight in any::<bool>(),
    ) {
        let limits = if tight { small() } else { Limits::default() };
        let (mut whole, mut split) = (RequestHead::new(), RequestHead::new());
        let once = whole.parse(&input, &limits).transpose();
        let often = in_pieces(&input, &cuts, |piece| split.parse(piece, &limits).transpose());
        prop_assert_eq!(once, often);
        prop_assert_eq!(told(&whole), told(&split));
    }

    #[test]
    fn every_single_cut_of_a_request_gives_the_same(input in request()) {
        let limits = Limits::default();
        let once = RequestHead::new().parse(&input, &limits).transpose();
        for cut in 0..input.len() {
            let mut head = RequestHead::new();
            let often = in_pieces(&input, &[cut], |piece| head.parse(piece, &limits).transpose());
            prop_assert_eq!(once, often, "cut at {}", cut);
        }
    }

    #[test]
    fn a_response_means_the_same_however_it_is_split(
        input in prop_oneof![jumble(), jumble().prop_map(|rest| [b"HTTP/1.1 200 OK\r\n", &rest[..], b"\r\n\r\n"].concat())],
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let limits = small();
        let (mut whole, mut split) = (ResponseHead::new(), ResponseHead::new());
        let once = whole.parse(&input, "GET", &limits).transpose();
        let often = in_pieces(&input, &cuts, |piece| split.parse(piece, "GET", &limits).transpose());
        prop_assert_eq!(once, often);
        prop_assert_eq!(whole.fields().collect::<Vec<_>>(), split.fields().collect::<Vec<_>>());
    }

    /// Another parser reads the same in whatever ours lets pass: the strict
    /// one takes a part of what the usual one takes.
    #[test]
    fn what_is_accepted_reads_the_same_elsewhere(input in prop_oneof![jumble(), request()]) {
        let mut ours = RequestHead::new();
        if let Ok(Some(used)) = ours.parse(&input, &Limits::default()) {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut theirs = httparse::Request::new(&mut fields);
            prop_assert_eq!(theirs.parse(&input).unwrap(), httparse::Status::Complete(used));
            prop_assert_eq!(theirs.method, Some(ours.method()));
            prop_assert_eq!(theirs.path, Some(ours.target()));
            let fields: Vec<_> = theirs.headers.iter().map(|field| (field.name, field.value)).collect();
            prop_assert_eq!(fields, ours.fields().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_chunked_body_means_the_same_however_it_is_split(
        pieces in prop::collection::vec(
            prop::sample::select(&["5\r\nhello\r\n", "1;a=\"b\"\r\nx\r\n", "0\r\n", "\r\n", "X: y\r\n",
                "Host: a\r\n", "\n", "\r", "5", ";", "\"", "hello", " ", "g", "\0"][..]), 0..12),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let input = pieces.concat().into_bytes();
        prop_assert_eq!(read_body(&input, &[]), read_body(&input, &cuts));
    }

    #[test]
    fn what_is_written_in_chunks_reads_back(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut out = Vec::new();
        for chunk in &chunks {
            write_chunk_head(&mut out, chunk.len());
            out.extend_from_slice(chunk);
            out.extend_from_slice(CHUNK_END);
        }
        write_last_chunk(&mut out, [("x-sum", &b"1"[..])].into_iter());
        let length = out.len();
        out.extend_from_slice(b"GET / HTTP/1.1");
        let (data, outcome) = read_body(&out, &cuts);
        prop_assert_eq!(data, chunks.concat());
        let (used, trailers) = outcome.unwrap();
        prop_assert_eq!(used, length);
        prop_assert!(trailers.contains("x-sum"));
    }

    #[test]
    fn a_canonical_path_is_its_own_canonical_form(
        pieces in prop::collection::vec(prop::sample::select(&["/", "/", "a", "B", ".", "..", "%2e", "%2E",
            "%25", "%32", "%65", "%41", "%7e", "%20", "%3b", "%c3%a9", "%ef%bc%8e", "|", "\"", "%5B", "~",
            "%2f", ";", ":", "@", "%", "%e2%80%a4"][..]), 0..14),
    ) {
        let raw = format!("/{}", pieces.concat());
        let (mut once, mut twice) = (String::new(), String::new());
        if canonical::path(&raw, &mut once).is_ok() {
            prop_assert!(once.starts_with('/') && !once.contains("//"), "{}", once);
            prop_assert!(!once.split('/').any(|segment| matches!(segment, "." | "..")), "{}", once);
            canonical::path(&once, &mut twice).unwrap();
            prop_assert_eq!(&once, &twice);
            prop_assert!(canonical::target("GET", &once).is_ok(), "it can go upstream");
        } else {
            prop_assert_eq!(once, "");
        }
    }

    #[test]
    fn a_canonical_host_is_its_own_canonical_form(raw in "[aA0x1.:_\\[\\]-]{0,12}") {
        if let Ok(once) = canonical::authority(&raw) {
            let host = canonical::authority(&once.host).unwrap();
            prop_assert_eq!((&host.host, host.port), (&once.host, None));
            prop_assert!(!once.host.ends_with('.'));
        }
    }

    #[test]
    fn a_server_name_says_what_was_put_in(
        port in 1_u16..,
        name in "[a-z]([a-z0-9-]{0,8}[a-z0-9])?",
        namespace in "[a-z]([a-z0-9-]{0,8}[a-z0-9])?",
        mesh in "[a-z0-9._-]{1,20}",
    ) {
        let service = ServiceName::new(namespace.parse().unwrap(), name.parse().unwrap());
        let mesh: TrustDomain = mesh.parse().unwrap();
        prop_assert_eq!(sni::parse(&sni::name(port, &service, &mesh), &mesh), Some((port, service)));
    }

    #[test]
    fn a_trace_position_comes_back(trace in 1_u128.., span in 1_u64..) {
        let parent = TraceParent::new(trace, span);
        prop_assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
        prop_assert_eq!(parent.to_string().into_bytes(), parent.text());
    }

    #[test]
    fn arbitrary_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let limits = Limits::default();
        let _ = RequestHead::new().parse(&input, &limits);
        let _ = ResponseHead::new().parse(&input, "GET", &limits);
        let _ = BodyDecoder::new(Framing::Chunked).decode(&input, &limits);
        let _ = wire::x509::read(&input);
        let text = String::from_utf8_lossy(&input);
        let mut out = String::new();
        let _ = canonical::path(&text, &mut out);
        let _ = canonical::target("GET", &text);
        let _ = canonical::authority(&text);
        let _ = TraceParent::parse(&text);
        let _ = sni::parse(&text, &"mesh".parse().unwrap());
    }
}
