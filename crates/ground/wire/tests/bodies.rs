//! Raw bodies: lengths, chunks, extensions, trailers, ends; each attack beside
//! its legal twin (H1-10, H1-11).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use model::Limits;
use wire::http1::{BodyDecoder, BodyError, Framing};

/// Data, bytes used, trailers.
type Read = (Vec<u8>, usize, Vec<(String, Vec<u8>)>);

fn read(framing: Framing, input: &[u8]) -> Result<Option<Read>, BodyError> {
    let (mut decoder, limits) = (BodyDecoder::new(framing), Limits::default());
    let (mut data, mut used) = (Vec::new(), 0);
    loop {
        let step = decoder.decode(&input[used..], &limits)?;
        data.extend_from_slice(&input[used..][step.data.clone()]);
        used += step.used;
        assert_eq!(step.done, decoder.is_done());
        if step.done {
            let own = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_vec());
            return Ok(Some((data, used, decoder.trailers().map(own).collect())));
        }
        if step.used == 0 {
            return Ok(None);
        }
    }
}

fn chunked(input: &str) -> Result<Option<Read>, BodyError> {
    read(Framing::Chunked, input.as_bytes())
}

#[track_caller]
fn data(input: &str, wanted: &str) {
    let (data, used, _) = chunked(input).unwrap().unwrap();
    assert_eq!(String::from_utf8(data).unwrap(), wanted);
    assert_eq!(used, input.find('!').unwrap_or(input.len()), "stops where the message ends");
}

#[test]
fn chunks_come_apart() {
    data("0\r\n\r\n!GET / HTTP/1.1", "");
    data("5\r\nhello\r\n0\r\n\r\n!", "hello");
    data("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n!", "hello world");
    data("A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789");
    data("2\r\n\r\n\r\n0\r\n\r\n!", "\r\n");
    data("005;a=b;c=\"d; \\\" e\"\r\nhello\r\n0;x\r\n\r\n!", "hello");
}

#[test]
fn unfinished_chunks_wait() {
    for input in
        ["", "5", "5\r", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n0\r\n", "0\r\n\r"]
    {
        assert_eq!(chunked(input), Ok(None), "{input:?}");
    }
}

#[test]
fn sizes_are_plain_hexadecimal() {
    for bad in [
        "\r\n", ";a\r\n", "x\r\n", "0x5\r\n", "+5\r\n", "-5\r\n", " 5\r\n", "5 \r\n", "5 ;a\r\n",
        "5\t\r\n", "5,\r\n", "5_0\r\n",
    ] {
        assert_eq!(chunked(bad), Err(BodyError::Size), "{bad:?}");
    }
    for bad in [
        "8000000000000000\r\n",
        "ffffffffffffffff\r\n",
        "10000000000000000\r\n",
        "00000000000000005\r\n",
    ] {
        assert_eq!(chunked(bad), Err(BodyError::SizeTooLarge), "{bad:?}");
    }
    assert_eq!(chunked("7fffffffffffffff\r\nx"), Ok(None));
    data("0000000000000005\r\nhello\r\n0\r\n\r\n!", "hello");
}

#[test]
fn lines_end_with_crlf_and_nothing_else() {
    for bad in [
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\r\nhello",
        "5;a\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "0\n\r\n",
    ] {
        assert_eq!(chunked(bad), Err(BodyError::LineEnd), "{bad:?}");
    }
    for bad in ["0\r\n\n", "0\r\nX: y\n\r\n", "0\r\nX: y\r\n\n"] {
        assert!(matches!(chunked(bad), Err(BodyError::Trailer(_))), "{bad:?}");
    }
}

#[test]
fn h1_10_extensions_hold_no_line_break_and_have_a_cap() {
    for bad in [
        "5;a\rb\r\nhello",
        "5;a=\"\r\nhello\"",
        "5;\"\n\"\r\nhello",
        "5;a\0\r\n",
        "5;\u{e9}\r\n",
        "5;\"\\\r\n\"",
    ] {
        let error = chunked(bad).unwrap_err();
        assert!(matches!(error, BodyError::Extension | BodyError::LineEnd), "{bad:?} {error}");
    }
    let limits = Limits::default();
    let with = |length: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(length));
    let room = limits.chunk_line_bytes_max - "5;\r\n".len();
    assert!(chunked(&with(room)).is_ok());
    assert_eq!(chunked(&with(room + 1)), Err(BodyError::ExtensionTooLong));
    assert_eq!(chunked(&with(1024 * 1024)), Err(BodyError::ExtensionTooLong));
    let many = |count: usize| format!("{}0\r\n\r\n", "1;abc\r\nx\r\n".repeat(count));
    assert!(chunked(&many(4_000)).is_ok());
    assert_eq!(chunked(&many(5_000)), Err(BodyError::ExtensionTooLong), "counted together");
}

#[test]
fn h1_10_endless_tiny_chunks_are_refused() {
    let tiny = |count: usize| format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(count));
    assert_eq!(chunked(&tiny(1_000_000)), Err(BodyError::Overhead));
    assert!(chunked(&tiny(100_000)).unwrap().is_some());
    let small = format!("{}0\r\n\r\n", "4\r\nxxxx\r\n".repeat(1_000_000));
    assert!(chunked(&small).unwrap().is_some(), "four bytes pay for their chunk");
}

#[test]
fn h1_11_forbidden_trailers_are_dropped() {
    let (data, _, trailers) = chunked(
        "1\r\nx\r\n0\r\nContent-Length: 5\r\nHost: evil\r\nAuthorization: x\r\nTE: x\r\n\
         X-Checksum: abc\r\nX-Forwarded-For: x\r\nPostern-Caller: x\r\nuser_id: x\r\n\
         Transfer-Encoding: chunked\r\nSet-Cookie: a\r\ngrpc-status: 0\r\n\r\n",
    )
    .unwrap()
    .unwrap();
    assert_eq!(data, b"x");
    let names: Vec<_> = trailers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Checksum", "grpc-status"]);
}

#[test]
fn malformed_and_huge_trailers_are_refused() {
    let huge = format!("0\r\nX: {}\r\n\r\n", "a".repeat(17 * 1024));
    let many = format!("0\r\n{}\r\n", "X: y\r\n".repeat(129));
    for bad in [
        "0\r\nX : y\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n",
        "0\r\nX\r\n\r\n",
        &huge,
        &many,
    ] {
        assert!(matches!(chunked(bad), Err(BodyError::Trailer(_))), "{bad:.40?}");
    }
}

#[test]
fn lengths_count_exactly() {
    let (data, used, _) = read(Framing::Length(5), b"helloGET").unwrap().unwrap();
    assert_eq!((data.as_slice(), used), (&b"hello"[..], 5));
    assert_eq!(read(Framing::Length(5), b"hell"), Ok(None));
    for framing in [Framing::None, Framing::Length(0)] {
        assert!(BodyDecoder::new(framing).is_done());
        assert_eq!(read(framing, b"GET").unwrap().unwrap().1, 0);
    }
}

#[test]
fn only_a_body_until_close_may_end_with_the_connection() {
    let limits = Limits::default();
    let at_end = |framing: Framing, input: &[u8]| {
        let mut decoder = BodyDecoder::new(framing);
        decoder.decode(input, &limits).unwrap();
        decoder.at_eof().map(|()| decoder.is_done())
    };
    assert_eq!(at_end(Framing::UntilClose, b"anything"), Ok(true));
    assert_eq!(at_end(Framing::None, b""), Ok(true));
    assert_eq!(at_end(Framing::Length(5), b"hello"), Ok(true));
    assert_eq!(at_end(Framing::Length(5), b"hell"), Err(BodyError::Truncated));
    assert_eq!(at_end(Framing::Chunked, b""), Err(BodyError::Truncated));
    assert_eq!(at_end(Framing::Chunked, b"0\r\n"), Err(BodyError::Truncated));
    assert_eq!(at_end(Framing::Chunked, b"0\r\n\r\n"), Ok(true));
}

#[test]
fn a_decoder_can_be_used_again() {
    let limits = Limits::default();
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    decoder.decode(b"0\r\nX: y\r\n\r\n", &limits).unwrap();
    assert_eq!(decoder.trailers().count(), 1);
    decoder.reset(Framing::Length(1));
    assert!(!decoder.is_done());
    assert_eq!(decoder.trailers().count(), 0);
    decoder.reset(Framing::Chunked);
    assert!(decoder.decode(b"0\r\n\r\n", &limits).unwrap().done);
}
