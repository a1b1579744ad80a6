//! An app of HTTP/1.1 that can switch to a WebSocket, rightly or wrongly or
//! late, and keeps what it was asked and what came behind.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::seen::Seen;

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How often somebody who waits looks whether he has to go on.
const LOOK: Duration = Duration::from_millis(5);

/// What it does when it is asked to switch; anything else gets `200 hello`.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Proves that it means it, and echoes from then on.
    Switches,
    /// Says this, where `{proof}` stands for the right proof, and goes on as
    /// if nothing had been said.
    Says(String),
    /// Nothing, until it is told something else.
    Waits,
}

#[derive(Default)]
struct Kept {
    turn: Option<Turn>,
    requests: Vec<Seen>,
    behind: Vec<u8>,
    /// Connections that have switched and are open.
    switched: usize,
}

/// It listens as long as the process runs.
pub struct SwitchingApp {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl SwitchingApp {
    /// Starts it; it switches.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let shared = Arc::clone(&kept);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&shared);
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(LOOK)).unwrap();
                thread::spawn(move || Link { stream, kept: &kept, held: Vec::new() }.serve());
            }
        });
        Self { address, kept }
    }

    pub fn answer_with(&self, turn: Turn) {
        self.kept.lock().unwrap().turn = Some(turn);
    }

    pub fn forget(&self) {
        let mut kept = self.kept.lock().unwrap();
        kept.requests.clear();
        kept.behind.clear();
    }

    /// The requests it was asked.
    pub fn requests(&self) -> Vec<Seen> {
        self.kept.lock().unwrap().requests.clone()
    }

    /// Whether no WebSocket is open.
    pub fn is_calm(&self) -> bool {
        self.kept.lock().unwrap().switched == 0
    }

    /// What came behind a request to switch, before the answer and after it.
    pub fn behind(&self) -> Vec<u8> {
        self.kept.lock().unwrap().behind.clone()
    }
}

struct Link<'a> {
    stream: TcpStream,
    kept: &'a Mutex<Kept>,
    held: Vec<u8>,
}

impl Link<'_> {
    fn serve(mut self) {
        while self.hear() {
            while let Some((request, used)) = Seen::take(&self.held) {
                self.held.drain(..used);
                let key = request.values("sec-websocket-key").first().map(|key| proof(key));
                let asks = request.values("upgrade") == ["websocket"];
                self.kept.lock().unwrap().requests.push(request);
                let goes_on = match key.filter(|_| asks) {
                    Some(proof) => self.switch(&proof),
                    None => self.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
                };
                if !goes_on {
                    return;
                }
            }
        }
    }

    /// Reads some more, or nothing for a while; says whether to go on.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.held.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    fn say(&mut self, words: &str) -> bool {
        self.stream.write_all(words.as_bytes()).is_ok()
    }

    fn switch(&mut self, proof: &str) -> bool {
        loop {
            let turn = self.kept.lock().unwrap().turn.clone().unwrap_or(Turn::Switches);
            match turn {
                Turn::Says(words) => return self.say(&words.replace("{proof}", proof)),
                Turn::Switches => {
                    let words = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                                 Upgrade: websocket\r\nSec-WebSocket-Accept: ";
                    return self.say(&format!("{words}{proof}\r\n\r\n")) && self.echo();
                }
                Turn::Waits if !self.hear() => return false,
                Turn::Waits => drop(self.put_behind()),
            }
        }
    }

    /// What is held was said behind a request to switch.
    fn put_behind(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.kept.lock().unwrap().behind.extend_from_slice(&held);
        held
    }

    /// Says all it hears, to the end; never goes on.
    fn echo(&mut self) -> bool {
        self.kept.lock().unwrap().switched += 1;
        loop {
            let held = self.put_behind();
            if self.stream.write_all(&held).is_err() || !self.hear() {
                self.put_behind();
                self.kept.lock().unwrap().switched -= 1;
                return false;
            }
        }
    }
}

/// What belongs to a key (RFC 6455, section 4.2.2).
fn proof(key: &str) -> String {
    base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()).as_ref())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let whole = three.iter().fold(0_u32, |whole, byte| whole << 8 | u32::from(*byte));
        let whole = whole << (8 * (3 - three.len()));
        for at in 0..4 {
            let six = usize::try_from(whole >> (18 - 6 * at) & 63).unwrap();
            text.push(if at <= three.len() { char::from(LETTERS[six]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_rfc() {
        assert_eq!(proof("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
