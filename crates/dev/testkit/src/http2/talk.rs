//! A raw client of HTTP/2: sends whatever it is given and hears, politely or
//! not, until something has happened.

use std::net::SocketAddr;

use crate::caller::Conversation;
use crate::http2::answer::Answer;
use crate::http2::frame::{PREFACE, settings};
use crate::http2::ledger::Ledger;
use crate::place::Guest;

/// One client connection.
pub struct Talk {
    talk: Box<dyn Conversation>,
    /// How access lines call it.
    pub from: SocketAddr,
    /// What was heard.
    pub ledger: Ledger,
    /// Whether it acknowledges and opens windows as it hears.
    pub is_polite: bool,
    /// The other side has closed.
    pub is_closed: bool,
    /// Bytes sent.
    pub sent: usize,
}

impl Talk {
    /// Nothing is sent yet, not even the preface.
    pub fn bare(guest: Guest) -> Self {
        Self {
            talk: guest.talk,
            from: guest.from,
            ledger: Ledger::of_client(),
            is_polite: true,
            is_closed: false,
            sent: 0,
        }
    }

    /// Begins as a client does, with these settings.
    pub fn begin(guest: Guest, pairs: &[(u16, u32)]) -> Self {
        let mut talk = Self::bare(guest);
        talk.send(&[PREFACE, &settings(pairs)].concat());
        talk
    }

    /// Sends; says whether the other side still took it.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.sent += bytes.len();
        self.talk.write_all(bytes).and_then(|()| self.talk.flush()).is_ok()
    }

    /// Hears until it is enough, the other side closes, or is silent for too
    /// long; says whether it was enough.
    pub fn hear(&mut self, enough: impl Fn(&Ledger) -> bool) -> bool {
        let mut buffer = [0_u8; 16 * 1024];
        while !enough(&self.ledger) {
            match self.talk.hear_some(&mut buffer) {
                Ok(Some(count)) => {
                    let manners = self.ledger.feed(&buffer[..count]);
                    if self.is_polite && !manners.is_empty() {
                        let _closed = self.talk.write_all(&manners);
                        let _closed = self.talk.flush();
                    }
                }
                Ok(None) => {
                    self.is_closed = true;
                    return enough(&self.ledger);
                }
                Err(_silent) => return false,
            }
        }
        true
    }

    /// Hears until the other side closes; says whether it did.
    pub fn hear_out(&mut self) -> bool {
        self.hear(|_| false);
        self.is_closed
    }

    /// Hears until a stream is over, or the connection.
    pub fn answer(&mut self, stream: u32) -> Answer {
        self.hear(|ledger| ledger.is_over(stream));
        Answer::of(&self.ledger.stream(stream))
    }

    /// Sends a request and hears its answer.
    pub fn ask(&mut self, stream: u32, request: &[u8]) -> Answer {
        self.send(request);
        self.answer(stream)
    }
}
