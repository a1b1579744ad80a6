//! From the authority's message to what the agent works with.
//!
//! A part that can't be read is left out by itself: refusing the whole message
//! for one bad entry would keep alive what the same message takes away.

use identity::{
    Bundle, BundleError, Entry, NoSelectors, ParseSelectorError, Selector, is_reserved,
};
use model::{Millis, ParseSpiffeIdError, SpiffeId, TrustDomain};
use wire::authority;

/// What one message says.
#[derive(Debug)]
pub(crate) struct Entitlements {
    pub entries: Vec<Entry>,
    pub bundle: Result<Bundle, BundleRefused>,
    /// Entries left out: the identity as written, and why.
    pub refused: Vec<(String, EntryRefused)>,
}

/// Why an entry is left out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryRefused {
    #[error("{0}")]
    Id(ParseSpiffeIdError),
    #[error("{0:?} is no selector: {1}")]
    Selector(String, ParseSelectorError),
    #[error("{0}")]
    NoSelectors(NoSelectors),
    #[error("a certificate that lives 0 ms is of no use")]
    Lifetime,
    #[error("it belongs to another trust domain than the authority")]
    Foreign,
    #[error("it is one of the mesh's own, which no workload may have")]
    Reserved,
}

/// Why the bundle is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleRefused {
    #[error("the name of the trust domain is not well formed")]
    TrustDomain,
    #[error("{0}")]
    Bundle(BundleError),
}

impl Entitlements {
    pub(crate) fn read(message: authority::Entitlements) -> Self {
        let trust_domain = message.trust_domain.parse::<TrustDomain>();
        let mut entries = Vec::with_capacity(message.entries.len());
        let mut refused = Vec::new();
        for raw in message.entries {
            let written = raw.spiffe_id.clone();
            match entry(raw, trust_domain.as_ref().ok()) {
                Ok(entry) => entries.push(entry),
                Err(error) => refused.push((written, error)),
            }
        }
        let bundle = trust_domain
            .map_err(|_| BundleRefused::TrustDomain)
            .and_then(|name| Bundle::new(name, message.bundle).map_err(BundleRefused::Bundle));
        Self { entries, bundle, refused }
    }
}

fn entry(raw: authority::Entry, own: Option<&TrustDomain>) -> Result<Entry, EntryRefused> {
    let id: SpiffeId = raw.spiffe_id.parse().map_err(EntryRefused::Id)?;
    if Some(id.trust_domain()) != own {
        return Err(EntryRefused::Foreign);
    }
    if is_reserved(&id) {
        return Err(EntryRefused::Reserved);
    }
    if raw.lifetime_ms == 0 {
        return Err(EntryRefused::Lifetime);
    }
    let selectors = raw.selectors.into_iter().map(selector).collect::<Result<_, _>>()?;
    let (lifetime, renew) = (Millis(raw.lifetime_ms), Millis(raw.renew_ms));
    let entry = Entry::new(id, selectors, lifetime, renew).map_err(EntryRefused::NoSelectors)?;
    Ok(entry.with_hint(raw.hint))
}

fn selector(text: String) -> Result<Selector, EntryRefused> {
    text.parse().map_err(|error| EntryRefused::Selector(text, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(id: &str, selectors: &[&str]) -> authority::Entry {
        authority::Entry {
            spiffe_id: id.to_owned(),
            selectors: selectors.iter().map(|s| (*s).to_owned()).collect(),
            lifetime_ms: 60_000,
            renew_ms: 20_000,
            hint: "h".to_owned(),
        }
    }

    fn read(entries: Vec<authority::Entry>) -> Entitlements {
        let trust_domain = "shop".to_owned();
        Entitlements::read(authority::Entitlements { entries, bundle: Vec::new(), trust_domain })
    }

    #[test]
    fn a_good_entry_keeps_all_it_says() {
        let read =
            read(vec![raw("spiffe://shop/ns/default/sa/web", &["unix:uid:7", "unix:pid:9"])]);
        assert!(read.refused.is_empty());
        let entry = &read.entries[0];
        assert_eq!(entry.selectors(), [Selector::Uid(7), Selector::Pid(9)]);
        assert_eq!((entry.lifetime, entry.renew), (Millis(60_000), Millis(20_000)));
        assert_eq!(entry.hint, "h");
    }

    #[test]
    fn one_bad_entry_takes_no_good_one_along() {
        let no_life =
            authority::Entry { lifetime_ms: 0, ..raw("spiffe://shop/x", &["unix:uid:1"]) };
        let read = read(vec![
            raw("spiffe://shop/a b", &["unix:uid:1"]),
            raw("spiffe://shop/a", &[]),
            raw("spiffe://shop/a", &["unix:uid:1", "docker:image:x"]),
            raw("spiffe://elsewhere/a", &["unix:uid:1"]),
            no_life,
            raw("spiffe://shop/postern/server", &["unix:uid:1"]),
            raw("spiffe://shop/good", &["unix:uid:1"]),
        ]);
        assert_eq!(read.refused.len(), 6);
        assert_eq!(read.entries.len(), 1);
        assert_eq!(read.entries[0].id.path(), "/good");
    }

    #[test]
    fn an_empty_bundle_is_refused() {
        assert!(read(Vec::new()).bundle.is_err());
    }

    #[test]
    fn without_a_trust_domain_nothing_is_handed_out() {
        let message = authority::Entitlements {
            entries: vec![raw("spiffe://shop/a", &["unix:uid:1"])],
            bundle: Vec::new(),
            trust_domain: "not a name".to_owned(),
        };
        let read = Entitlements::read(message);
        assert!(read.entries.is_empty());
        assert!(matches!(read.bundle, Err(BundleRefused::TrustDomain)));
    }
}
