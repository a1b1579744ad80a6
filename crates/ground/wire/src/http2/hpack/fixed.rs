//! The static table (RFC 7541, appendix A), by index and by name.

/// How many entries it has; the dynamic table begins behind them.
pub(super) const FIXED: usize = 61;

/// Names and values, the entry of index 1 first.
pub(super) const ENTRIES: [(&str, &str); FIXED] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// The entry of an index, which begins at 1.
pub(super) fn entry(index: usize) -> Option<(&'static str, &'static str)> {
    ENTRIES.get(index.checked_sub(1)?).copied()
}

/// The index of an ordinary field's name in any case. Names of one length are
/// few, so that this compares two or three.
pub(super) fn index_of(name: &str) -> Option<usize> {
    let candidates: &[usize] = match name.len() {
        3 => &[21, 60],
        4 => &[33, 34, 37, 38, 45, 59],
        5 => &[22, 50],
        6 => &[19, 32, 35, 54],
        7 => &[36, 51, 52],
        8 => &[39, 42, 46],
        10 => &[55, 58],
        11 => &[53],
        12 => &[31, 47],
        13 => &[18, 23, 24, 30, 41, 44],
        14 => &[15, 28],
        15 => &[16, 17],
        16 => &[26, 27, 29, 61],
        17 => &[40, 57],
        18 => &[48],
        19 => &[25, 43, 49],
        25 => &[56],
        27 => &[20],
        _ => return None,
    };
    let is_it =
        |index: &usize| entry(*index).is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
    candidates.iter().copied().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_nothing_else() {
        for (index, (name, _)) in (1..).zip(ENTRIES).skip(14) {
            assert_eq!(index_of(name), Some(index), "{name}");
            assert_eq!(index_of(&name.to_uppercase()), Some(index), "{name}");
            assert_eq!(index_of(&format!("{name}x")), None, "{name}");
            assert_eq!(index_of(&format!("!{}", name.get(1..).unwrap())), None, "{name}");
        }
        assert_eq!(index_of(""), None);
        assert_eq!((entry(0), entry(62)), (None, None));
        assert_eq!(entry(61), Some(("www-authenticate", "")));
    }
}
