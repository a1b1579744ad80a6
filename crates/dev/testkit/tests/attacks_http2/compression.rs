//! Header blocks that can't be read (RFC 7541): what one side has understood
//! otherwise than the other can't be mended, so the connection ends.

use testkit::http2::frame::{code, headers};
use testkit::http2::hpack::{block, indexed, integer, kept, table_size};
use testkit::http2_attack::{Row, row};

use super::Named;

pub(crate) fn rows() -> Vec<Row> {
    broken().chain(legal()).collect()
}

fn broken() -> impl Iterator<Item = Row> {
    let tails: [Named; 20] = [
        (|| indexed(0), "the index 0"),
        (|| indexed(62), "an index of an empty table"),
        (|| indexed(70_000), "an index far beyond the table"),
        (|| integer(0x40, 6, 200), "a name far beyond the table"),
        (|| [&[0xff][..], &[0xff; 20], &[0x7f]].concat(), "an index without end"),
        (
            || vec![0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            "an index of 2^70",
        ),
        (|| vec![0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], "an index of 2^32"),
        (|| vec![0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f], "a name of 4 GB"),
        (|| vec![0x00, 0x05, b'x'], "a name longer than the block"),
        (|| vec![0x00, 0x01, b'x', 0x7f, 0x00, b'y'], "a value longer than the block"),
        (|| vec![0x00, 0x01, b'x'], "no value"),
        (|| vec![0x40], "a literal of nothing"),
        (|| vec![0xff], "half an index"),
        (|| table_size(0), "a change of the table behind fields"),
        (|| vec![0x00, 0x81, 0xff, 0x01, b'y'], "eight bits of padding"),
        (|| vec![0x00, 0x82, 0x1f, 0xff, 0x01, b'y'], "eleven bits of padding"),
        (|| vec![0x00, 0x81, 0x18, 0x01, b'y'], "padding of zeros"),
        (|| vec![0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, b'y'], "EOS in a name"),
        (|| vec![0x00, 0x01, b'x', 0x85, 0x1f, 0xff, 0xff, 0xff, 0xff], "EOS in a value"),
        (|| vec![0x00, 0x81, 0xfe, 0x01, b'y'], "half a code"),
    ];
    let whole = tails.into_iter().map(|(tail, what)| {
        row("H2-10", what)
            .attack(move |aim| headers(1, &[aim.block("GET", &[]), tail()].concat(), true))
    });
    let heads: [Named; 3] = [
        (|| table_size(4097), "a table larger than allowed"),
        (|| table_size(1 << 30), "a table of 1 GB"),
        (|| vec![0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], "a table without end"),
    ];
    let begun = heads.into_iter().map(|(head, what)| {
        row("H2-10", what)
            .attack(move |aim| headers(1, &[head(), aim.block("GET", &[])].concat(), true))
    });
    whole.chain(begun).map(|row| row.goes_away(&[code::COMPRESSION_ERROR]))
}

/// The twins: the same pieces where they belong.
fn legal() -> impl Iterator<Item = Row> {
    let of = |what, before: fn() -> Vec<u8>, behind: fn() -> Vec<u8>| {
        row("H2-10", what)
            .twin(move |aim| {
                headers(1, &[before(), aim.block("GET", &[]), behind()].concat(), true)
            })
            .fields(&[("x-y", &["1"])])
    };
    let field = || block(&[("x-y", "1")]);
    [
        of(
            "two changes of the table before the fields",
            || [table_size(0), table_size(4096)].concat(),
            field,
        ),
        of("an entry that is kept", Vec::new, || kept(b"x-y", b"1")),
        of("an entry larger than the table", Vec::new, || {
            [kept(b"x-large", &[b'v'; 5000]), block(&[("x-y", "1")])].concat()
        }),
        of("an entry that is never kept", Vec::new, || vec![0x10, 3, b'x', b'-', b'y', 1, b'1']),
        of("Huffman's code", Vec::new, || vec![0x00, 0x83, 0xf2, 0xb7, 0xaf, 0x81, 0x0f]),
    ]
    .into_iter()
}
