//! What a backend received, read by a parser that shares nothing with the
//! product's: naive, and loud about everything a careful door can't have sent.

/// One complete request as the backend sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `POST /v1/a HTTP/1.1`
    pub line: String,
    /// Names as they came, values without blanks around them.
    pub fields: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// As they came, behind the last chunk.
    pub trailers: Vec<(String, String)>,
}

impl Seen {
    /// All values of a field, its name in any case.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let all = self.fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        all.map(|(_, value)| value.as_str()).collect()
    }

    /// Takes the first request from `bytes`; `None` while it isn't complete.
    pub fn take(bytes: &[u8]) -> Option<(Self, usize)> {
        let (head, mut used) = until_empty_line(bytes)?;
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default().to_owned();
        assert_eq!(line.split(' ').count(), 3, "an odd request line: {line:?}");
        let fields: Vec<_> = lines.map(field).collect();
        let mut seen = Self { line, fields, body: Vec::new(), trailers: Vec::new() };
        match (
            seen.values("content-length").as_slice(),
            seen.values("transfer-encoding").as_slice(),
        ) {
            ([], []) => {}
            ([length], []) => {
                let length: usize = length.parse().unwrap();
                seen.body = bytes.get(used..used + length)?.to_vec();
                used += length;
            }
            ([], ["chunked"]) => used += seen.take_chunks(&bytes[used..])?,
            odd => panic!("an odd framing: {odd:?}"),
        }
        Some((seen, used))
    }

    fn take_chunks(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut used = 0;
        loop {
            let end = bytes[used..].windows(2).position(|two| two == b"\r\n")? + used;
            let size = std::str::from_utf8(&bytes[used..end]).unwrap();
            let size = usize::from_str_radix(size, 16).expect("a bare chunk size");
            used = end + 2;
            if size == 0 {
                break;
            }
            self.body.extend_from_slice(bytes.get(used..used + size)?);
            assert_eq!(bytes.get(used + size..used + size + 2)?, b"\r\n");
            used += size + 2;
        }
        if bytes.get(used..used + 2)? == b"\r\n" {
            return Some(used + 2);
        }
        let (trailers, length) = until_empty_line(&bytes[used..])?;
        self.trailers = trailers.lines().map(field).collect();
        Some(used + length)
    }
}

/// All complete requests in the bytes of one connection, and what is left.
pub fn requests(mut bytes: &[u8]) -> (Vec<Seen>, Vec<u8>) {
    let mut all = Vec::new();
    while let Some((seen, used)) = Seen::take(bytes) {
        all.push(seen);
        bytes = &bytes[used..];
    }
    (all, bytes.to_vec())
}

fn until_empty_line(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let alone = head.replace("\r\n", "");
    assert!(!alone.contains(['\r', '\n', '\0']), "an odd line end: {head:?}");
    Some((head, end + 4))
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').expect("a field with a colon");
    assert!(!name.is_empty() && !name.contains([' ', '\t']), "an odd field: {line:?}");
    (name.to_owned(), value.trim().to_owned())
}
