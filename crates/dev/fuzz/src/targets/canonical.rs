//! Targets, paths and hosts: the canonical form of a canonical form is
//! itself, it hides no dot segment and no second slash, and it can go
//! upstream. Each line of the input is read as each of them.

use wire::canonical::{self, Form, HostPort};

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for line in text.split('\n') {
        try_path(line);
        try_path_keeping_slashes(line);
        try_authority(line);
        for method in ["GET", "OPTIONS", "CONNECT"] {
            try_target(method, line);
        }
    }
}

/// A path whose escaped slashes may stay: an app that reads them as slashes
/// must not find a dot segment that nobody judged.
fn try_path_keeping_slashes(raw: &str) {
    let (mut once, mut twice, mut strict) = (String::new(), String::new(), String::new());
    let kept = canonical::path_keeping_slashes(raw, &mut once);
    let refused = canonical::path(raw, &mut strict);
    assert_eq!(kept == Ok(false), refused.is_ok(), "they differ in the escaped slash alone");
    let Ok(has_escaped) = kept else { return };
    assert!(has_escaped || once == strict);
    // One that stood in a directory left again is told of, too.
    assert!(has_escaped || !once.contains("%2F"), "{once}");
    let again = canonical::path_keeping_slashes(&once, &mut twice);
    assert_eq!((again, &twice), (Ok(once.contains("%2F")), &once));
    let names = once.split("%2F").flat_map(|part| part.split('/'));
    for name in names.map(|segment| segment.split(';').next().unwrap_or_default()) {
        assert!(!matches!(name, "." | ".."), "{once}");
    }
    assert!(canonical::target("GET", &once).is_ok(), "it can go upstream");
}

fn try_path(raw: &str) {
    let (mut once, mut twice) = ("left over".to_owned(), String::new());
    if canonical::path(raw, &mut once).is_err() {
        assert_eq!(once, "", "what was refused leaves nothing");
        return;
    }
    assert!(once.starts_with('/') && !once.contains("//"), "{once}");
    assert!(once.bytes().all(|byte| byte.is_ascii_graphic()), "{once}");
    assert!(!once.contains(['?', '#', '\\']), "{once}");
    for segment in once.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        assert!(!matches!(segment, "." | "..") && !matches!(name, "." | ".."), "{once}");
    }
    check_escapes(&once);
    canonical::path(&once, &mut twice).expect("a canonical path is a path");
    assert_eq!(once, twice);
    let target = canonical::target("GET", &once).expect("it can go upstream");
    assert_eq!((target.form, target.path, target.query), (Form::Origin, once.as_str(), None));
}

/// What is still escaped is escaped in capitals, and is neither a letter nor
/// a delimiter.
fn check_escapes(path: &str) {
    for (at, _) in path.match_indices('%') {
        let digits = &path[at + 1..at + 3];
        assert!(digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')), "{path}");
        let byte = u8::from_str_radix(digits, 16).expect("two digits");
        assert!(byte >= b' ' && byte != 0x7f && !byte.is_ascii_alphanumeric(), "{path}");
        assert!(!matches!(byte, b'/' | b'\\' | b'.' | b'-' | b'_' | b'~'), "{path}");
    }
}

fn try_authority(raw: &str) {
    let (read, bytes) = (canonical::authority(raw), HostPort::read_bytes(raw.as_bytes()));
    let Ok(once) = read else {
        assert!(bytes.is_err());
        return;
    };
    let bytes = bytes.expect("bytes and text are read alike");
    assert_eq!(bytes.port(), once.port);
    let again = canonical::authority(&once.host).expect("a canonical host is a host");
    assert_eq!((&again.host, again.port), (&once.host, None));
    assert!(!once.host.ends_with('.') && !once.host.bytes().any(|b| b.is_ascii_uppercase()));
    let canonical = HostPort::read(&once.host).expect("read before");
    assert!(canonical.is_same_host(&bytes) && bytes.is_same_host(&canonical));
}

fn try_target(method: &str, raw: &str) {
    let Ok(target) = canonical::target(method, raw) else { return };
    assert!(raw.bytes().all(|byte| byte.is_ascii_graphic()) && !raw.contains('#'));
    assert!(!target.path.contains('?'));
    let has_authority = matches!(target.form, Form::Absolute | Form::Authority);
    assert_eq!(target.authority.is_some(), has_authority);
    if let Some(authority) = target.authority {
        let host = HostPort::read(authority).expect("it was checked");
        assert!(target.agrees_with(&host), "it agrees with itself");
    }
}
