//! The server's half of one delta stream as a machine without IO: requests
//! and views go in, responses come out. It knows what the door holds, keeps
//! one response outstanding, and does not repeat what was refused. Only the
//! wildcard subscription exists: a seal is over everything, or it is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Generation;
use wire::discovery::DeltaDiscoveryRequest;

use super::view::{SEAL, TYPE_URL, View};

/// Resources a door may claim to hold when it comes.
const CLAIMS_MAX: usize = 100_000;
/// Of a refusal's reason so many bytes are kept.
const REASON_BYTES_MAX: usize = 2048;

/// One stream.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    is_subscribed: bool,
    /// What the door runs on: names and versions, without the seal.
    held: BTreeMap<String, String>,
    target: Option<Arc<View>>,
    outstanding: Option<Outstanding>,
    accepted: Option<Mark>,
    refused: Option<Mark>,
    /// The seal has to be set anew though nothing changed.
    is_seal_old: bool,
    nonces: u64,
}

/// A response that was sent and not answered yet.
#[derive(Debug)]
struct Outstanding {
    nonce: String,
    view: Arc<View>,
}

/// What tells one state of a door from another.
type Mark = (Generation, [u8; 32]);

fn mark(view: &View) -> Mark {
    (view.generation, view.digest)
}

/// What a request said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing new.
    Nothing,
    /// The door runs this generation.
    Accepted(Generation),
    /// The door won't run this generation, and why.
    Refused(Generation, String),
    /// The door goes and won't come back.
    Farewell,
}

/// A request that ends the stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("`{0}` is not served here; there is {TYPE_URL}")]
    Type(String),
    #[error("single resources can't be subscribed to: leave the names out, or send `*`")]
    Names,
    #[error("more than {CLAIMS_MAX} resources are claimed")]
    Claims,
}

/// What to send: the whole view, of which these parts are news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) nonce: String,
    pub(crate) view: Arc<View>,
    pub(crate) changed: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl Delta {
    /// Takes a request in.
    pub(crate) fn hear(&mut self, request: DeltaDiscoveryRequest) -> Result<Heard, Violation> {
        if request.type_url != TYPE_URL {
            return Err(Violation::Type(request.type_url));
        }
        let is_all = |name: &String| name == "*";
        if !request.resource_names_subscribe.iter().all(is_all) {
            return Err(Violation::Names);
        }
        if request.resource_names_unsubscribe.iter().any(is_all) {
            return Ok(Heard::Farewell);
        }
        if !self.is_subscribed {
            return self.begin(request.initial_resource_versions.into_iter());
        }
        Ok(self.answer(&request))
    }

    fn begin(
        &mut self,
        claims: impl ExactSizeIterator<Item = (String, String)>,
    ) -> Result<Heard, Violation> {
        if claims.len() > CLAIMS_MAX {
            return Err(Violation::Claims);
        }
        self.held = claims.filter(|(name, _)| name != SEAL).collect();
        self.is_subscribed = true;
        Ok(Heard::Nothing)
    }

    fn answer(&mut self, request: &DeltaDiscoveryRequest) -> Heard {
        // A stale nonce, or one of an earlier stream, says nothing.
        let Some(sent) = self.outstanding.take_if(|sent| sent.nonce == request.response_nonce)
        else {
            return Heard::Nothing;
        };
        let generation = sent.view.generation;
        match &request.error_detail {
            None => {
                self.held = versions(&sent.view);
                self.accepted = Some(mark(&sent.view));
                self.refused = None;
                Heard::Accepted(generation)
            }
            Some(status) => {
                self.refused = Some(mark(&sent.view));
                Heard::Refused(generation, shortened(&status.message))
            }
        }
    }

    /// What the door should have from now on; takes the place of what was not
    /// sent yet.
    pub(crate) fn offer(&mut self, view: View) {
        self.target = Some(Arc::new(view));
    }

    /// The seal has to be set anew.
    pub(crate) const fn reseal(&mut self) {
        self.is_seal_old = true;
    }

    /// The next response, when there is something to say and the last one was
    /// answered.
    pub(crate) fn poll(&mut self) -> Option<Response> {
        if !self.is_subscribed || self.outstanding.is_some() {
            return None;
        }
        let view = Arc::clone(self.target.as_ref()?);
        let mark = Some(mark(&view));
        if mark == self.refused || (mark == self.accepted && !self.is_seal_old) {
            return None;
        }
        self.is_seal_old = false;
        self.nonces += 1;
        let nonce = self.nonces.to_string();
        self.outstanding = Some(Outstanding { nonce: nonce.clone(), view: Arc::clone(&view) });
        let (changed, removed) = (self.changed(&view), self.removed(&view));
        Some(Response { nonce, view, changed, removed })
    }

    fn changed(&self, view: &View) -> Vec<String> {
        let differs = |(name, version): &(&String, &String)| self.held.get(*name) != Some(*version);
        let all = view.resources.iter().map(|(name, resource)| (name, &resource.version));
        all.filter(differs).map(|(name, _)| name.clone()).collect()
    }

    fn removed(&self, view: &View) -> Vec<String> {
        self.held.keys().filter(|name| !view.resources.contains_key(*name)).cloned().collect()
    }
}

fn versions(view: &View) -> BTreeMap<String, String> {
    view.resources.iter().map(|(name, r)| (name.clone(), r.version.clone())).collect()
}

fn shortened(reason: &str) -> String {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
