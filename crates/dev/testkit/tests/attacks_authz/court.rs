//! Five services behind doors and four gateways, each place with rules or
//! routes of its own, and a recording app behind each service. Whoever knocks
//! is `web` inside and nobody outside.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Mutex;

use testkit::{Backend, Caller, Conversation, Guest, Leaf, Reply, Stage, StageDoor, dial_plain};

use crate::ask::{Ask, Heard, Speech};
use crate::documents::{GATEWAYS, documents};
use crate::judge::Judge;

/// The ways to somebody who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// At the service's own door.
    Inbound,
    /// At the caller's door, by loopback address.
    Outbound,
    /// At the caller's door, as its explicit proxy.
    Proxy,
    /// At a gateway that lets everybody through; the service's door judges.
    Edge,
    /// At a gateway that judges; the service lets everybody in.
    Rules,
    /// At a gateway whose routes lead `/admin` to a service that denies.
    Routes,
}

impl Way {
    /// The role in access lines.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound | Self::Proxy => "outbound",
            Self::Edge | Self::Rules | Self::Routes => "gateway",
        }
    }

    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Outbound | Self::Proxy => "http",
            Self::Inbound | Self::Edge | Self::Rules | Self::Routes => "https",
        }
    }

    /// Whether the door that is knocked at is the one that denies.
    pub(crate) fn judges(self) -> bool {
        matches!(self, Self::Inbound | Self::Rules)
    }

    /// Routes can only bar.
    pub(crate) fn has(self, judge: Judge) -> bool {
        self != Self::Routes || judge == Judge::Barred
    }

    /// The host by which the judge is asked.
    pub(crate) fn host(self, judge: Judge) -> String {
        match self {
            Self::Inbound | Self::Outbound | Self::Proxy => format!("{}:8080", judge.service()),
            Self::Edge => format!("{}.test", judge.service()),
            Self::Rules | Self::Routes => "any.test".into(),
        }
    }

    /// The service that serves what the judge allows.
    pub(crate) fn server(self, judge: Judge) -> &'static str {
        match self {
            Self::Rules | Self::Routes => "free",
            _ => judge.service(),
        }
    }
}

const SERVICES: [&str; 5] = ["barred", "listed", "kept", "free", "closed"];

/// All of it, open.
pub(crate) struct Court {
    pub(crate) stage: Stage,
    apps: Vec<(&'static str, Backend)>,
    services: Vec<(&'static str, StageDoor)>,
    gateways: Vec<(&'static str, StageDoor)>,
    web: StageDoor,
    guest: Mutex<Option<(Way, Box<dyn Conversation>)>>,
}

impl Court {
    pub(crate) fn open() -> Self {
        let app = |name: &'static str| (name, Backend::start(Reply::ok(name)));
        let apps: Vec<_> = SERVICES.into_iter().map(app).collect();
        let stage = Stage::on_cores(1, "", &documents(&apps));
        let services: Vec<_> =
            SERVICES.into_iter().map(|name| (name, stage.open(name, &[]))).collect();
        let known: Vec<_> = services.iter().map(|(name, door)| (*name, door.inbound())).collect();
        let gateway = |name: &'static str| (name, stage.open_gateway(name, &known));
        let gateways = GATEWAYS.into_iter().map(gateway).collect();
        let web = stage.open("web", &known);
        Self { stage, apps, services, gateways, web, guest: Mutex::new(None) }
    }

    /// A new connection to where the judge is asked this way.
    pub(crate) fn enter(&self, speech: Speech, way: Way, judge: Judge) -> Guest {
        match way {
            Way::Inbound => self.inbound(speech, judge.service()),
            Way::Outbound => plain(self.web.outbound(judge.service(), 8080)),
            Way::Proxy => plain(self.web.http_proxy()),
            Way::Edge => self.outside(speech, "edge"),
            Way::Rules if judge == Judge::Barred => self.outside(speech, "bars"),
            Way::Rules => self.outside(speech, "lists"),
            Way::Routes => self.outside(speech, "ways"),
        }
    }

    /// As `web`, at the door of a service.
    fn inbound(&self, speech: Speech, service: &str) -> Guest {
        let authority = &self.stage.authority;
        let leaf = Some(Leaf::of(&authority.credentials(&authority.id("web"))));
        let sni = format!("p8080.{service}.default.stage");
        let caller = Caller { leaf, sni, alpn: vec![speech.alpn()] };
        over_tls(&caller, find(&self.services, service).inbound())
    }

    fn outside(&self, speech: Speech, gateway: &str) -> Guest {
        let to = find(&self.gateways, gateway).edge(&format!("{gateway}/https"));
        let caller = Caller { leaf: None, sni: "any.test".into(), alpn: vec![speech.alpn()] };
        over_tls(&caller, to)
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, speech: Speech, way: Way, judge: Judge, ask: &Ask) -> Heard {
        speech.say(ask, self.enter(speech, way, judge), way.scheme())
    }

    /// The app behind a service.
    pub(crate) fn app(&self, service: &str) -> &Backend {
        find(&self.apps, service)
    }

    pub(crate) fn forget(&self) {
        self.apps.iter().for_each(|(_, app)| app.forget());
    }

    /// No app has had a byte since it last forgot (G1).
    pub(crate) fn saw_nothing(&self) -> Result<(), String> {
        for (name, app) in &self.apps {
            let seen = app.seen();
            if !seen.is_empty() {
                return Err(format!("{name} saw {:?}", String::from_utf8_lossy(&seen)));
            }
        }
        Ok(())
    }

    /// This service and no other has had this one request (G7, P2).
    pub(crate) fn served(&self, heard: &Heard, service: &str, line: &str) -> Result<(), String> {
        if heard.status != 200 || !heard.answer.ends_with(service) {
            return Err(format!("not served by {service}: {:?}", heard.answer));
        }
        let all = self.apps.iter().flat_map(|(name, app)| {
            app.requests().into_iter().map(|request| (*name, request.line)).collect::<Vec<_>>()
        });
        let all: Vec<_> = all.collect();
        if all != [(service, line.to_owned())] {
            return Err(format!("not {line:?} at {service}: the apps saw {all:?}"));
        }
        Ok(())
    }

    /// A well-behaved guest asks once more on its one connection (G4).
    pub(crate) fn others_are_served(&self, way: Way) {
        let mut guest = self.guest.lock().unwrap();
        let (asks, talk) =
            guest.get_or_insert_with(|| (way, self.enter(Speech::Http1, way, Judge::Barred).talk));
        assert_eq!(*asks, way, "one way for each court");
        let host = way.host(Judge::Barred);
        write!(talk, "GET /public/calm HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        talk.flush().unwrap();
        let answer = talk.hear_response();
        assert!(answer.starts_with("HTTP/1.1 200 "), "a well-behaved guest at {way:?}: {answer}");
    }
}

fn over_tls(caller: &Caller, to: SocketAddr) -> Guest {
    let talk = caller.dial(to);
    Guest { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
}

fn plain(to: SocketAddr) -> Guest {
    let talk = dial_plain(to);
    Guest { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
}

fn find<'a, T>(all: &'a [(&'static str, T)], name: &str) -> &'a T {
    &all.iter().find(|(own, _)| *own == name).expect(name).1
}
