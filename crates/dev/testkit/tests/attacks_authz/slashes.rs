//! AZ-02 at a service that keeps `%2F`: there it is a letter of a segment's
//! name, to the rules and to the app. What an app that takes it for a slash
//! after all would find elsewhere is refused there, too.

use testkit::{Expected, Findings};

use crate::ask::{Ask, Speech};
use crate::court::{Court, Way};
use crate::judge::Judge;

/// What is sent, and how it arrives; nothing: it is refused everywhere.
const ROWS: [(&str, Option<&str>); 20] = [
    ("/public/a%2fb", Some("/public/a%2Fb")),
    ("/public/a%2F%2fb/", Some("/public/a%2F%2Fb/")),
    ("/public/x/../a%2Fb", Some("/public/a%2Fb")),
    ("/public/%2f", Some("/public/%2F")),
    ("/public%2fx", Some("/public%2Fx")),
    ("/%2fpublic/x", Some("/%2Fpublic/x")),
    ("/admin%2f/../public/a%2fb", Some("/public/a%2Fb")),
    ("/public/a%252fb%2f", Some("/public/a%252fb%2F")),
    ("/public/..%2fadmin", None),
    ("/public/%2e%2e%2fadmin", None),
    ("/public/a%2f..%2f..%2fadmin", None),
    ("/public/a%2f%2e%2e", None),
    ("/public%2f..%2fadmin", None),
    ("/public/..;%2fadmin", None),
    ("/public/.%2f", None),
    ("/public/a%2f%ef%bc%8e%ef%bc%8e", None),
    ("/public/a%2fb%5cc", None),
    ("/public/a%2fb%00", None),
    ("/public/a%2fb%0d%0a", None),
    ("/public/a%2fb#c", None),
];

pub(crate) fn run(court: &Court, speech: Speech, way: Way, findings: &mut Findings) {
    for (raw, plain) in ROWS {
        let name = format!("AZ-02 {raw} as {plain:?} in {speech:?} at {way:?}");
        findings.take(name, kept(court, speech, way, (raw, plain)));
        // Nobody has asked for it here.
        let name = format!("AZ-02 {raw} in {speech:?} at {way:?}, not kept");
        findings.take(name, refused(court, speech, way, (raw, Judge::Listed)));
    }
}

fn kept(
    court: &Court,
    speech: Speech,
    way: Way,
    (raw, plain): (&str, Option<&str>),
) -> Result<Option<Expected>, String> {
    let Some(plain) = plain else { return refused(court, speech, way, (raw, Judge::Kept)) };
    court.forget();
    let ask = Ask::get(raw).to(way.host(Judge::Kept));
    let heard = court.ask(speech, way, Judge::Kept, &ask);
    if Judge::Kept.allows(plain) {
        court.served(&heard, "kept", &format!("GET {plain} HTTP/1.1"))?;
        return Ok(None);
    }
    if heard.status != 403 {
        return Err(format!("status {}, not 403", heard.status));
    }
    court.saw_nothing().map(|()| None)
}

fn refused(
    court: &Court,
    speech: Speech,
    way: Way,
    (raw, judge): (&str, Judge),
) -> Result<Option<Expected>, String> {
    court.forget();
    let heard = court.ask(speech, way, judge, &Ask::get(raw).to(way.host(judge)));
    if heard.status != 400 {
        return Err(format!("status {}, not 400", heard.status));
    }
    court.saw_nothing()?;
    Ok(Some(heard.expects(way.role(), "")))
}
