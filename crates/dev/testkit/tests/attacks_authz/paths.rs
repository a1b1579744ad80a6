//! AZ-01 to AZ-05: spellings of a path. What has one meaning arrives in its
//! plain form and is judged by that; what has two is refused with 400.

use testkit::{Expected, Findings};

use crate::ask::{Ask, Speech};
use crate::court::{Court, Way};
use crate::judge::Judge;

/// One spelling.
#[derive(Clone)]
pub(crate) struct Spelling {
    pub(crate) id: &'static str,
    raw: &'static str,
    /// Its plain form, or nothing if it has none.
    plain: Option<&'static str>,
}

pub(crate) fn rows() -> Vec<Spelling> {
    let same = |id, table: &[(&'static str, &'static str)]| {
        let rows = table.iter().map(|(raw, plain)| Spelling { id, raw, plain: Some(plain) });
        rows.collect::<Vec<_>>()
    };
    let refused = |id, table: &[&'static str]| {
        table.iter().map(|raw| Spelling { id, raw, plain: None }).collect::<Vec<_>>()
    };
    [
        same("AZ-01", SEGMENTS),
        refused("AZ-01", BACKSLASHES),
        same("AZ-02", ESCAPES),
        refused("AZ-02", BAD_ESCAPES),
        same("AZ-04", &[("/admin%23x", "/admin%23x"), ("/public%23/../admin", "/admin")]),
        refused("AZ-04", FRAGMENTS),
        same("AZ-05", PARAMETERS),
        refused("AZ-05", HIDDEN),
    ]
    .concat()
}

const SEGMENTS: &[(&str, &str)] = &[
    ("//admin", "/admin"),
    ("///admin", "/admin"),
    ("//admin//", "/admin/"),
    ("/./admin", "/admin"),
    ("/././admin", "/admin"),
    ("/.//admin", "/admin"),
    ("/x/../admin", "/admin"),
    ("/x/y/../../admin", "/admin"),
    ("/x//../admin", "/admin"),
    ("/public/../admin", "/admin"),
    ("/public/./../admin", "/admin"),
    ("/../admin", "/admin"),
    ("/../../../admin", "/admin"),
    ("/admin/", "/admin/"),
    ("/admin//", "/admin/"),
    ("/admin/.", "/admin/"),
    ("/admin/./", "/admin/"),
    ("/admin/x/..", "/admin/"),
    ("/admin/..//admin", "/admin"),
    ("/admin/../public", "/public"),
    ("/admin/../public/x", "/public/x"),
    ("//public///x", "/public/x"),
    ("/public/x/..", "/public/"),
    ("/administrator", "/administrator"),
    ("/publicity", "/publicity"),
    ("/public/...", "/public/..."),
    ("/.../admin", "/.../admin"),
];

const BACKSLASHES: &[&str] = &[
    "\\admin",
    "/\\admin",
    "\\\\admin",
    "/x\\..\\admin",
    "/public/..\\admin",
    "/public\\..\\..\\admin",
    "/admin\\",
    "admin",
    "./admin",
    "../admin",
];

const ESCAPES: &[(&str, &str)] = &[
    ("/%61dmin", "/admin"),
    ("/%61%64%6D%69%6e", "/admin"),
    ("/%2e/admin", "/admin"),
    ("/%2E%2e/admin", "/admin"),
    ("/x/%2e%2e/admin", "/admin"),
    ("/x/.%2E/admin", "/admin"),
    ("/x/%2E.//admin", "/admin"),
    ("/public/%2e%2e/%61dmin", "/admin"),
    ("/admin/%2e", "/admin/"),
    ("/admin/%2e%2e/public", "/public"),
    ("/%70ublic/%7Ea", "/public/~a"),
    // Decoded once, and never again.
    ("/%2561dmin", "/%2561dmin"),
    ("/%252e%252e/admin", "/%252e%252e/admin"),
    ("/public/%252e%252e/admin", "/public/%252e%252e/admin"),
    ("/public/%252fadmin", "/public/%252fadmin"),
    ("/public%252f..%252fadmin", "/public%252f..%252fadmin"),
    ("/public/caf%c3%a9", "/public/caf%C3%A9"),
];

const BAD_ESCAPES: &[&str] = &[
    "/%2fadmin",
    "/%2Fadmin",
    "/x%2f..%2fadmin",
    "/public%2f..%2fadmin",
    "/public/..%2fadmin",
    "/%5cadmin",
    "/public/..%5Cadmin",
    "/admin%00",
    "/%00admin",
    "/admin%00.html",
    "/public/%00/../admin",
    "/%zz",
    "/admin%",
    "/admin%2",
    "/admin%zz",
    "/%u0061dmin",
    "/%c0%ae%c0%ae/admin",
    "/public/%c0%ae%c0%ae/admin",
    "/%c1%a1dmin",
    "/%e0%80%ae%e0%80%ae/admin",
    "/%f0%80%80%ae/admin",
    "/public%c0%afadmin",
    "/public/%ef%bc%8e%ef%bc%8e/admin",
    "/public/.%ef%bc%8e/admin",
    "/public/%e2%80%a5/admin",
    "/public/%e2%80%a4%e2%80%a4/admin",
    "/public%ef%bc%8f..%ef%bc%8fadmin",
    "/public%ef%bc%bc..%ef%bc%bcadmin",
    "/admin%0d%0a",
    "/admin%0a",
    "/admin%7f",
    "/admin%ff",
    "/admin%ed%a0%80",
    "/admin%c2%85",
];

const FRAGMENTS: &[&str] = &[
    "/admin#x",
    "/admin#",
    "/user/profile#x",
    "/public#/../admin",
    "/#/admin",
    "/public?x#/admin",
];

const PARAMETERS: &[(&str, &str)] = &[
    ("/admin;x=1", "/admin;x=1"),
    ("/admin;", "/admin;"),
    ("/admin;/", "/admin;/"),
    ("/admin;x/y", "/admin;x/y"),
    ("/x;/../admin", "/admin"),
    ("/x;y=z/../admin", "/admin"),
    ("/public;x/../admin", "/admin"),
    ("/public;/x", "/public;/x"),
    ("/admin?", "/admin?"),
    ("/admin?x=/public", "/admin?x=/public"),
    ("/public?", "/public?"),
    ("/public?/../admin", "/public?/../admin"),
    ("/public/..?/public", "/?/public"),
    ("/public/../admin?/../public", "/admin?/../public"),
    ("/public?%2fadmin%00", "/public?%2fadmin%00"),
    // Escaped they are letters of a name, to the rules and to whom it goes on.
    ("/admin%3fx", "/admin%3Fx"),
    ("/public%3f/../admin", "/admin"),
    ("/admin%3bx", "/admin%3Bx"),
    ("/public%3b/x", "/public%3B/x"),
];

const HIDDEN: &[&str] = &[
    "/public/..;/admin",
    "/public/..;x=1/admin",
    "/public/.;/../admin",
    "/public/%2e%2e;/admin",
    "/public/..%3b/admin",
    "/public/%2e%2e%3bx/admin",
    "/;/admin",
    "/;x=1/admin",
    "/%3b/admin",
    "/public/;/../admin",
    "?/admin",
    "/public/%ef%bc%8e.;/admin",
];

impl Spelling {
    /// Runs it before both judges.
    pub(crate) fn run(&self, court: &Court, speech: Speech, way: Way, findings: &mut Findings) {
        for judge in Judge::ALL.into_iter().filter(|judge| way.has(*judge)) {
            let name =
                format!("{} {} as {:?} at {way:?}, {judge:?}", self.id, self.raw, self.plain);
            findings.take(name, self.judged(court, speech, way, judge));
        }
    }

    fn judged(
        &self,
        court: &Court,
        speech: Speech,
        way: Way,
        judge: Judge,
    ) -> Result<Option<Expected>, String> {
        let ask = |target: &str| Ask::get(target).to(way.host(judge));
        court.forget();
        let Some(plain) = self.plain else {
            let heard = court.ask(speech, way, judge, &ask(self.raw));
            if heard.status != 400 {
                return Err(format!("status {}, not 400", heard.status));
            }
            court.saw_nothing()?;
            // The legal twin of all that is refused.
            let twin = court.ask(speech, way, judge, &ask("/public/x"));
            court.served(&twin, way.server(judge), "GET /public/x HTTP/1.1")?;
            return Ok(Some(heard.expects(way.role(), "")));
        };
        let mut last = None;
        for target in [plain, self.raw] {
            court.forget();
            let heard = court.ask(speech, way, judge, &ask(target));
            if judge.allows(plain) {
                let line = format!("GET {plain} HTTP/1.1");
                court
                    .served(&heard, way.server(judge), &line)
                    .map_err(|why| format!("{target}: {why}"))?;
                continue;
            }
            if heard.status != 403 {
                return Err(format!("{target}: status {}, not 403", heard.status));
            }
            court.saw_nothing()?;
            last = way.judges().then(|| heard.expects(way.role(), "denied by policy"));
        }
        court.others_are_served(way);
        Ok(last)
    }
}
