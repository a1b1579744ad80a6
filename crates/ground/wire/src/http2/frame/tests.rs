//! Frames written and read back, and every wrong size.

use super::*;
use crate::http2::ErrorCode;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// Takes the first frame off.
fn split(bytes: &[u8]) -> (FrameHead, &[u8], &[u8]) {
    let head = FrameHead::read(bytes).unwrap();
    let (payload, rest) = bytes[HEAD_BYTES..].split_at(head.length);
    (head, payload, rest)
}

fn only(bytes: &[u8]) -> (FrameHead, &[u8]) {
    let (head, payload, rest) = split(bytes);
    assert_eq!(rest, b"");
    (head, payload)
}

fn head(kind: Kind, flags: u8) -> FrameHead {
    FrameHead { length: 0, kind, flags, stream: 1 }
}

#[test]
fn a_head_is_nine_bytes() {
    let bytes = [1, 2, 3, 9, 0xa5, 0xff, 0, 0, 7, 99];
    let head = FrameHead::read(&bytes).unwrap();
    let wanted =
        FrameHead { length: 0x01_0203, kind: Kind::Continuation, flags: 0xa5, stream: 0x7f00_0007 };
    assert_eq!(head, wanted, "without the reserved bit");
    assert_eq!(written(|out| head.write(out)), [1, 2, 3, 9, 0xa5, 0x7f, 0, 0, 7]);
    for short in 0..HEAD_BYTES {
        assert_eq!(FrameHead::read(&bytes[..short]), None);
    }
    for number in 0..=255 {
        assert_eq!(Kind::from_number(number).number(), number);
        assert_eq!(matches!(Kind::from_number(number), Kind::Unknown(_)), number > 9);
    }
}

#[test]
fn padding_comes_off_or_is_refused() {
    let padded = head(Kind::Data, PADDED);
    for (payload, wanted) in [
        (&b"\x02hi\0\0"[..], Ok(&b"hi"[..])),
        (b"\x00hi", Ok(b"hi")),
        (b"\x00", Ok(b"")),
        (b"\x02\0\0", Ok(b"")),
        (b"", Err(FrameError::Size)),
        (b"\x01", Err(FrameError::Padding)),
        (b"\x03hi", Err(FrameError::Padding)),
    ] {
        assert_eq!(data(&padded, payload), wanted, "{payload:?}");
        let read = headers(&head(Kind::Headers, PADDED), payload).map(|headers| headers.fragment);
        assert_eq!(read, wanted, "{payload:?}");
    }
    assert_eq!(data(&head(Kind::Data, 0), b"\x02hi"), Ok(&b"\x02hi"[..]));
    assert_eq!(FrameError::Padding.code(), ErrorCode::ProtocolError);
    assert_eq!(FrameError::Size.code(), ErrorCode::FrameSizeError);
}

#[test]
fn priorities_come_off_headers() {
    let both = head(Kind::Headers, PADDED | PRIORITY);
    let wanted = Priority { dependency: 5, is_exclusive: true, weight: 9 };
    let read = headers(&both, b"\x01\x80\0\0\x05\x09hi\0").unwrap();
    assert_eq!(read, Headers { fragment: b"hi", priority: Some(wanted) });
    assert_eq!(headers(&both, b"\x01\x80\0\0\x05\x09").unwrap_err(), FrameError::Padding);
    assert_eq!(headers(&both, b"\x00\x80\0\0\x05").unwrap_err(), FrameError::Size);
    let plain = headers(&head(Kind::Headers, PRIORITY), b"\0\0\0\x05\x09").unwrap();
    assert_eq!(plain.priority, Some(Priority { is_exclusive: false, ..wanted }));
    assert_eq!(priority(b"\x80\0\0\x05\x09"), Ok(wanted));
}

#[test]
fn every_other_size_is_refused() {
    for length in 0..20 {
        let payload = vec![0; length];
        let (four, eight) = (length == 4, length == 8);
        assert_eq!(priority(&payload).is_ok(), length == 5);
        assert_eq!(reset_stream(&payload).is_ok(), four);
        assert_eq!(window_update(&payload).is_ok(), four);
        assert_eq!(ping(&payload).is_ok(), eight);
        assert_eq!(go_away(&payload).is_ok(), length >= 8);
        assert_eq!(settings(&payload).is_ok(), length % 6 == 0);
    }
}

#[test]
fn control_frames_come_back() {
    let bytes = written(|out| write_reset_stream(out, 7, ErrorCode::Cancel));
    let (head, payload) = only(&bytes);
    assert_eq!((head.kind, head.flags, head.stream), (Kind::ResetStream, 0, 7));
    assert_eq!(reset_stream(payload), Ok(ErrorCode::Cancel));

    let wanted = [(3, 100), (0xffff, u32::MAX)];
    let bytes = written(|out| write_settings(out, &wanted));
    let (head, payload) = only(&bytes);
    assert_eq!((head.kind, head.flags, head.stream), (Kind::Settings, 0, 0));
    assert_eq!(settings(payload).unwrap().collect::<Vec<_>>(), wanted);
    assert_eq!(written(write_settings_ack), [0, 0, 0, 4, 1, 0, 0, 0, 0]);

    for is_answer in [false, true] {
        let bytes = written(|out| write_ping(out, *b"12345678", is_answer));
        let (head, payload) = only(&bytes);
        assert_eq!((head.kind, head.has(ACK), head.stream), (Kind::Ping, is_answer, 0));
        assert_eq!(ping(payload), Ok(*b"12345678"));
    }

    let bytes = written(|out| write_go_away(out, 9, ErrorCode::EnhanceYourCalm, b"why"));
    let (head, payload) = only(&bytes);
    assert_eq!((head.kind, head.stream), (Kind::GoAway, 0));
    let wanted = GoAway { last: 9, code: ErrorCode::EnhanceYourCalm, debug: b"why" };
    assert_eq!(go_away(payload), Ok(wanted));

    let bytes = written(|out| write_window_update(out, 3, 0x7fff_ffff));
    let (head, payload) = only(&bytes);
    assert_eq!((head.kind, head.stream), (Kind::WindowUpdate, 3));
    assert_eq!(window_update(payload), Ok(0x7fff_ffff));
    assert_eq!(window_update(&[0x80, 0, 0, 1]), Ok(1), "without the reserved bit");
}

#[test]
fn a_long_block_goes_on_in_continuations() {
    let block: Vec<u8> = (0..=255).cycle().take(45).collect();
    for (payload_max, frames) in [(100, 1), (45, 1), (44, 2), (20, 3), (15, 3), (1, 45), (0, 45)] {
        for end in [false, true] {
            let bytes = written(|out| write_headers(out, 3, (&block, end), payload_max));
            let (mut rest, mut whole, mut count) = (&bytes[..], Vec::new(), 0);
            while !rest.is_empty() {
                let (head, payload, after) = split(rest);
                let kind = if count == 0 { Kind::Headers } else { Kind::Continuation };
                assert_eq!((head.kind, head.stream), (kind, 3));
                assert_eq!(head.has(END_HEADERS), after.is_empty());
                assert_eq!(head.has(END_STREAM), end && count == 0);
                whole.extend_from_slice(payload);
                (rest, count) = (after, count + 1);
            }
            assert_eq!((whole, count), (block.clone(), frames));
        }
    }
    let empty = written(|out| write_headers(out, 1, (&[], true), 10));
    assert_eq!(only(&empty).0.flags, END_HEADERS | END_STREAM);
}

#[test]
fn data_is_written_as_it_is() {
    let bytes = written(|out| write_data(out, 5, b"hi", true));
    let (head, payload) = only(&bytes);
    assert_eq!((head.kind, head.flags, head.stream), (Kind::Data, END_STREAM, 5));
    assert_eq!(data(&head, payload), Ok(&b"hi"[..]));
    let bytes = written(|out| write_data(out, 5, b"", false));
    assert_eq!(only(&bytes).0.flags, 0);
}
