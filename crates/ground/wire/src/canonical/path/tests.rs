//! Paths with their canonical forms, and paths that have none.

use super::*;

fn canonical(raw: &str) -> Result<String, CanonicalError> {
    let mut out = String::from("left over");
    path(raw, &mut out).map(|()| out)
}

#[test]
fn one_spelling_per_path() {
    for (raw, wanted) in [
        ("/", "/"),
        ("/admin", "/admin"),
        ("//admin", "/admin"),
        ("/./admin", "/admin"),
        ("/x/../admin", "/admin"),
        ("/../admin", "/admin"),
        ("/../../..", "/"),
        ("/%61dmin", "/admin"),
        ("/%2e%2e/admin", "/admin"),
        ("/x/%2E%2e/admin", "/admin"),
        ("/x/.%2e//./admin", "/admin"),
        ("/a//../b", "/b"),
        ("/admin/", "/admin/"),
        ("/admin//", "/admin/"),
        ("/admin/.", "/admin/"),
        ("/admin/x/..", "/admin/"),
        ("/a/...", "/a/..."),
        ("/%252e%252e/", "/%252e%252e/"),
        ("/%7e%41%2d", "/~A-"),
        ("/%3f%3b%23", "/%3F%3B%23"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/%F0%9f%98%80", "/%F0%9F%98%80"),
        ("/a|b[0]{\"}^`<>", "/a%7Cb%5B0%5D%7B%22%7D%5E%60%3C%3E"),
        ("/a:b@c,d=e+f!$&'()*", "/a:b@c,d=e+f!$&'()*"),
        ("/%20", "/%20"),
        ("/admin;x=1", "/admin;x=1"),
        ("/a;x/b;y=%3b", "/a;x/b;y=%3B"),
        ("/x;/../admin", "/admin"),
        ("/.a;b/..c", "/.a;b/..c"),
        ("/%e2%80%a6", "/%E2%80%A6"),
        ("/a%ef%bc%8e", "/a%EF%BC%8E"),
    ] {
        assert_eq!(canonical(raw).as_deref(), Ok(wanted), "{raw}");
    }
}

#[test]
fn what_has_two_readings_is_refused() {
    for (raw, wanted) in [
        ("", CanonicalError::Form),
        ("admin", CanonicalError::Form),
        ("/a?b", CanonicalError::Form),
        ("/a#b", CanonicalError::Delimiter),
        ("\\admin", CanonicalError::Form),
        ("/\\admin", CanonicalError::Delimiter),
        ("/a b", CanonicalError::Character),
        ("/ä", CanonicalError::Character),
        ("/a\u{1}", CanonicalError::Character),
        ("/public/..;/admin", CanonicalError::Parameter),
        ("/public/..;x=1/admin", CanonicalError::Parameter),
        ("/public/%2e%2E;/admin", CanonicalError::Parameter),
        ("/public/.;/admin", CanonicalError::Parameter),
        ("/;/admin", CanonicalError::Parameter),
        ("/;x=1/admin", CanonicalError::Parameter),
        ("/public/..%3b/admin", CanonicalError::Parameter),
        ("/public/.%3Bx/admin", CanonicalError::Parameter),
        ("/%3bx/admin", CanonicalError::Parameter),
        ("/%ef%bc%8e.;/admin", CanonicalError::Parameter),
        ("/a%2fb", CanonicalError::EscapedDelimiter),
        ("/a%2F", CanonicalError::EscapedDelimiter),
        ("/%5c", CanonicalError::EscapedDelimiter),
        ("/%00", CanonicalError::EscapedDelimiter),
        ("/%0d%0a", CanonicalError::EscapedDelimiter),
        ("/%7f", CanonicalError::EscapedDelimiter),
        ("/%c2%85", CanonicalError::EscapedDelimiter),
        ("/%ef%bc%8e%ef%bc%8e/admin", CanonicalError::EscapedDelimiter),
        ("/.%ef%bc%8e/admin", CanonicalError::EscapedDelimiter),
        ("/%e2%80%a5/admin", CanonicalError::EscapedDelimiter),
        ("/a%ef%bc%8fb", CanonicalError::EscapedDelimiter),
        ("/%", CanonicalError::Escape),
        ("/%2", CanonicalError::Escape),
        ("/%zz", CanonicalError::Escape),
        ("/%+1", CanonicalError::Escape),
        ("/%c0%ae", CanonicalError::Escape),
        ("/%c0%af", CanonicalError::Escape),
        ("/%e0%80%af", CanonicalError::Escape),
        ("/%ed%a0%80", CanonicalError::Escape),
        ("/%f5%80%80%80", CanonicalError::Escape),
        ("/%ff", CanonicalError::Escape),
        ("/%c3", CanonicalError::Escape),
        ("/%c3x", CanonicalError::Escape),
        ("/%c3/%a9", CanonicalError::Escape),
        ("/%80", CanonicalError::Escape),
    ] {
        assert_eq!(canonical(raw), Err(wanted), "{raw}");
    }
}

fn keeping(raw: &str) -> Result<(String, bool), CanonicalError> {
    let mut out = String::from("left over");
    path_keeping_slashes(raw, &mut out).map(|kept| (out, kept))
}

#[test]
fn an_escaped_slash_that_is_kept_is_part_of_its_segment() {
    for (raw, wanted) in [
        ("/a%2fb", "/a%2Fb"),
        ("/a%2Fb/", "/a%2Fb/"),
        ("/files/http:%2f%2Fx.example%2f/raw", "/files/http:%2F%2Fx.example%2F/raw"),
        ("/%2f", "/%2F"),
        ("/%2Fadmin", "/%2Fadmin"),
        ("/.a%2f..b", "/.a%2F..b"),
        ("/a;x=%2f", "/a;x=%2F"),
        ("/x/y%2fz/../w", "/x/w"),
    ] {
        assert_eq!(keeping(raw), Ok((wanted.to_owned(), true)), "{raw}");
        assert_eq!(canonical(raw), Err(CanonicalError::EscapedDelimiter), "{raw}");
    }
}

#[test]
fn what_has_no_escaped_slash_is_the_same_either_way() {
    for raw in ["/", "/a/../b", "/%252f", "/%2e%2e/a", "/a;x", "/%25%32%66"] {
        assert_eq!(keeping(raw), canonical(raw).map(|path| (path, false)), "{raw}");
    }
}

#[test]
fn a_kept_slash_hides_no_dot_segment_and_keeps_nothing_else() {
    use CanonicalError as E;
    for (raw, wanted) in [
        ("/public/..%2fadmin", E::EscapedDelimiter),
        ("/public/%2e%2e%2fadmin", E::EscapedDelimiter),
        ("/public/a%2f..%2F..%2fadmin", E::EscapedDelimiter),
        ("/public/a%2f%2e", E::EscapedDelimiter),
        ("/public%2f..", E::EscapedDelimiter),
        ("/public;x%2f..%2fadmin", E::EscapedDelimiter),
        ("/public/..;%2fadmin", E::Parameter),
        ("/public/a%2f..;x/admin", E::Parameter),
        ("/public/a%2f.%3bx", E::Parameter),
        ("/public/a%2f%ef%bc%8e%ef%bc%8e", E::EscapedDelimiter),
        ("/a%2fb%5c", E::EscapedDelimiter),
        ("/a%2fb%00", E::EscapedDelimiter),
        ("/a%2fb%ef%bc%8f", E::EscapedDelimiter),
        ("/a%2fb\\", E::Delimiter),
        ("/a%2", E::Escape),
        ("/a%2g", E::Escape),
        ("%2fa", E::Form),
    ] {
        assert_eq!(keeping(raw), Err(wanted), "{raw}");
        let mut out = String::from("left over");
        assert!(path_keeping_slashes(raw, &mut out).is_err() && out.is_empty(), "{raw}");
    }
}

/// Pieces that mean something to some reader of paths.
const PIECES: [&str; 24] = [
    "/",
    "/",
    "a",
    "B",
    ".",
    "..",
    "%2e",
    "%2E",
    "%25",
    "%32",
    "%65",
    "%7e",
    "%20",
    "%3b",
    "%c3%a9",
    "%ef%bc%8e",
    "|",
    "%2f",
    "%2F",
    "%5c",
    ";",
    ":",
    "%",
    "%e2%80%a4",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 4_000, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn canonicalising_twice_is_canonicalising_once(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..14),
    ) {
        let raw = format!("/{}", pieces.concat());
        match (canonical(&raw), keeping(&raw)) {
            (Ok(plain), Ok((kept, has_escaped))) => {
                assert_eq!((&kept, has_escaped), (&plain, false));
                assert_eq!(canonical(&plain), Ok(plain));
            }
            (Err(refused), Ok((kept, has_escaped))) => {
                assert!(has_escaped && refused == CanonicalError::EscapedDelimiter);
                let (again, still) = keeping(&kept).unwrap();
                assert_eq!(&again, &kept);
                assert_eq!(still, kept.contains("%2F"));
            }
            (Err(one), Err(other)) => assert_eq!(one, other),
            (Ok(plain), Err(_)) => panic!("{plain} is refused where more is kept"),
        }
    }

    /// Whoever reads a kept `%2F` as a slash finds the directory that whoever
    /// doesn't finds, or one below it.
    #[test]
    fn a_kept_slash_leads_nowhere_up(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..14),
    ) {
        let raw = format!("/{}", pieces.concat());
        if let Ok((kept, _)) = keeping(&raw) {
            let read = kept.replace("%2F", "/");
            assert!(!read.split('/').any(|piece| matches!(piece, "." | "..")), "{read}");
        }
    }
}
