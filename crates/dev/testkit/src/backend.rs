//! An app, or a server that claims to be a door, that keeps every byte it
//! receives and says what it is told to say.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::caller::Conversation;
use crate::seen::{Seen, requests};

/// How the backend answers.
#[derive(Clone)]
pub enum Reply {
    /// Answers each request, once it is complete, with these bytes.
    Http(Vec<u8>),
    /// The same, and closes.
    HttpThenClose(Vec<u8>),
    /// Answers each request as soon as its head is there.
    AtHead(Vec<u8>),
    /// Says this to nobody's request, with its part of the TLS handshake, and
    /// then nothing more.
    Unasked(Vec<u8>),
    /// Says this first and then echoes.
    Greeting(Vec<u8>),
}

impl Reply {
    /// `200 OK` with a body.
    pub fn ok(body: &str) -> Self {
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        Self::Http(text.into_bytes())
    }
}

/// One connection a backend has had.
#[derive(Clone, Debug, Default)]
struct Link {
    bytes: Vec<u8>,
    answered: usize,
    /// Bytes of a request that is not complete.
    pending: usize,
    /// It was told to say nothing to a request.
    is_silent: bool,
    ended: bool,
}

/// A listening backend. Its threads end with their connections.
pub struct Backend {
    pub address: SocketAddr,
    links: Arc<Mutex<Vec<Link>>>,
    reply: Arc<Mutex<Reply>>,
}

impl Backend {
    /// An app on a plain port.
    pub fn start(reply: Reply) -> Self {
        Self::listen(reply, None)
    }

    /// A server behind TLS, as another door would be.
    pub fn start_tls(reply: Reply, config: ServerConfig) -> Self {
        Self::listen(reply, Some(Arc::new(config)))
    }

    fn listen(reply: Reply, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let links = Arc::new(Mutex::new(Vec::new()));
        let reply = Arc::new(Mutex::new(reply));
        let (to_links, to_reply) = (Arc::clone(&links), Arc::clone(&reply));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_nodelay(true).unwrap();
                let (links, reply) = (Arc::clone(&to_links), Arc::clone(&to_reply));
                let at = {
                    let mut links = links.lock().unwrap();
                    links.push(Link::default());
                    links.len() - 1
                };
                let tls = tls.clone();
                thread::spawn(move || {
                    let shared = Shared { links: &links, at, reply: &reply };
                    match tls {
                        None => shared.serve(&mut { stream }),
                        Some(tls) => {
                            let mut session = ServerConnection::new(tls).unwrap();
                            // Written before there is a handshake, it goes out
                            // with the server's part of it.
                            if let Reply::Unasked(words) = &*reply.lock().unwrap() {
                                session.writer().write_all(words).unwrap();
                            }
                            shared.serve(&mut StreamOwned::new(session, stream));
                        }
                    }
                    links.lock().unwrap()[at].ended = true;
                });
            }
        });
        Self { address, links, reply }
    }

    /// Everything received so far, by all connections together.
    pub fn seen(&self) -> Vec<u8> {
        self.links.lock().unwrap().iter().flat_map(|link| link.bytes.clone()).collect()
    }

    /// All complete requests since it last forgot, by an independent reading.
    pub fn requests(&self) -> Vec<Seen> {
        let links = self.links.lock().unwrap().clone();
        links.iter().flat_map(|link| requests(&link.bytes).0).collect()
    }

    /// How many requests have begun since it last forgot.
    pub fn begun(&self) -> usize {
        let links = self.links.lock().unwrap().clone();
        let count = |link: &Link| {
            let (whole, rest) = requests(&link.bytes);
            whole.len() + usize::from(!rest.is_empty())
        };
        links.iter().map(count).sum()
    }

    /// Connections that are open in the middle of a request, or with one that
    /// gets no answer.
    pub fn busy(&self) -> usize {
        let links = self.links.lock().unwrap();
        links.iter().filter(|link| !link.ended && (link.pending > 0 || link.is_silent)).count()
    }

    /// Whether no connection is in the middle of a request: each is idle, or
    /// has ended.
    pub fn is_calm(&self) -> bool {
        self.links.lock().unwrap().iter().all(|link| link.ended || link.pending == 0)
    }

    /// How many requests each connection has answered, from the first one on.
    pub fn answered(&self) -> Vec<usize> {
        self.links.lock().unwrap().iter().map(|link| link.answered).collect()
    }

    /// The connections that have answered since then, each with its count now.
    pub fn answered_since(&self, before: &[usize]) -> Vec<(usize, usize)> {
        let now = self.answered().into_iter().enumerate();
        now.filter(|(at, count)| *count > before.get(*at).copied().unwrap_or(0)).collect()
    }

    /// Whether none of these has answered anything since.
    pub fn are_left_alone(&self, used: &[(usize, usize)]) -> bool {
        let links = self.links.lock().unwrap();
        used.iter().all(|(at, answered)| links[*at].answered == *answered)
    }

    /// Whether all of these have ended.
    pub fn have_ended(&self, used: &[(usize, usize)]) -> bool {
        let links = self.links.lock().unwrap();
        used.iter().all(|(at, _)| links[*at].ended)
    }

    /// Whether no connection is open.
    pub fn all_have_ended(&self) -> bool {
        self.links.lock().unwrap().iter().all(|link| link.ended)
    }

    /// Forgets what was received.
    pub fn forget(&self) {
        for link in self.links.lock().unwrap().iter_mut() {
            link.bytes.clear();
        }
    }

    pub fn answer_with(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }
}

struct Shared<'a> {
    links: &'a Mutex<Vec<Link>>,
    at: usize,
    reply: &'a Mutex<Reply>,
}

impl Shared<'_> {
    fn serve(&self, stream: &mut dyn Conversation) {
        let first = self.reply.lock().unwrap().clone();
        if let Reply::Greeting(words) = &first {
            let _gone = stream.write_all(words).and_then(|()| stream.flush());
        }
        let (mut buffer, mut unanswered) = ([0_u8; 16 * 1024], Vec::new());
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            self.links.lock().unwrap()[self.at].bytes.extend_from_slice(&buffer[..count]);
            unanswered.extend_from_slice(&buffer[..count]);
            if let Reply::Greeting(_) = first {
                let _gone = stream.write_all(&buffer[..count]).and_then(|()| stream.flush());
                continue;
            }
            self.links.lock().unwrap()[self.at].pending = unanswered.len();
            let goes_on = self.answer(stream, &mut unanswered);
            self.links.lock().unwrap()[self.at].pending = unanswered.len();
            if !goes_on {
                return;
            }
        }
    }

    /// Answers what is complete; says whether to go on.
    fn answer(&self, stream: &mut dyn Conversation, unanswered: &mut Vec<u8>) -> bool {
        loop {
            let reply = self.reply.lock().unwrap().clone();
            let at_head = matches!(reply, Reply::AtHead(_));
            let end = match at_head {
                true => unanswered.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4),
                // Chunks are only looked at when they may be complete: a flood
                // of them would take long otherwise.
                false if is_chunked(unanswered) && !unanswered.ends_with(b"\r\n\r\n") => None,
                false => Seen::take(unanswered).map(|(_, used)| used),
            };
            let Some(end) = end else { return true };
            unanswered.drain(..end);
            self.links.lock().unwrap()[self.at].answered += 1;
            let (Reply::Http(bytes) | Reply::HttpThenClose(bytes) | Reply::AtHead(bytes)) = &reply
            else {
                continue;
            };
            self.links.lock().unwrap()[self.at].is_silent = bytes.is_empty();
            let sent = stream.write_all(bytes).and_then(|()| stream.flush());
            if sent.is_err() || matches!(reply, Reply::HttpThenClose(_)) {
                return false;
            }
        }
    }
}

fn is_chunked(bytes: &[u8]) -> bool {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    head.contains("\r\ntransfer-encoding:")
}

impl Conversation for StreamOwned<ServerConnection, TcpStream> {}
