//! H1-13 and H1-23 over HTTP/2: answers that are malformed, too large, or not
//! as long as they say.

use testkit::http2::frame::{continuation, data, frame, headers, kind, long_headers};
use testkit::http2::hpack::{block, indexed, kept};

use super::upstream::{Lie, Outcome, lie};

type Pairs = &'static [(&'static str, &'static str)];

pub(crate) const OK: (&str, &str) = (":status", "200");

pub(crate) fn ok(id: u32) -> Vec<u8> {
    headers(id, &block(&[OK]), false)
}

pub(crate) fn all() -> Vec<Lie> {
    let mut lies: Vec<_> = heads().chain(large()).collect();
    lies.extend(interim());
    lies.extend(bodies());
    lies
}

/// Heads that are malformed (RFC 9113, section 8.3.2).
fn heads() -> impl Iterator<Item = Lie> {
    let all: [(Pairs, &'static str); 25] = [
        (&[], "no status"),
        (&[("x", "y")], "a field and no status"),
        (&[OK, OK], "two statuses"),
        (&[OK, (":status", "404")], "two different statuses"),
        (&[("x", "y"), OK], "a field before the status"),
        (&[(":method", "GET"), (":path", "/")], "a request"),
        (&[OK, (":x", "y")], "a pseudo-field nobody knows"),
        (&[(":status", "")], "an empty status"),
        (&[(":status", "99")], "status 99"),
        (&[(":status", "600")], "status 600"),
        (&[(":status", "2000")], "status 2000"),
        (&[(":status", "+20")], "a sign in the status"),
        (&[(":status", "200 OK")], "a reason in the status"),
        (&[OK, ("X-Upper", "1")], "upper case"),
        (&[OK, ("connection", "close")], "connection"),
        (&[OK, ("transfer-encoding", "chunked")], "transfer-encoding"),
        (&[OK, ("upgrade", "h2c")], "upgrade"),
        (&[OK, ("x", "a\r\nset-cookie: evil=1")], "a field in a value"),
        (&[OK, ("x", "a\0b")], "NUL in a value"),
        (&[OK, ("x\r\ny", "1")], "CR LF in a name"),
        (&[OK, ("x", " a")], "a blank before a value"),
        (&[OK, ("content-length", "5"), ("content-length", "5")], "two equal lengths"),
        (&[OK, ("content-length", "5"), ("content-length", "6")], "two lengths"),
        (&[OK, ("content-length", "-5")], "a negative length"),
        (&[(":status", "101"), ("x", "y")], "101"),
    ];
    all.into_iter().map(|(fields, what)| {
        lie(what, move |id| [headers(id, &block(fields), false), data(id, b"hello", true)].concat())
    })
}

fn large() -> impl Iterator<Item = Lie> {
    let long = |id: u32, fields: &[(String, String)]| {
        let all = [block(&[OK]), block(fields)].concat();
        [long_headers(id, &all, false), data(id, b"hello", true)].concat()
    };
    let many = |count: usize| -> Vec<(String, String)> {
        (0..count).map(|at| (format!("x-{at}"), "y".to_owned())).collect()
    };
    let bomb = |id: u32, count: usize| {
        let all =
            [block(&[OK]), kept(b"x-bomb", &[b'v'; 4000]), indexed(62).repeat(count)].concat();
        headers(id, &all, true)
    };
    [
        lie("a header bomb", move |id| long(id, &many(10_000))).ends_link(),
        lie("a few fields too many", move |id| long(id, &many(140))),
        lie("a field of 1 MB", move |id| long(id, &[("x".into(), "v".repeat(1_000_000))]))
            .ends_link(),
        lie("an entry of 4 KB named 40 times", move |id| bomb(id, 40)),
        lie("an entry of 4 KB named 10,000 times", move |id| bomb(id, 10_000)).ends_link(),
        lie("CONTINUATION without end", |id| {
            let first = frame(kind::HEADERS, 0, id, &block(&[OK]));
            [first, continuation(id, b"", false).repeat(5_000)].concat()
        })
        .ends_link(),
    ]
    .into_iter()
}

fn interim() -> Vec<Lie> {
    let hint = |id| headers(id, &block(&[(":status", "103"), ("link", "</a>")]), false);
    let hello = |id| [ok(id), data(id, b"hello", true)].concat();
    vec![
        lie("a thousand interim answers", move |id| [hint(id).repeat(1000), hello(id)].concat())
            .id("H1-13"),
        lie("an interim answer and no other", |id| {
            headers(id, &block(&[(":status", "100")]), true)
        })
        .id("H1-13"),
        lie("DATA behind an interim answer", move |id| {
            [hint(id), data(id, b"hello", true)].concat()
        })
        .id("H1-13"),
        lie("an interim answer that announces a body", move |id| {
            let head = headers(id, &block(&[(":status", "103"), ("content-length", "5")]), false);
            [head, hello(id)].concat()
        })
        .id("H1-13"),
        lie("three interim answers are proper", move |id| [hint(id).repeat(3), hello(id)].concat())
            .id("H1-13")
            .comes(Outcome::Passes(200)),
    ]
}

fn bodies() -> Vec<Lie> {
    let of = |what, fields: Pairs, rest: fn(u32) -> Vec<u8>| {
        lie(what, move |id| {
            [headers(id, &[block(&[OK]), block(fields)].concat(), false), rest(id)].concat()
        })
        .comes(Outcome::Broken)
    };
    let five: Pairs = &[("content-length", "5")];
    vec![
        of("less than the length", five, |id| data(id, b"hell", true)),
        of("more than the length", five, |id| data(id, b"hello!", true)),
        of("more behind all of it", five, |id| {
            [data(id, b"hello", false), data(id, b"!", true)].concat()
        }),
        of("nothing of it", five, |id| data(id, b"", true)),
        of("less, and trailers", five, |id| {
            [data(id, b"hell", false), headers(id, &block(&[("x", "1")]), true)].concat()
        }),
        lie("a length and no body", |id| headers(id, &block(&[OK, ("content-length", "5")]), true)),
        lie("a body on a 204", |id| {
            [headers(id, &block(&[(":status", "204")]), false), data(id, b"hello", true)].concat()
        })
        .comes(Outcome::Passes(204)),
        of("a pseudo-field in trailers", &[], |id| {
            [data(id, b"hello", false), headers(id, &block(&[OK]), true)].concat()
        }),
        of("CR LF in trailers", &[], |id| {
            let trailers = block(&[("x", "1\r\nset-cookie: evil=1")]);
            [data(id, b"hello", false), headers(id, &trailers, true)].concat()
        }),
        of("trailers that do not end", &[], |id| {
            [data(id, b"hello", false), headers(id, &block(&[("x", "1")]), false)].concat()
        }),
    ]
}
