//! The examples of the standard, limits, and what is refused.

use model::Limits;

use super::*;

type Fields = Vec<(String, String)>;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn fields(list: &FieldList) -> Fields {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    list.iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, HpackError> {
    let mut list = FieldList::new();
    decoder.decode(block, &mut list, &Limits::default())?;
    Ok(fields(&list))
}

fn once(block: &[u8]) -> Result<Fields, HpackError> {
    read(&mut Decoder::new(), block)
}

/// Decodes blocks one after the other and writes them as lines.
fn told(blocks: &[&str]) -> Vec<String> {
    let mut decoder = Decoder::new();
    let told = |block: &&str| {
        let fields = read(&mut decoder, &bytes(block)).unwrap();
        let lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.join("|")
    };
    blocks.iter().map(told).collect()
}

/// RFC 7541, appendix C.2.
#[test]
fn single_fields() {
    for (block, wanted) in [
        (
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            "custom-key=custom-header",
        ),
        ("040c 2f73 616d 706c 652f 7061 7468", ":path=/sample/path"),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password=secret"),
        ("82", ":method=GET"),
    ] {
        assert_eq!(told(&[block]), [wanted]);
    }
}

/// RFC 7541, appendices C.3 and C.4.
#[test]
fn requests_on_one_connection() {
    let wanted = [
        ":method=GET|:scheme=http|:path=/|:authority=www.example.com",
        ":method=GET|:scheme=http|:path=/|:authority=www.example.com|cache-control=no-cache",
        ":method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|custom-key=custom-value",
    ];
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    assert_eq!(told(&plain), wanted);
    assert_eq!(told(&huffman), wanted);
}

/// RFC 7541, appendices C.5 and C.6: the table has 256 bytes there, which is
/// said in front.
#[test]
fn responses_with_a_small_table() {
    let one = ":status=302|cache-control=private|date=Mon, 21 Oct 2013 20:13:21 GMT|location=https://www.example.com";
    let two = one.replace("302", "307");
    let three = ":status=200|cache-control=private|date=Mon, 21 Oct 2013 20:13:22 GMT|location=https://www.example.com|\
         content-encoding=gzip|set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    let plain = [
        "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 \
         3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 \
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 \
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let huffman = [
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e \
         919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 \
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for blocks in [plain, huffman] {
        assert_eq!(told(&blocks), [one, &two, three]);
    }
}

#[test]
fn references_to_nothing_are_refused() {
    for block in ["80", "be", "ff00", "ffffffff0f", "7e00", "0f2f00", "82be"] {
        assert_eq!(once(&bytes(block)), Err(HpackError::Index), "{block}");
    }
    assert!(once(&bytes("bd")).is_ok(), "the last of the static table");
    assert!(once(&bytes("4001 6100 be")).is_ok(), "the first of the dynamic one");
    assert_eq!(once(&bytes("4001 6100 bf")), Err(HpackError::Index));
    assert_eq!(once(&bytes("0001 6100 be")), Err(HpackError::Index), "not put into it");
    assert_eq!(once(&bytes("1001 6100 be")), Err(HpackError::Index), "never put into it");
}

#[test]
fn half_a_field_is_refused_wherever_it_ends() {
    let block = bytes("4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf 0f10 0161");
    assert!(once(&block).is_ok());
    let whole = 20;
    for end in (1..block.len()).filter(|end| *end != whole) {
        assert_eq!(once(&block[..end]), Err(HpackError::Truncated), "{end}");
    }
    assert!(once(&block[..whole]).is_ok());
    assert_eq!(once(&bytes("00 ffffffffff7f")), Err(HpackError::Integer));
    assert_eq!(once(&bytes("00 81ff")), Err(HpackError::Huffman));
}

/// RFC 7541, section 4.2.
#[test]
fn the_table_size_changes_at_the_beginning_only_and_twice_at_most() {
    for (block, wanted) in [
        ("20", Ok(())),
        ("3fe11f 82", Ok(())),
        ("20 3fe11f 82", Ok(())),
        ("3fe21f", Err(HpackError::TableSize)),
        ("20 20 20", Err(HpackError::TableSize)),
        ("82 20", Err(HpackError::TableSize)),
        ("20 82 20 82", Err(HpackError::TableSize)),
    ] {
        assert_eq!(once(&bytes(block)).map(drop), wanted, "{block}");
    }
    let mut decoder = Decoder::new();
    assert!(read(&mut decoder, &bytes("4001 6100 be")).is_ok());
    assert_eq!(read(&mut decoder, &bytes("20 be")), Err(HpackError::Index), "it is empty now");
}

#[test]
fn a_name_outlives_the_entry_it_comes_from() {
    // A table of 64 bytes: the second field takes its name from the first,
    // which has to go for it.
    let block = bytes("3f21 4003 616263 02 3132 7e 03 333435 be");
    let wanted = [("abc", "12"), ("abc", "345"), ("abc", "345")];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(once(&block), Ok(wanted.to_vec()));
}

/// A block that adds one entry and then names it so many times.
fn bomb(value: usize, times: usize) -> Vec<u8> {
    let mut block = vec![0x40, 1, b'x'];
    integer::write(&mut block, 0, 7, value);
    block.resize(block.len() + value, b'v');
    block.resize(block.len() + times, 0xbe);
    block
}

#[test]
fn what_decodes_to_too_much_is_counted_and_not_kept() {
    let limits = Limits { head_bytes_max: 1000, header_count_max: 1000, ..Limits::default() };
    let (mut decoder, mut list) = (Decoder::new(), FieldList::new());
    // Each field is 1, 67 and 32 bytes.
    for (times, is_over) in [(9, false), (10, true), (39, true)] {
        decoder.decode(&bomb(67, times), &mut list, &limits).unwrap();
        assert_eq!((list.is_over(), list.size()), (is_over, 100 * (times + 1)));
        assert_eq!(list.iter().count(), if is_over { 0 } else { times + 1 });
    }
    decoder.decode(&bytes("be"), &mut list, &limits).unwrap();
    assert_eq!(list.iter().next(), Some((&b"x"[..], &[b'v'; 67][..])), "still in step");
    let error = decoder.decode(&bomb(67, 40), &mut list, &limits).unwrap_err();
    assert_eq!((error, error.code().name()), (HpackError::TooLarge, "ENHANCE_YOUR_CALM"));
    assert!(list.bytes_kept() < 2000);
}

#[test]
fn fields_are_counted_but_crumbs_of_a_cookie_are_not() {
    let limits = Limits { header_count_max: 3, ..Limits::default() };
    let over = |fields: &[(&str, &str)]| {
        let mut block = Vec::new();
        encode_method(&mut block, "GET");
        fields.iter().for_each(|(name, value)| {
            assert!(encode_field(&mut block, name, value.as_bytes()));
        });
        let mut list = FieldList::new();
        Decoder::new().decode(&block, &mut list, &limits).unwrap();
        list.is_over()
    };
    assert!(!over(&[("a", "1"), ("b", "2"), ("c", "3")]));
    assert!(over(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]));
    assert!(!over(&[("a", "1"), ("cookie", "2"), ("cookie", "3"), ("cookie", "4"), ("b", "")]));
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

#[test]
fn fields_are_written_from_the_static_table_or_as_they_are() {
    let field =
        |name: &str, value: &str| written(|out| assert!(encode_field(out, name, value.as_bytes())));
    assert_eq!(field("accept-encoding", "gzip, deflate"), [0x90]);
    assert_eq!(field("Accept", ""), [0x93]);
    assert_eq!(field("Content-Type", "a"), [0x0f, 0x10, 1, b'a']);
    assert_eq!(field("X-Y", "z"), *b"\x00\x03x-y\x01z");
    assert_eq!(field("te", "trailers"), *b"\x00\x02te\x08trailers");
    for (name, index) in
        [("authorization", 23), ("Cookie", 32), ("Set-Cookie", 55), ("proxy-authorization", 49)]
    {
        assert_eq!(field(name, "s"), [0x1f, index - 15, 1, b's'], "{name}");
        assert_eq!(field(name, ""), [0x1f, index - 15, 0], "{name}: never from the table");
    }
    let status = |status| written(|out| encode_status(out, status));
    assert_eq!((status(200), status(500), status(204)), (vec![0x88], vec![0x8e], vec![0x89]));
    assert_eq!(status(302), [0x08, 3, b'3', b'0', b'2']);
    assert_eq!((status(99), status(600)), (status(502), status(502)));
}

#[test]
fn request_lines_are_written_or_refused() {
    type Write = fn(&mut Vec<u8>, &str) -> bool;
    let cases: [(Write, &str, &[u8]); 10] = [
        (encode_method, "GET", &[0x82]),
        (encode_method, "POST", &[0x83]),
        (encode_method, "PUT", b"\x02\x03PUT"),
        (encode_scheme, "http", &[0x86]),
        (encode_scheme, "https", &[0x87]),
        (encode_path, "/", &[0x84]),
        (encode_path, "/index.html", &[0x85]),
        (encode_path, "/a", b"\x04\x02/a"),
        (encode_authority, "a:1", b"\x01\x03a:1"),
        (encode_protocol, "websocket", b"\x00\x09:protocol\x09websocket"),
    ];
    for (write, text, wanted) in cases {
        assert_eq!(written(|out| assert!(write(out, text))), wanted, "{text}");
        for bad in ["", "a b", "a\r\nb", "a\0", "\u{e9}"] {
            assert_eq!(written(|out| assert!(!write(out, bad))), b"", "{bad:?}");
        }
    }
    assert!(!encode_scheme(&mut Vec::new(), "ftp"));
}

#[test]
fn what_cannot_stand_in_a_field_is_never_written() {
    for (name, value) in [
        ("", "a"),
        ("a b", "a"),
        (":path", "/"),
        ("a:b", "a"),
        ("a\r\nb", "a"),
        ("a", "b\r\nc"),
        ("a", "b\nc"),
        ("a", "b\0"),
        ("a", " b"),
        ("a", "b\t"),
        ("Connection", "close"),
        ("keep-alive", "5"),
        ("Proxy-Connection", "close"),
        ("transfer-encoding", "chunked"),
        ("Upgrade", "websocket"),
        ("te", "gzip"),
    ] {
        assert_eq!(
            written(|out| assert!(!encode_field(out, name, value.as_bytes()))),
            b"",
            "{name}"
        );
    }
}
