//! What a client makes of a stream, and a server of another; both are loud
//! about heads that no careful door writes (RFC 9113, section 8.2).

use crate::http2::hpack::Field;
use crate::http2::ledger::Stream;
use crate::seen::Seen;

/// An answer as a client understood it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// 0: there was none.
    pub status: u16,
    /// Statuses of interim answers before it.
    pub interim: Vec<u16>,
    pub fields: Vec<Field>,
    pub body: Vec<u8>,
    pub trailers: Vec<Field>,
    /// It came to its end.
    pub is_whole: bool,
    pub reset: Option<u32>,
}

impl Answer {
    /// Reads the sections of a stream.
    pub fn of(stream: &Stream) -> Self {
        let mut answer = Self {
            body: stream.body.clone(),
            is_whole: stream.ended,
            reset: stream.reset,
            ..Self::default()
        };
        for head in &stream.heads {
            let (pseudo, fields) = sorted(head);
            match pseudo.as_slice() {
                [] => answer.trailers = fields,
                [(name, value)] if name == ":status" && answer.status == 0 => {
                    let status: u16 = value.parse().expect("a status");
                    match status {
                        ..200 => answer.interim.push(status),
                        _ => (answer.status, answer.fields) = (status, fields),
                    }
                }
                odd => panic!("an odd answer: {odd:?}"),
            }
        }
        answer
    }

    /// All values of a field.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let own = self.fields.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).collect()
    }

    /// `200` with `hello`, whole.
    pub fn is_hello(&self) -> bool {
        self.status == 200 && self.body == b"hello" && self.is_whole
    }
}

impl Seen {
    /// A request of HTTP/2 as its server saw it; the line says `HTTP/2`, and
    /// pseudo-fields are fields. `None` while it isn't complete.
    pub fn of_stream(stream: &Stream) -> Option<Self> {
        let (head, trailers) = stream.heads.split_first()?;
        if !stream.ended {
            return None;
        }
        let (pseudo, _) = sorted(head);
        let value =
            |name: &str| match pseudo.iter().filter(|(own, _)| own == name).collect::<Vec<_>>()[..]
            {
                [(_, value)] => value.as_str(),
                _ => panic!("not one {name}: {pseudo:?}"),
            };
        assert!(trailers.len() <= 1, "two trailer sections: {trailers:?}");
        for section in trailers {
            assert!(sorted(section).0.is_empty(), "pseudo-fields behind the body: {section:?}");
        }
        Some(Self {
            line: format!("{} {} HTTP/2", value(":method"), value(":path")),
            fields: head.clone(),
            body: stream.body.clone(),
            trailers: trailers.concat(),
        })
    }
}

/// Pseudo-fields and the others.
fn sorted(head: &[Field]) -> (Vec<Field>, Vec<Field>) {
    let count = head.iter().take_while(|(name, _)| name.starts_with(':')).count();
    let (pseudo, fields) = head.split_at(count);
    for (name, value) in fields {
        let is_odd = |byte: u8| !byte.is_ascii_graphic() || byte.is_ascii_uppercase();
        assert!(!name.is_empty() && !name.contains(':'), "an odd name: {name:?}");
        assert!(!name.bytes().any(is_odd), "an odd name: {name:?}");
        assert!(!CONNECTION.contains(&name.as_str()), "{name} in HTTP/2");
        assert!(name != "te" || value == "trailers", "te: {value}");
    }
    for (name, value) in head {
        assert!(!value.contains(['\r', '\n', '\0']), "an odd value: {name}: {value:?}");
        assert_eq!(value.trim_matches([' ', '\t']), value, "blanks around {name}");
    }
    (pseudo.to_vec(), fields.to_vec())
}

/// Section 8.2.2.
const CONNECTION: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
