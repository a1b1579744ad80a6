//! A TLS configuration built once for each credentials, not once for each
//! connection. Session tickets and caches live in it and go with it.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use identity::Role;
use model::{Clock, Timestamp};

use super::error::HandshakeError;
use super::trust::Trust;
use crate::clock::SystemClock;
use crate::credentials::Credentials;
use crate::swap::Swap;

/// What was built from one credentials.
pub(super) struct Generation<C> {
    of: Arc<Option<Credentials>>,
    pub(super) config: Arc<C>,
    pub(super) trust: Arc<Trust>,
}

/// The present generation, rebuilt when the credentials were swapped.
pub(super) struct Generations<C> {
    credentials: Arc<Swap<Option<Credentials>>>,
    peers: Role,
    built: ArcSwapOption<Generation<C>>,
    building: Mutex<()>,
}

impl<C> Generations<C> {
    /// Nothing built yet. `peers` is the role the other side plays.
    pub(super) fn new(credentials: Arc<Swap<Option<Credentials>>>, peers: Role) -> Self {
        Self { credentials, peers, built: ArcSwapOption::empty(), building: Mutex::new(()) }
    }

    /// The generation of the present credentials. An error while there are
    /// none, or none that are valid now.
    pub(super) fn present(
        &self,
        build: impl FnOnce(&Credentials, &Arc<Trust>) -> Result<C, rustls::Error>,
    ) -> Result<Arc<Generation<C>>, HandshakeError> {
        let wanted = self.credentials.load_full();
        let credentials = usable(&wanted, SystemClock.now())?;
        if let Some(built) = self.built_of(&wanted) {
            return Ok(built);
        }
        let _one_at_a_time = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = self.built_of(&wanted) {
            return Ok(built);
        }
        let trust = Arc::new(Trust::new(credentials.bundles.clone(), self.peers));
        let config = build(credentials, &trust).map_err(unusable)?;
        let built = Generation { of: Arc::clone(&wanted), config: Arc::new(config), trust };
        let built = Arc::new(built);
        self.built.store(Some(Arc::clone(&built)));
        Ok(built)
    }

    fn built_of(&self, wanted: &Arc<Option<Credentials>>) -> Option<Arc<Generation<C>>> {
        self.built.load_full().filter(|built| Arc::ptr_eq(&built.of, wanted))
    }
}

fn usable(
    credentials: &Option<Credentials>,
    now: Timestamp,
) -> Result<&Credentials, HandshakeError> {
    match credentials {
        None => Err(HandshakeError::Own("this side has no identity yet".to_owned())),
        Some(own) if own.not_after <= now => Err(HandshakeError::Own(format!(
            "this side's certificate expired at {}",
            own.not_after
        ))),
        Some(own) => Ok(own),
    }
}

fn unusable(error: rustls::Error) -> HandshakeError {
    HandshakeError::Own(format!("this side's certificate can't be used: {error}"))
}
