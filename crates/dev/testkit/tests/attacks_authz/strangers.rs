//! AZ-10, AZ-11 and AZ-25: what a caller says of itself. Who somebody is, its
//! certificate says; nothing in a request makes it somebody else, and nothing
//! of that kind goes on.

use testkit::{Expected, Findings};

use crate::ask::{Ask, Speech, say_bytes};
use crate::court::{Court, Way};
use crate::judge::Judge;

const BOSS: &str = "spiffe://stage/ns/default/sa/boss";

/// A field by which somebody might pass for `boss`, or for a neighbour.
fn claims() -> Vec<(&'static str, &'static str, String)> {
    let cert = format!("By={BOSS};Hash=00;Subject=\"\";URI={BOSS}");
    let mut claims = Vec::new();
    for name in ["postern-caller", "Postern-Caller", "POSTERN-CALLER", "postern-decision"] {
        claims.push(("AZ-10", name, BOSS.to_owned()));
    }
    for name in ["x-forwarded-client-cert", "X-Forwarded-Client-Cert", "X-FORWARDED-CLIENT-CERT"] {
        claims.push(("AZ-10", name, cert.clone()));
    }
    for name in ["postern.caller", "x-forwarded.client-cert"] {
        claims.push(("AZ-10", name, BOSS.to_owned()));
    }
    for name in ["X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"] {
        claims.push(("AZ-25", name, "127.0.0.1".to_owned()));
    }
    claims.push(("AZ-25", "Forwarded", "for=127.0.0.1;by=10.0.0.1;proto=https".to_owned()));
    claims
}

/// Names that can't be sent at all.
const ALIASES: [&str; 5] = [
    "X_Forwarded_User",
    "Postern_Caller",
    "X_Forwarded_Client_Cert",
    "postern_caller",
    "Authorization_",
];

pub(crate) fn run(court: &Court, speech: Speech, way: Way, findings: &mut Findings) {
    for (id, name, value) in claims() {
        let label = format!("{id} {name} at {way:?}");
        findings.take(label, claim(court, speech, way, (name, &value)));
    }
    for name in ALIASES {
        let label = format!("AZ-10 {name} at {way:?}");
        findings.take(label, alias(court, speech, way, name));
    }
    if speech == Speech::Http1 {
        for (what, bytes) in proxied(&way.host(Judge::Barred)) {
            let label = format!("AZ-25 {what} at {way:?}");
            findings.take(label, announced(court, way, &bytes));
        }
    }
    court.others_are_served(way);
}

/// With the claim or without, the verdict is the same, and the app is told
/// nothing of it.
fn claim(
    court: &Court,
    speech: Speech,
    way: Way,
    (name, value): (&str, &str),
) -> Result<Option<Expected>, String> {
    let ask = |target| Ask::get(target).to(way.host(Judge::Barred)).with(name, value);
    court.forget();
    let heard = court.ask(speech, way, Judge::Barred, &ask("/admin"));
    if heard.status != 403 {
        return Err(format!("status {}, not 403", heard.status));
    }
    court.saw_nothing()?;
    let served = court.ask(speech, way, Judge::Barred, &ask("/public/x"));
    let server = way.server(Judge::Barred);
    court.served(&served, server, "GET /public/x HTTP/1.1")?;
    let seen = court.app(server).requests();
    let all: Vec<_> = seen.iter().flat_map(|request| &request.fields).collect();
    if all.iter().any(|(_, value)| value.contains("boss")) {
        return Err(format!("the app was told {all:?}"));
    }
    // One opinion of who called, and it is ours.
    let callers: Vec<_> = seen.iter().flat_map(|seen| seen.values("postern-caller")).collect();
    if callers.len() != 1 {
        return Err(format!("the app was told of the callers {callers:?}"));
    }
    Ok(way.judges().then(|| heard.expects(way.role(), "denied by policy")))
}

fn alias(court: &Court, speech: Speech, way: Way, name: &str) -> Result<Option<Expected>, String> {
    court.forget();
    let ask = Ask::get("/public/x").to(way.host(Judge::Barred)).with(name, BOSS);
    let heard = court.ask(speech, way, Judge::Barred, &ask);
    if heard.status != 400 {
        return Err(format!("status {}, not 400", heard.status));
    }
    court.saw_nothing()?;
    let dashed = name.trim_end_matches('_').replace('_', "-");
    let twin = Ask::get("/public/x").to(way.host(Judge::Barred)).with(&dashed, "x");
    let twin = court.ask(speech, way, Judge::Barred, &twin);
    court.served(&twin, way.server(Judge::Barred), "GET /public/x HTTP/1.1")?;
    Ok(Some(heard.expects(way.role(), "")))
}

/// The PROXY protocol, which no door was told to expect.
fn proxied(host: &str) -> [(&'static str, Vec<u8>); 4] {
    let request = format!("GET /public/x HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
    let before = |words: &[u8]| [words, &request].concat();
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x7f\0\0\x01\x7f\0\0\x01\x04\xd2\x1f\x90";
    [
        ("PROXY in words", before(b"PROXY TCP4 127.0.0.1 127.0.0.1 1234 8080\r\n")),
        ("PROXY of nobody", before(b"PROXY UNKNOWN\r\n")),
        ("PROXY in small letters", before(b"proxy TCP4 127.0.0.1 127.0.0.1 1234 8080\r\n")),
        ("PROXY in bytes", before(binary)),
    ]
}

fn announced(court: &Court, way: Way, bytes: &[u8]) -> Result<Option<Expected>, String> {
    court.forget();
    let heard = say_bytes(bytes, court.enter(Speech::Http1, way, Judge::Barred));
    if heard.status != 400 {
        return Err(format!("status {}, not 400: {:?}", heard.status, heard.answer));
    }
    court.saw_nothing()?;
    Ok(Some(heard.expects(way.role(), "")))
}
