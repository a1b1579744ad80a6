//! An app that speaks HTTP/2 by prior knowledge, or a server that claims to be
//! a door: keeps what it receives, and says what it is told to say.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::caller::Conversation;
use crate::http2::ledger::{Ledger, Stream};
use crate::http2::speech::{Speech, Spoken};
use crate::seen::Seen;

/// One connection a backend has had.
struct Link {
    ledger: Ledger,
    spoken: Spoken,
    ended: bool,
}

/// What the threads of a backend share.
#[derive(Default)]
struct Shared {
    links: Mutex<Vec<Link>>,
    speech: Mutex<Speech>,
}

/// A listening backend. Its threads end with their connections.
pub struct Http2Backend {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Http2Backend {
    /// An app on a plain port that says `200` and `hello`.
    pub fn start() -> Self {
        Self::listen(None)
    }

    /// A server behind TLS, as another door would be.
    pub fn start_tls(config: ServerConfig) -> Self {
        Self::listen(Some(Arc::new(config)))
    }

    fn listen(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_nodelay(true).unwrap();
                let (shared, tls) = (Arc::clone(&kept), tls.clone());
                thread::spawn(move || match tls {
                    None => shared.serve(&mut { stream }),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        shared.serve(&mut StreamOwned::new(session, stream));
                    }
                });
            }
        });
        Self { address, shared }
    }

    /// Says this from now on.
    pub fn answer_with(&self, speech: Speech) {
        *self.shared.speech.lock().unwrap() = speech;
    }

    /// All complete requests since it last forgot.
    pub fn requests(&self) -> Vec<Seen> {
        self.over_streams(|_, stream| Seen::of_stream(stream))
    }

    /// How many requests have begun since it last forgot.
    pub fn begun(&self) -> usize {
        self.over_streams(|_, _| Some(())).len()
    }

    /// Requests that are being worked on: neither answered nor given up.
    pub fn busy(&self) -> usize {
        self.over_streams(|spoken, stream| (!spoken && stream.reset.is_none()).then_some(())).len()
    }

    /// Bytes of heads and bodies that are kept, with what the allocator and the
    /// lists need for them, about.
    pub fn kept(&self) -> usize {
        let size = |stream: &Stream| {
            let fields = stream.heads.iter().flatten();
            let fields: usize = fields.map(|(name, value)| name.len() + value.len() + 80).sum();
            fields + stream.body.len() + size_of::<Stream>() + 64
        };
        self.over_streams(|_, stream| Some(size(stream))).iter().sum()
    }

    /// Resets received since it last forgot.
    pub fn resets(&self) -> usize {
        self.over_streams(|_, stream| stream.reset).len()
    }

    /// Connections so far, and how many of them are open.
    pub fn links(&self) -> (usize, usize) {
        let links = self.shared.links.lock().unwrap();
        (links.len(), links.iter().filter(|link| !link.ended).count())
    }

    /// Streams that every connection has carried so far, the last id of each.
    pub fn last_streams(&self) -> Vec<u32> {
        let links = self.shared.links.lock().unwrap();
        links.iter().map(|link| link.spoken.last).collect()
    }

    /// Whether the connections that had carried a stream by then carry no new
    /// one, or have ended.
    pub fn are_left_alone(&self, then: &[u32]) -> bool {
        let now = self.last_streams();
        then.iter().zip(&now).all(|(then, now)| *then == 0 || then == now)
    }

    /// Forgets the streams.
    pub fn forget(&self) {
        for link in self.shared.links.lock().unwrap().iter_mut() {
            link.ledger.streams.values_mut().for_each(Stream::forget);
        }
    }

    /// Asks each request that was not forgotten; `ask` learns whether it has
    /// been answered, or never will be.
    fn over_streams<T>(&self, ask: impl Fn(bool, &Stream) -> Option<T>) -> Vec<T> {
        let links = self.shared.links.lock().unwrap();
        let mut all = Vec::new();
        for link in links.iter() {
            let streams = link.ledger.streams.iter().filter(|(_, stream)| stream.is_known());
            for (id, stream) in streams {
                let is_done = link.ended || link.spoken.has_answered(*id);
                all.extend(ask(is_done, stream));
            }
        }
        all
    }
}

impl Shared {
    fn serve(&self, talk: &mut dyn Conversation) {
        let at = {
            let mut links = self.links.lock().unwrap();
            let (ledger, spoken) = (Ledger::of_server(), Spoken::default());
            links.push(Link { ledger, spoken, ended: false });
            links.len() - 1
        };
        let greeting = self.speech.lock().unwrap().greeting().to_vec();
        let mut goes_on = talk.write_all(&greeting).and_then(|()| talk.flush()).is_ok();
        let mut buffer = [0_u8; 16 * 1024];
        while goes_on {
            let Ok(count @ 1..) = talk.read(&mut buffer) else { break };
            let speech = self.speech.lock().unwrap().clone();
            let (words, is_last) = {
                let link = &mut self.links.lock().unwrap()[at];
                let manners = link.ledger.feed(&buffer[..count]);
                let (words, is_last) = link.spoken.answer(&speech, &mut link.ledger);
                ([manners, words].concat(), is_last)
            };
            goes_on = talk.write_all(&words).and_then(|()| talk.flush()).is_ok() && !is_last;
        }
        self.links.lock().unwrap()[at].ended = true;
    }
}
