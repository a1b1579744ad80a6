//! A short form of HTTP/2 frames, so that a changed byte gives another frame
//! and not noise: kind, flags, stream, length, one byte each, then the payload.
//! A length of 255 takes all that is left. It says nothing of what is legal.

use wire::http2::frame::PREFACE;

/// The frames in their form on the wire.
fn long_form(input: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), input);
    while let [kind, flags, stream, length, after @ ..] = rest {
        let length = if *length == u8::MAX { after.len() } else { usize::from(*length) };
        let (payload, after) = after.split_at(length.min(after.len()));
        let [.., a, b, c] = payload.len().to_be_bytes();
        out.extend_from_slice(&[a, b, c, *kind, *flags, 0, 0, 0, *stream]);
        out.extend_from_slice(payload);
        rest = after;
    }
    out
}

/// What a peer may send: the input read in the short form, and as it is.
pub(super) fn both_forms(input: &[u8]) -> [Vec<u8>; 2] {
    [long_form(input), input.to_vec()]
}

/// The same behind the words every client begins with, unless it has them.
pub(super) fn with_preface(bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"PRI") { bytes } else { [PREFACE.as_slice(), &bytes].concat() }
}
