//! A row of the tables of improper certificates, and how it is run.

use rcgen::CertificateParams;
use rustls::AlertDescription as Alert;
use testkit::{Arena, Authority, Caller, Expected, Leaf, Place, get};

pub(crate) const WEB: &str = "spiffe://stage/ns/default/sa/web";
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) what: &'static str,
    pub(crate) shows: Option<Leaf>,
    pub(crate) alert: Alert,
    pub(crate) reason: &'static str,
    pub(crate) twin: Leaf,
}

/// Rows made from one change to a proper leaf, beside one that is legal.
pub(crate) struct Maker<'a> {
    pub(crate) authority: &'a Authority,
    pub(crate) rows: Vec<Row>,
}

pub(crate) type Change = fn(&mut CertificateParams);

impl Maker<'_> {
    pub(crate) fn leaf(&self, change: Change) -> Leaf {
        let mut params = Leaf::params(WEB);
        change(&mut params);
        self.authority.leaf(&params)
    }

    pub(crate) fn row(
        &mut self,
        (id, what): (&'static str, &'static str),
        (alert, reason): (Alert, &'static str),
        broken: Change,
        legal: Change,
    ) {
        let shows = self.leaf(broken);
        self.show((id, what), (alert, reason), shows, self.leaf(legal));
    }

    pub(crate) fn show(
        &mut self,
        (id, what): (&'static str, &'static str),
        (alert, reason): (Alert, &'static str),
        shows: Leaf,
        twin: Leaf,
    ) {
        self.rows.push(Row { id, what, shows: Some(shows), alert, reason, twin });
    }
}

impl Row {
    pub(crate) fn run(&self, arena: &Arena) -> Result<Option<Expected>, String> {
        let sni = "p8080.orders.default.stage";
        arena.backend.forget();
        let mut caller = Caller::with(self.twin.clone(), sni);
        caller.leaf.clone_from(&self.shows);
        let heard = caller.knock(arena.orders.inbound(), &get(""));
        arena.others_are_served(Place::Inbound);
        if heard.alert != Some(self.alert) || !heard.answer.is_empty() || heard.silent {
            return Err(format!("not {:?}: {heard:?}", self.alert));
        }
        if !arena.backend.seen().is_empty() {
            return Err("the app saw it".into());
        }
        let twin = Caller::with(self.twin.clone(), sni).knock(arena.orders.inbound(), &get(""));
        if !twin.answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("the legal twin: {twin:?}"));
        }
        Ok(Some(Expected { from: heard.from, role: "inbound", words: self.reason }))
    }
}
