//! AZ-07 and AZ-13: spellings of a host, where hosts lead somewhere: at the
//! edge and at the explicit proxy. A wildcard stands for one or more labels,
//! as in Gateway API, and never for its own suffix.

use testkit::{Expected, Findings};

use crate::ask::{Ask, Heard, Speech};
use crate::court::{Court, Way};
use crate::judge::Judge;

/// One spelling of a host.
pub(crate) struct Spelling {
    pub(crate) id: &'static str,
    raw: &'static str,
    leads: Leads,
}

/// Where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// To `closed`, which denies; the same as its plain form.
    Closed(&'static str),
    /// To `free`, which serves; the `Host` that arrives.
    Free(&'static str),
    /// Nowhere: nobody is called so.
    Nobody,
    /// It is no host.
    Refused,
}

/// What leads somewhere this way.
pub(crate) fn rows(way: Way) -> Vec<Spelling> {
    let table = match way {
        Way::Edge => [AT_THE_EDGE, NO_HOSTS].concat(),
        Way::Proxy => [AT_THE_PROXY, NO_HOSTS].concat(),
        _ => Vec::new(),
    };
    table.into_iter().map(|(id, raw, leads)| Spelling { id, raw, leads }).collect()
}

const AT_THE_EDGE: &[(&str, &str, Leads)] = &[
    ("AZ-07", "CLOSED.test", Leads::Closed("closed.test")),
    ("AZ-07", "closed.TEST.", Leads::Closed("closed.test")),
    ("AZ-07", "closed.test:443", Leads::Closed("closed.test")),
    ("AZ-07", "closed.test:80", Leads::Closed("closed.test")),
    ("AZ-07", "Closed.Test.:8443", Leads::Closed("closed.test")),
    ("AZ-07", "FREE.test", Leads::Free("free.test")),
    ("AZ-07", "free.test.", Leads::Free("free.test")),
    ("AZ-07", "free.test:443", Leads::Free("free.test:443")),
    ("AZ-07", "closed.test.evil.test", Leads::Free("closed.test.evil.test")),
    ("AZ-07", "xclosed.test", Leads::Free("xclosed.test")),
    ("AZ-07", "closed", Leads::Free("closed")),
    ("AZ-13", "a.wild.test", Leads::Closed("b.wild.test")),
    ("AZ-13", "A.Wild.TEST.:443", Leads::Closed("a.wild.test")),
    ("AZ-13", "a.b.wild.test", Leads::Closed("a.wild.test")),
    ("AZ-13", "xn--bcher-kva.wild.test", Leads::Closed("a.wild.test")),
    ("AZ-13", "wild.test", Leads::Free("wild.test")),
    ("AZ-13", "xwild.test", Leads::Free("xwild.test")),
    ("AZ-13", "a.wild.test.evil.test", Leads::Free("a.wild.test.evil.test")),
    ("AZ-13", "*.wild.test", Leads::Refused),
    ("AZ-13", "*", Leads::Refused),
    ("AZ-13", ".wild.test", Leads::Refused),
    ("AZ-13", "a..wild.test", Leads::Refused),
];

const AT_THE_PROXY: &[(&str, &str, Leads)] = &[
    ("AZ-07", "CLOSED:8080", Leads::Closed("closed:8080")),
    ("AZ-07", "closed.:8080", Leads::Closed("closed:8080")),
    ("AZ-07", "Closed", Leads::Closed("closed:8080")),
    ("AZ-07", "closed:80", Leads::Closed("closed:8080")),
    ("AZ-07", "FREE:8080", Leads::Free("free:8080")),
    ("AZ-07", "free.", Leads::Free("free")),
    ("AZ-07", "Free.:80", Leads::Free("free:80")),
    ("AZ-07", "free:8081", Leads::Nobody),
    ("AZ-07", "free.evil", Leads::Nobody),
    ("AZ-07", "xfree", Leads::Nobody),
    ("AZ-07", "127.0.0.1", Leads::Nobody),
    ("AZ-07", "[::1]:8080", Leads::Nobody),
];

const NO_HOSTS: &[(&str, &str, Leads)] = &[
    ("AZ-07", "", Leads::Refused),
    ("AZ-07", "closed.test:", Leads::Refused),
    ("AZ-07", "closed.test..", Leads::Refused),
    ("AZ-07", "closed.test:0", Leads::Refused),
    ("AZ-07", "closed.test:0443", Leads::Refused),
    ("AZ-07", "closed.test:99999", Leads::Refused),
    ("AZ-07", "closed.test:443:443", Leads::Refused),
    ("AZ-07", "closed.test:+443", Leads::Refused),
    ("AZ-07", "closed%2etest", Leads::Refused),
    ("AZ-07", "closed.test%00", Leads::Refused),
    ("AZ-07", "xn--closed-.test", Leads::Refused),
    ("AZ-07", "xn--.test", Leads::Refused),
    ("AZ-07", "closed\u{3002}test", Leads::Refused),
    ("AZ-07", "\u{ff43}losed.test", Leads::Refused),
    ("AZ-07", "closed.test,free.test", Leads::Refused),
    ("AZ-07", "free.test closed.test", Leads::Refused),
    ("AZ-07", "me@closed.test", Leads::Refused),
    ("AZ-07", "closed.test/x", Leads::Refused),
    ("AZ-07", "closed.test?x", Leads::Refused),
    ("AZ-07", "closed.test#x", Leads::Refused),
    ("AZ-07", "closed.test\\", Leads::Refused),
    ("AZ-07", "[closed.test]", Leads::Refused),
    ("AZ-07", "http://closed.test", Leads::Refused),
];

impl Spelling {
    pub(crate) fn run(&self, court: &Court, speech: Speech, way: Way, findings: &mut Findings) {
        let name = format!("{} {:?} at {way:?}: {:?}", self.id, self.raw, self.leads);
        findings.take(name, self.led(court, speech, way));
        court.others_are_served(way);
    }

    fn led(&self, court: &Court, speech: Speech, way: Way) -> Result<Option<Expected>, String> {
        // Any judge: at these places the host alone leads.
        let ask = |host| court.ask(speech, way, Judge::Barred, &Ask::get("/x").to(host));
        let denied = |heard: &Heard| match heard.status {
            403 => court.saw_nothing(),
            other => Err(format!("status {other}, not 403: {:?}", heard.answer)),
        };
        court.forget();
        let heard = ask(self.raw);
        match self.leads {
            Leads::Closed(plain) => {
                denied(&heard)?;
                denied(&ask(plain)).map_err(|why| format!("its plain form {plain}: {why}"))?;
                Ok(None)
            }
            Leads::Nobody => {
                denied(&heard)?;
                Ok(Some(heard.expects(way.role(), "")))
            }
            Leads::Free(plain) => {
                court.served(&heard, "free", "GET /x HTTP/1.1")?;
                let seen = court.app("free").requests();
                match seen.first().map(|request| request.values("host")) {
                    Some(hosts) if hosts == [plain] => Ok(None),
                    other => Err(format!("it arrived for {other:?}")),
                }
            }
            Leads::Refused => {
                if heard.status != 400 {
                    return Err(format!("status {}, not 400", heard.status));
                }
                court.saw_nothing()?;
                Ok(Some(heard.expects(way.role(), "")))
            }
        }
    }
}
