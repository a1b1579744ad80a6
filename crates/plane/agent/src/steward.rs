//! The one who keeps the view: hears the authority, has certificates issued
//! and renewed, and publishes each change. A single task, so that there is
//! one order of things.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use identity::{Bundle, Bundles, Entry, Role, verify};
use model::{Clock, Millis, SpiffeId, Timestamp};
use net::{OsDice, SystemClock};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;

use crate::bundle_file;
use crate::entitlements::Entitlements;
use crate::event::Event;
use crate::issue::{NotIssued, Wish, issue};
use crate::keyring::{Keyring, Terms};
use crate::link::{Authority, News};
use crate::pins::Pins;
use crate::svid::Svid;
use crate::view::View;

/// The wall clock may be set, or stand still while the machine sleeps, and
/// rights may hang on the life of a process: everything is judged anew this
/// often at least.
const LOOK_UP: Millis = Millis::from_secs(5);
/// Certificates asked for at the same time.
const ISSUING_MAX: usize = 8;

/// What the agent keeps; see the module.
pub(crate) struct Steward {
    keyring: Keyring<Svid>,
    /// Due, and waiting for a turn.
    waiting: VecDeque<SpiffeId>,
    issuing: JoinSet<(SpiffeId, Result<Svid, NotIssued>)>,
    authority: Option<Authority>,
    entries: Vec<Entry>,
    pins: Pins,
    bundle: Option<Arc<Bundle>>,
    bundle_file: PathBuf,
    views: watch::Sender<Option<Arc<View>>>,
    events: broadcast::Sender<Event>,
    dice: OsDice,
}

impl Steward {
    pub(crate) fn new(
        bundle_file: PathBuf,
        views: watch::Sender<Option<Arc<View>>>,
        events: broadcast::Sender<Event>,
    ) -> Self {
        Self {
            keyring: Keyring::new(),
            waiting: VecDeque::new(),
            issuing: JoinSet::new(),
            authority: None,
            entries: Vec::new(),
            pins: Pins::default(),
            bundle: None,
            bundle_file,
            views,
            events,
            dice: OsDice::new(),
        }
    }

    /// Works until the link is gone.
    pub(crate) async fn run(mut self, mut news: mpsc::Receiver<News>) {
        loop {
            self.issue_what_is_due();
            let wake = self.time_to_wake();
            tokio::select! {
                word = news.recv() => match word {
                    Some(word) => self.hear(word).await,
                    None => return,
                },
                Some(done) = self.issuing.join_next() => {
                    if let Ok((id, result)) = done {
                        self.settle(&id, result);
                    }
                }
                () = tokio::time::sleep(wake) => self.raise_alarms(),
            }
        }
    }

    async fn hear(&mut self, word: News) {
        match word {
            News::Found(authority) => {
                self.authority = Some(authority);
                self.keyring.hurry_failed(SystemClock.now());
                self.tell(Event::AuthorityFound);
            }
            News::Lost(reason) => {
                self.authority = None;
                self.tell(Event::AuthorityLost { reason });
            }
            News::Entitlements(message) => self.adopt(Entitlements::read(message)).await,
        }
    }

    /// Takes what the authority says as the full state.
    async fn adopt(&mut self, said: Entitlements) {
        for (id, error) in said.refused {
            self.tell(Event::EntryRefused { id, reason: error.to_string() });
        }
        let now = SystemClock.now();
        let pem = match said.bundle {
            Ok(bundle) => self.trust(bundle, now),
            Err(error) => {
                self.tell(Event::BundleRefused { reason: error.to_string() });
                None
            }
        };
        self.pins = self.pins.for_entries(&said.entries);
        self.entries = said.entries;
        self.keyring.assign(&terms(&self.entries), now);
        self.publish();
        if let Some(pem) = pem {
            self.write(pem).await;
        }
    }

    /// A new bundle: certificates that don't stand under it are replaced. The
    /// text of the bundle, if it is new.
    fn trust(&mut self, bundle: Bundle, now: Timestamp) -> Option<String> {
        let known = self.bundle.as_ref().is_some_and(|old| {
            old.anchors() == bundle.anchors() && old.trust_domain() == bundle.trust_domain()
        });
        if known {
            return None;
        }
        let bundles = Bundles::alone(bundle.clone());
        self.keyring.hurry_unless(now, |svid| {
            verify(&svid.certificates, &bundles, Role::Client, now).is_ok()
        });
        let pem = bundle.to_pem();
        self.bundle = Some(Arc::new(bundle));
        Some(pem)
    }

    async fn write(&self, pem: String) {
        let path = self.bundle_file.clone();
        let written = tokio::task::spawn_blocking(move || bundle_file::write(&path, &pem)).await;
        if let Ok(Err(error)) = written {
            self.tell(Event::BundleNotWritten { reason: error.to_string() });
        }
    }

    fn issue_what_is_due(&mut self) {
        let due = self.keyring.due(SystemClock.now());
        self.waiting.extend(due.into_iter().map(|(id, _)| id));
        while self.issuing.len() < ISSUING_MAX
            && let Some(id) = self.waiting.pop_front()
        {
            let authority = self.authority.clone();
            let wish = self.wish(&id);
            self.issuing.spawn(async move {
                let result = match wish {
                    Some(wish) => issue(authority, wish).await,
                    None => Err(NotIssued::Unwanted),
                };
                (id, result)
            });
        }
    }

    fn wish(&self, id: &SpiffeId) -> Option<Wish> {
        let entry = self.entries.iter().find(|entry| entry.id == *id)?;
        let bundle = self.bundle.as_deref()?;
        Some(Wish {
            id: id.clone(),
            evidence: entry.selectors().iter().map(ToString::to_string).collect(),
            bundles: Bundles::alone(bundle.clone()),
        })
    }

    fn settle(&mut self, id: &SpiffeId, result: Result<Svid, NotIssued>) {
        let now = SystemClock.now();
        match result {
            Ok(svid) => {
                let not_after = svid.not_after;
                self.keyring.issued(id, (svid, not_after), now, &mut self.dice);
                self.tell(Event::Issued { id: id.clone() });
            }
            Err(error) => {
                self.keyring.failed(id, now, &mut self.dice);
                self.tell(Event::NotIssued { id: id.clone(), reason: error.to_string() });
            }
        }
        self.raise_alarms();
    }

    /// An alarm may be the end of a certificate, so the view is made anew.
    fn raise_alarms(&mut self) {
        for (id, alarm) in self.keyring.alarms(SystemClock.now()) {
            self.tell(Event::Alarm { id, alarm });
        }
        self.publish();
    }

    fn time_to_wake(&self) -> Duration {
        let now = SystemClock.now();
        let wake = self.keyring.wake(now).unwrap_or(now.plus(LOOK_UP));
        wake.since(now).min(LOOK_UP).into()
    }

    /// Without a bundle there is nothing anybody could use.
    fn publish(&self) {
        let Some(bundle) = &self.bundle else { return };
        let view = View {
            entries: self.entries.clone(),
            pins: self.pins.clone(),
            bundle: Arc::clone(bundle),
            standing: self.keyring.standing(SystemClock.now()),
        };
        self.views.send_replace(Some(Arc::new(view)));
    }

    /// Nobody has to listen.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// Entries may share an identity; it is issued once, on the stricter terms.
fn terms(entries: &[Entry]) -> BTreeMap<SpiffeId, Terms> {
    let mut terms = BTreeMap::<SpiffeId, Terms>::new();
    for entry in entries {
        let own = Terms { lifetime: entry.lifetime, renew: entry.renew };
        terms
            .entry(entry.id.clone())
            .and_modify(|other| *other = other.stricter(own))
            .or_insert(own);
    }
    terms
}
