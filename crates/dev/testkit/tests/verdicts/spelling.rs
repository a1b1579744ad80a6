//! Spellings of a path and a host that all mean the same, read from a tape of
//! random bytes.

/// Random choices; when it is used up, all choices are the plain one.
pub(crate) struct Tape<'a> {
    rest: &'a [u8],
}

impl<'a> Tape<'a> {
    pub(crate) fn of(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// A number below `of`; 0 means the plain way.
    pub(crate) fn pick(&mut self, of: u8) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        first % of
    }

    /// Something odd, once in so many times.
    fn one_in(&mut self, of: u8) -> bool {
        self.pick(of) == of - 1
    }
}

/// One path.
pub(crate) struct Path {
    /// As it is sent.
    pub(crate) raw: String,
    /// As it has to arrive.
    pub(crate) plain: String,
}

/// Spells the segments: escapes, detours, parameters, slashes, a query.
pub(crate) fn path(segments: &[&str], tape: &mut Tape<'_>) -> Path {
    let (mut raw, mut plain) = (String::new(), String::new());
    for segment in segments {
        raw.push_str(["", "", "/", "/.", "/x/..", "/%2e", "/x/%2E%2e"][usize::from(tape.pick(7))]);
        raw.push('/');
        plain.push('/');
        for character in segment.chars() {
            spell(character, &mut raw, tape);
            plain.push(character);
        }
        if tape.one_in(8) {
            raw.push_str(";v=1");
            plain.push_str(";v=1");
        }
    }
    if segments.is_empty() || tape.one_in(6) {
        raw.push('/');
        plain.push('/');
        raw.push_str(["", "./", "x/../", "%2e/"][usize::from(tape.pick(4))]);
    }
    let query =
        ["", "?", "?a=/../b", "?%2e%2e/;x#"][usize::from(tape.pick(4))].trim_end_matches('#');
    raw.push_str(query);
    plain.push_str(query);
    Path { raw, plain }
}

/// A letter as itself or as an escape, which means the same (RFC 3986, section
/// 2.3).
fn spell(character: char, raw: &mut String, tape: &mut Tape<'_>) {
    let code = u32::from(character);
    match tape.pick(8) {
        6 => raw.push_str(&format!("%{code:02x}")),
        7 => raw.push_str(&format!("%{code:02X}")),
        _ => raw.push(character),
    }
}

/// A host in any case, with a dot behind it or none.
pub(crate) fn host(plain: &str, tape: &mut Tape<'_>) -> String {
    let spelled = plain.chars().map(|character| match tape.one_in(4) {
        true => character.to_ascii_uppercase(),
        false => character,
    });
    let mut host: String = spelled.collect();
    if tape.one_in(4) {
        host.push('.');
    }
    host
}
