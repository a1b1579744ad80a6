//! A chunked body: the same data and the same end however it is split, the
//! same to another reader of chunks, and the same after it was chunked anew.

use model::Limits;
use wire::http1::{BodyDecoder, BodyError, CHUNK_END, Framing, write_chunk_head, write_last_chunk};

use super::told;
use crate::parts;

/// What was read: data, and where it ended or why it did not.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    data: Vec<u8>,
    end: Option<Result<usize, BodyError>>,
    trailers: Vec<(String, Vec<u8>)>,
}

pub(super) fn run(input: &[u8]) {
    for limits in [Limits::default(), told::small()] {
        let whole = read(Framing::Chunked, input, &[input.len()], &limits);
        for ends in parts::ways(input) {
            assert_eq!(read(Framing::Chunked, input, &ends, &limits), whole, "cut at {ends:?}");
        }
        if let Read { data, end: Some(Ok(used)), trailers } = &whole {
            check_other_reader(&input[..*used], data);
            check_chunked_anew(data, trailers, &limits);
        }
    }
    check_lengths(input);
}

/// Feeds the pieces as they come: what was not used is shown again with more.
fn read(framing: Framing, input: &[u8], ends: &[usize], limits: &Limits) -> Read {
    let mut decoder = BodyDecoder::new(framing);
    let (mut data, mut used, mut end) = (Vec::new(), 0, None);
    for piece_end in ends {
        while end.is_none() {
            match decoder.decode(&input[used..*piece_end], limits) {
                Err(error) => end = Some(Err(error)),
                Ok(step) => {
                    assert!(step.data.end <= step.used, "{step:?}");
                    data.extend_from_slice(&input[used..*piece_end][step.data.clone()]);
                    used += step.used;
                    if step.done {
                        end = Some(Ok(used));
                    } else if step.used == 0 {
                        assert_eq!(used, *piece_end, "it stops with input left");
                        break;
                    }
                }
            }
        }
    }
    assert_eq!(decoder.is_done(), matches!(end, Some(Ok(_))));
    let own = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_vec());
    let trailers = decoder.trailers().map(own).collect();
    Read { data, end, trailers }
}

/// Walks the chunks with another parser's idea of a size line.
fn check_other_reader(input: &[u8], data: &[u8]) {
    let (mut rest, mut theirs) = (input, Vec::new());
    loop {
        let size = httparse::parse_chunk_size(rest).expect("they read it");
        let httparse::Status::Complete((line, size)) = size else { panic!("they want more") };
        let size = usize::try_from(size).expect("it was there");
        rest = &rest[line..];
        if size == 0 {
            break;
        }
        theirs.extend_from_slice(&rest[..size]);
        rest = rest[size..].strip_prefix(CHUNK_END).expect("a chunk ends with its line");
    }
    assert_eq!(theirs, data);
}

fn check_chunked_anew(data: &[u8], trailers: &[(String, Vec<u8>)], limits: &Limits) {
    let mut out = Vec::new();
    for chunk in data.chunks(7) {
        write_chunk_head(&mut out, chunk.len());
        out.extend_from_slice(chunk);
        out.extend_from_slice(CHUNK_END);
    }
    let fields = trailers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    write_last_chunk(&mut out, fields);
    let again = read(Framing::Chunked, &out, &[out.len()], &Limits::default());
    assert_eq!(again.data, data);
    assert_eq!(again.end, Some(Ok(out.len())), "{limits:?}");
    assert_eq!(again.trailers, trailers);
}

/// A body of a length is that many bytes and not one more.
fn check_lengths(input: &[u8]) {
    let limits = Limits::default();
    let ends = parts::ways(input);
    for length in [0, 1, input.len() / 2, input.len(), input.len() + 1] {
        let framing = Framing::Length(length as u64);
        let got = read(framing, input, &ends[0], &limits);
        assert_eq!(got.data, &input[..length.min(input.len())]);
        // Without a byte to look at, only an empty body has ended.
        let is_there = length <= input.len() && (length == 0 || !input.is_empty());
        assert_eq!(got.end, is_there.then_some(Ok(length)));
    }
    assert_eq!(read(Framing::UntilClose, input, &ends[0], &limits).data, input);
}
