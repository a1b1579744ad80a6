//! Heads that came by HTTP/2: each attack beside its legal twin, and the same
//! request by HTTP/1.1, which has to read the same.
#![expect(clippy::unwrap_used, reason = "tests")]

use model::Limits;
use wire::canonical::CanonicalError;
use wire::http::{ControlError, Framing, RequestHead, ResponseHead, Trailers, Version};
use wire::http2::hpack::Decoder;
use wire::http2::{FieldList, MalformedHead};

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A string as HPACK has it, whatever is in it.
fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match u8::try_from(text.len()) {
        Ok(length @ ..127) => out.push(length),
        _ => {
            let rest = text.len() - 127;
            out.extend([127, 0x80 | (rest & 127) as u8, (rest >> 7) as u8]);
        }
    }
    out.extend_from_slice(text.as_bytes());
    out
}

/// What a block of plain literals decodes to.
fn list_of(fields: Pairs<'_>, limits: &Limits) -> FieldList {
    let literal = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    let block: Vec<u8> = fields.iter().flat_map(literal).collect();
    let mut list = FieldList::new();
    Decoder::new().decode(&block, &mut list, limits).unwrap();
    list
}

fn request(fields: Pairs<'_>, is_end: bool) -> Result<RequestHead, MalformedHead> {
    let (mut head, limits) = (RequestHead::new(), Limits::default());
    head.read_http2(&list_of(fields, &limits), is_end, &limits).map(|()| head)
}

fn response(method: &str, fields: Pairs<'_>, is_end: bool) -> Result<ResponseHead, MalformedHead> {
    let mut head = ResponseHead::new();
    head.read_http2(&list_of(fields, &Limits::default()), method, is_end).map(|()| head)
}

const LINE: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "https"), (":path", "/a?b"), (":authority", "a:81")];

/// A good request line, and these fields.
fn with(fields: Pairs<'_>) -> Result<RequestHead, MalformedHead> {
    request(&[&LINE, fields].concat(), false)
}

fn pairs<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    fields.map(|(name, value)| (name.to_owned(), text(value))).collect()
}

fn told(head: &RequestHead) -> String {
    let names = |fields: Vec<(String, String)>| {
        let pairs = fields.into_iter().map(|(name, value)| (name.to_lowercase(), value));
        pairs.collect::<Vec<_>>()
    };
    let line = (head.method(), head.target(), head.host(), head.framing());
    let rest = (head.keep_alive(), head.expect_continue(), head.upgrade());
    format!("{line:?} {rest:?} {:?}", names(pairs(head.forwardable_fields())))
}

fn http1(raw: &str) -> RequestHead {
    let mut head = RequestHead::new();
    head.parse(raw.as_bytes(), &Limits::default()).unwrap().unwrap();
    head
}

#[test]
fn a_request_reads_as_the_same_request_by_http1() {
    let fields = [
        ("content-length", "5"),
        ("te", "trailers"),
        ("proxy-authorization", "x"),
        ("a", "\u{e9}"),
    ];
    let head = with(&fields).unwrap();
    let twin = http1(
        "POST /a?b HTTP/1.1\r\nHost: a:81\r\nContent-Length: 5\r\nTE: trailers\r\n\
         Proxy-Authorization: x\r\na: \u{e9}\r\n\r\n",
    );
    assert_eq!(told(&head), told(&twin));
    assert_eq!(head.version(), Version::Http2);
    assert_eq!((head.value("host"), head.framing()), (Some(&b"a:81"[..]), Framing::Length(5)));
    assert_eq!(pairs(head.forwardable_fields()).len(), 3, "host, te, a");
    assert!(!head.is_extended_connect() && !twin.is_extended_connect());
}

#[test]
fn a_head_is_used_again_and_a_bad_one_reads_as_empty() {
    let (mut head, limits) = (RequestHead::new(), Limits::default());
    let list = |fields| list_of(fields, &limits);
    head.read_http2(&list(&LINE), false, &limits).unwrap();
    let bad = [&LINE[..], &[("a", "b"), ("X", "y")]].concat();
    assert_eq!(head.read_http2(&list(&bad), true, &limits), Err(MalformedHead::Name));
    assert_eq!(told(&head), told(&RequestHead::new()));
    head.read_http2(&list(&LINE), true, &limits).unwrap();
    assert_eq!((head.method(), head.framing()), ("POST", Framing::None));
}

#[test]
fn pseudo_fields_stand_first_and_once_and_are_known() {
    use MalformedHead::{Method, Path, Pseudo, PseudoSet, Scheme};
    let [method, scheme, path, authority] = LINE;
    for (fields, wanted) in [
        (vec![method, scheme, path, authority], Ok(())),
        (vec![authority, path, scheme, method], Ok(())),
        (vec![method, scheme, path], Err(MalformedHead::Hosts)),
        (vec![scheme, path, authority], Err(PseudoSet)),
        (vec![method, path, authority], Err(PseudoSet)),
        (vec![method, scheme, authority], Err(PseudoSet)),
        (vec![method, method, scheme, path, authority], Err(Pseudo)),
        (vec![method, scheme, path, path, authority], Err(Pseudo)),
        (vec![method, scheme, path, authority, authority], Err(Pseudo)),
        (vec![method, scheme, scheme, path, authority], Err(Pseudo)),
        (vec![method, scheme, path, ("a", "b"), authority], Err(Pseudo)),
        (vec![method, scheme, path, authority, ("a", "b"), (":path", "/x")], Err(Pseudo)),
        (vec![method, scheme, path, authority, (":x", "y")], Err(Pseudo)),
        (vec![method, scheme, path, authority, (":", "y")], Err(Pseudo)),
        (vec![method, scheme, path, authority, (":Path", "y")], Err(Pseudo)),
        (vec![method, scheme, path, authority, (":status", "200")], Err(PseudoSet)),
        (vec![method, scheme, path, authority, (":protocol", "websocket")], Err(PseudoSet)),
        (vec![(":method", ""), scheme, path, authority], Err(Method)),
        (vec![(":method", "get"), scheme, path, authority], Err(Method)),
        (vec![(":method", "GE T"), scheme, path, authority], Err(Method)),
        (vec![(":method", "GET\r\n"), scheme, path, authority], Err(Method)),
        (vec![method, (":scheme", "ftp"), path, authority], Err(Scheme)),
        (vec![method, (":scheme", ""), path, authority], Err(Scheme)),
        (vec![method, (":scheme", "http"), path, authority], Ok(())),
        (vec![method, scheme, (":path", ""), authority], Err(Path)),
        (vec![method, scheme, (":path", "a"), authority], Err(Path)),
        (vec![method, scheme, (":path", "*"), authority], Err(Path)),
        (vec![method, scheme, (":path", "?a"), authority], Err(Path)),
        (vec![method, scheme, (":path", "http://b/"), authority], Err(Path)),
        (vec![method, scheme, (":path", "/a b"), authority], Err(Path)),
        (vec![method, scheme, (":path", "/a\r\nX: y"), authority], Err(Path)),
        (vec![method, scheme, (":path", "/\u{e9}"), authority], Err(Path)),
        (vec![(":method", "OPTIONS"), scheme, (":path", "*"), authority], Ok(())),
        (vec![], Err(PseudoSet)),
    ] {
        assert_eq!(request(&fields, true).map(drop), wanted, "{fields:?}");
    }
    // What `canonical` has to see, it sees.
    let head = request(&[method, scheme, (":path", "/a#b"), authority], true).unwrap();
    assert_eq!(head.target(), "/a#b");
}

#[test]
fn h2_10_names_and_values_are_those_http1_can_carry() {
    use MalformedHead::{ConnectionSpecific, Name, Underscore, Value};
    for (name, value, wanted) in [
        ("a", "b", Ok(())),
        ("a", "", Ok(())),
        ("a", "b \t c", Ok(())),
        ("X", "b", Err(Name)),
        ("x-Y", "b", Err(Name)),
        ("", "b", Err(Name)),
        ("a:b", "b", Err(Name)),
        ("a b", "b", Err(Name)),
        ("a\r\nb", "b", Err(Name)),
        ("a\0", "b", Err(Name)),
        ("\u{e9}", "b", Err(Name)),
        ("a_b", "b", Err(Underscore)),
        ("a", "b\r\nc: d", Err(Value)),
        ("a", "b\n", Err(Value)),
        ("a", "b\rc", Err(Value)),
        ("a", "\0", Err(Value)),
        ("a", "b\u{1}", Err(Value)),
        ("a", "\u{7f}", Err(Value)),
        ("a", " b", Err(Value)),
        ("a", "b ", Err(Value)),
        ("a", "\tb", Err(Value)),
        ("a", " ", Err(Value)),
        ("cookie", "a=b\n", Err(Value)),
        ("connection", "close", Err(ConnectionSpecific)),
        ("keep-alive", "5", Err(ConnectionSpecific)),
        ("proxy-connection", "close", Err(ConnectionSpecific)),
        ("transfer-encoding", "chunked", Err(ConnectionSpecific)),
        ("upgrade", "websocket", Err(ConnectionSpecific)),
        ("te", "gzip", Err(ConnectionSpecific)),
        ("te", "trailers, gzip", Err(ConnectionSpecific)),
        ("te", "", Err(ConnectionSpecific)),
        ("te", "trailers", Ok(())),
    ] {
        assert_eq!(with(&[(name, value)]).map(drop), wanted, "{name:?}: {value:?}");
        let status = response("GET", &[(":status", "200"), (name, value)], true).map(drop);
        let mut trailers = Trailers::new();
        let list = list_of(&[(name, value)], &Limits::default());
        let trailing = trailers.read_http2(&list);
        let passed = if wanted == Err(Underscore) { Ok(()) } else { wanted };
        assert_eq!((status, trailing), (passed, passed), "{name:?}: {value:?}");
    }
}

#[test]
fn there_is_one_authority() {
    use MalformedHead::{Authority, HostConflict, Hosts};
    let of = |authority: Option<&str>, hosts: &[&str]| {
        let mut fields = LINE[..3].to_vec();
        fields.extend(authority.map(|authority| (":authority", authority)));
        fields.extend(hosts.iter().map(|host| ("host", *host)));
        let head = request(&fields, true)?;
        assert_eq!(head.values("host").count(), 1);
        assert_eq!(head.value("host"), head.host().map(str::as_bytes));
        Ok(head.host().unwrap().to_owned())
    };
    for (authority, hosts, wanted) in [
        (Some("a"), &[][..], Ok("a")),
        (None, &["A.example"], Ok("A.example")),
        (Some("a"), &["A"], Ok("a")),
        (Some("a"), &["a:443"], Ok("a")),
        (Some("a:443"), &["a."], Ok("a:443")),
        (Some("[::1]:8"), &["[0::1]:8"], Ok("[::1]:8")),
        (Some("a"), &["b"], Err(HostConflict)),
        (Some("a"), &["a:80"], Err(HostConflict)),
        (Some("a"), &["a", "a"], Err(Hosts)),
        (None, &["a", "a"], Err(Hosts)),
        (None, &[], Err(Hosts)),
        (Some("a"), &["a/b"], Err(Authority(CanonicalError::Host))),
        (Some("u@a"), &[], Err(Authority(CanonicalError::Host))),
        (Some("u:p@a"), &[], Err(Authority(CanonicalError::Port))),
        (Some(""), &[], Err(Authority(CanonicalError::Host))),
        (Some(""), &["a"], Err(Authority(CanonicalError::Host))),
        (Some("a,b"), &[], Err(Authority(CanonicalError::Host))),
        (Some("a:0"), &[], Err(Authority(CanonicalError::Port))),
        (Some("a\r\nb"), &[], Err(Authority(CanonicalError::Host))),
        (None, &["u@a"], Err(Authority(CanonicalError::Host))),
    ] {
        let wanted = wanted.map(str::to_owned);
        assert_eq!(of(authority, hosts), wanted, "{authority:?} {hosts:?}");
    }
}

#[test]
fn h2_11_lengths_are_plain_and_fit_the_end_of_the_stream() {
    use MalformedHead::{Body, Control};
    let framing = |lengths: &[&str], is_end: bool| {
        let mut fields = LINE.to_vec();
        fields.extend(lengths.iter().map(|length| ("content-length", *length)));
        request(&fields, is_end).map(|head| head.framing())
    };
    for (lengths, is_end, wanted) in [
        (&[][..], true, Ok(Framing::None)),
        (&[], false, Ok(Framing::Chunked)),
        (&["0"], true, Ok(Framing::Length(0))),
        (&["0"], false, Ok(Framing::Length(0))),
        (&["010"], false, Ok(Framing::Length(10))),
        (&["5"], true, Err(Body)),
        (&["5", "5"], false, Err(Control(ControlError::Lengths))),
        (&["+5"], false, Err(Control(ControlError::Length))),
        (&["-5"], false, Err(Control(ControlError::Length))),
        (&["5, 5"], false, Err(Control(ControlError::Length))),
        (&["0x5"], false, Err(Control(ControlError::Length))),
        (&[""], false, Err(Control(ControlError::Length))),
        (&["18446744073709551616"], false, Err(Control(ControlError::Length))),
    ] {
        assert_eq!(framing(lengths, is_end), wanted, "{lengths:?} {is_end}");
    }
}

#[test]
fn crumbs_become_one_cookie() {
    let head = with(&[("cookie", "a=b"), ("x", "y"), ("cookie", "c=d"), ("cookie", "e")]).unwrap();
    let fields = pairs(head.fields());
    let wanted = [("host", "a:81"), ("cookie", "a=b; c=d; e"), ("x", "y")];
    assert_eq!(fields, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let error = with(&[("cookie", "a=b"), ("cookie", "c\r\nd")]).unwrap_err();
    assert_eq!(error, MalformedHead::Value, "wherever it stands");
}

#[test]
fn expectations_are_those_of_http1() {
    let head = with(&[("expect", "100-Continue")]).unwrap();
    assert!(head.expect_continue());
    assert!(head.forwardable_fields().any(|(name, _)| name == "expect"));
    let head = request(&[&LINE[..], &[("expect", "100-continue")]].concat(), true).unwrap();
    assert!(!head.expect_continue());
    assert!(head.forwardable_fields().all(|(name, _)| name != "expect"));
    for fields in [&[("expect", "y")][..], &[("expect", "100-continue"); 2]] {
        assert_eq!(with(fields).unwrap_err(), MalformedHead::Expectation);
    }
}

#[test]
fn a_tunnel_names_host_and_port_and_nothing_else() {
    use MalformedHead::{Authority, PseudoSet};
    let connect = (":method", "CONNECT");
    let of = |fields: Pairs<'_>| request(&[&[connect], fields].concat(), false);
    let head = of(&[(":authority", "a:1")]).unwrap();
    assert_eq!((head.method(), head.target(), head.host()), ("CONNECT", "a:1", Some("a:1")));
    assert_eq!((head.framing(), head.upgrade()), (Framing::None, None));
    for (fields, wanted) in [
        (&[][..], PseudoSet),
        (&[(":authority", "a")], Authority(CanonicalError::Port)),
        (&[(":authority", "u@a:1")], Authority(CanonicalError::Host)),
        (&[(":authority", "a:1"), (":path", "/")], PseudoSet),
        (&[(":authority", "a:1"), (":scheme", "https")], PseudoSet),
        (&[(":authority", "a:1"), ("host", "b:1")], MalformedHead::HostConflict),
        (&[("host", "a:1")], PseudoSet),
        (
            &[(":authority", "a:1"), ("content-length", "5")],
            MalformedHead::Control(ControlError::Length),
        ),
    ] {
        assert_eq!(of(fields).unwrap_err(), wanted, "{fields:?}");
    }
    assert!(of(&[(":authority", "a:1"), ("host", "a"), ("content-length", "0")]).is_ok());
}

#[test]
fn an_extended_connect_reads_as_an_upgrade() {
    let of = |protocol: &str, path: Option<&str>| {
        let mut fields = vec![(":method", "CONNECT"), (":protocol", protocol)];
        fields.extend([(":scheme", "https"), (":authority", "a")]);
        fields.extend(path.map(|path| (":path", path)));
        fields.push(("sec-websocket-version", "13"));
        request(&fields, false)
    };
    let head = of("websocket", Some("/chat?x")).unwrap();
    let twin = http1(
        "GET /chat?x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n",
    );
    assert_eq!(told(&head), told(&twin));
    assert!(head.is_extended_connect() && head.upgrade() == Some("websocket"));
    for protocol in ["", "a b", "h2c", "a,b", "a\r\n"] {
        assert_eq!(of(protocol, Some("/")).unwrap_err(), MalformedHead::Protocol, "{protocol:?}");
    }
    assert_eq!(of("websocket", None).unwrap_err(), MalformedHead::PseudoSet);
    assert_eq!(of("websocket", Some("*")).unwrap_err(), MalformedHead::Path);
}

#[test]
fn what_is_too_large_is_said_so() {
    let limits = Limits { head_bytes_max: 400, request_line_bytes_max: 40, ..Limits::default() };
    let read = |path: &str, filler: &str| {
        let mut fields = LINE.to_vec();
        fields[2].1 = path;
        fields.push(("a", filler));
        RequestHead::new().read_http2(&list_of(&fields, &limits), true, &limits)
    };
    assert_eq!(read("/", &"x".repeat(150)), Ok(()));
    assert_eq!(read("/", &"x".repeat(250)), Err(MalformedHead::TooLarge));
    let path = format!("/{}", "p".repeat(23));
    assert_eq!(read(&path, ""), Ok(()));
    assert_eq!(read(&format!("{path}p"), ""), Err(MalformedHead::TooLarge));
    let line = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let (mut head, longer) = (RequestHead::new(), line(&format!("{path}p")));
    assert!(head.parse(line(&path).as_bytes(), &limits).is_ok(), "the same by HTTP/1.1");
    assert_eq!(head.parse(longer.as_bytes(), &limits).unwrap_err().status(), 414);
    let list = list_of(&[("a", &"x".repeat(450))], &limits);
    assert_eq!(Trailers::new().read_http2(&list), Err(MalformedHead::TooLarge));
    assert_eq!(ResponseHead::new().read_http2(&list, "GET", true), Err(MalformedHead::TooLarge));
}

#[test]
fn a_status_is_three_digits_and_alone() {
    use MalformedHead::{Pseudo, PseudoSet, Status};
    for (fields, wanted) in [
        (&[(":status", "200")][..], Ok(200)),
        (&[(":status", "599")], Ok(599)),
        (&[(":status", "103")], Ok(103)),
        (&[(":status", "101")], Err(Status)),
        (&[(":status", "099")], Err(Status)),
        (&[(":status", "600")], Err(Status)),
        (&[(":status", "20")], Err(Status)),
        (&[(":status", "2000")], Err(Status)),
        (&[(":status", "+20")], Err(Status)),
        (&[(":status", "")], Err(Status)),
        (&[], Err(PseudoSet)),
        (&[("a", "b")], Err(PseudoSet)),
        (&[(":status", "200"), (":status", "200")], Err(Pseudo)),
        (&[("a", "b"), (":status", "200")], Err(PseudoSet)),
        (&[(":status", "200"), ("a", "b"), (":status", "200")], Err(Pseudo)),
        (&[(":status", "200"), (":path", "/")], Err(PseudoSet)),
    ] {
        let status = response("GET", fields, false).map(|head| head.status());
        assert_eq!(status, wanted, "{fields:?}");
    }
    assert_eq!(response("GET", &[(":status", "103")], true).map(drop), Err(Status));
}

#[test]
fn a_response_says_where_its_body_ends() {
    use MalformedHead::Body;
    for (method, status, length, is_end, wanted) in [
        ("GET", "200", None, false, Ok(Framing::Chunked)),
        ("GET", "200", Some("5"), false, Ok(Framing::Length(5))),
        ("GET", "200", Some("0"), false, Ok(Framing::Length(0))),
        ("GET", "200", None, true, Ok(Framing::None)),
        ("GET", "200", Some("0"), true, Ok(Framing::None)),
        ("GET", "200", Some("5"), true, Err(Body)),
        ("HEAD", "200", Some("5"), true, Ok(Framing::None)),
        ("HEAD", "200", Some("5"), false, Ok(Framing::None)),
        ("GET", "304", Some("5"), true, Ok(Framing::None)),
        ("GET", "204", None, true, Ok(Framing::None)),
        ("GET", "204", None, false, Ok(Framing::None)),
        ("GET", "204", Some("5"), false, Err(Body)),
        ("GET", "100", None, false, Ok(Framing::None)),
        ("GET", "100", Some("5"), false, Err(Body)),
        ("CONNECT", "200", None, false, Ok(Framing::None)),
        ("CONNECT", "200", Some("5"), false, Err(Body)),
        ("CONNECT", "403", Some("5"), false, Ok(Framing::Length(5))),
    ] {
        let mut fields = vec![(":status", status)];
        fields.extend(length.map(|length| ("content-length", length)));
        let head = response(method, &fields, is_end);
        let case = format!("{method} {status} {length:?} {is_end}");
        assert_eq!(
            head.as_ref().map(ResponseHead::framing).map_err(|error| *error),
            wanted,
            "{case}"
        );
        if let Ok(head) = head {
            assert_eq!(
                head.content_length(),
                length.map(|length| length.parse().unwrap()),
                "{case}"
            );
            assert_eq!((head.version(), head.keep_alive()), (Version::Http2, true));
        }
    }
}

#[test]
fn trailers_lose_what_belongs_into_a_head() {
    let limits = Limits::default();
    let mut trailers = Trailers::new();
    let fields = [
        ("grpc-status", "0"),
        ("host", "a"),
        ("authorization", "x"),
        ("content-length", "5"),
        ("x", "y"),
    ];
    trailers.read_http2(&list_of(&fields, &limits)).unwrap();
    let left: Vec<_> = pairs(trailers.fields()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["grpc-status", "x"]);
    let list = list_of(&[("x", "y"), (":status", "200")], &limits);
    assert_eq!(trailers.read_http2(&list), Err(MalformedHead::Pseudo));
    assert_eq!(trailers.fields().count(), 0);
}

#[test]
fn metadata_of_a_call_may_have_underscores_and_nothing_else_may() {
    let grpc = |kind| with(&[("user_id", "7"), ("content-type", kind)]);
    assert!(grpc("application/grpc").is_ok() && grpc("application/grpc+proto").is_ok());
    for kind in ["application/json", "x-application/grpc", ""] {
        assert_eq!(grpc(kind).unwrap_err(), MalformedHead::Underscore, "{kind}");
    }
}

#[test]
fn empty_crumbs_of_a_cookie_are_left_out() {
    for (crumbs, wanted) in [
        (&["a=b", ""][..], "a=b"),
        (&["", "a=b"], "a=b"),
        (&["a=b", "", "c=d", ""], "a=b; c=d"),
        (&["", ""], ""),
    ] {
        let crumbs: Vec<_> = crumbs.iter().map(|crumb| ("cookie", *crumb)).collect();
        assert_eq!(with(&crumbs).unwrap().value("cookie"), Some(wanted.as_bytes()));
    }
}
