//! What is remembered of an exchange while it is under way.

use std::sync::Arc;

use model::DecisionId;
use tokio::time::Instant;

use crate::progress::Progress;
use crate::routed::Upstream;
use crate::world::World;

/// An exchange on its way.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) progress: Progress,
    pub(crate) rule: Option<usize>,
    pub(crate) begun: Option<Begun>,
}

/// What is known from its first moment on.
pub(crate) struct Begun {
    pub(crate) id: DecisionId,
    pub(crate) since: Instant,
}

impl Story {
    pub(crate) fn begin(id: DecisionId, since: Instant) -> Self {
        Self { begun: Some(Begun { id, since }), ..Self::default() }
    }

    /// The id the caller may be told.
    pub(crate) fn id(&self) -> DecisionId {
        self.begun.as_ref().map_or(DecisionId::from_random(0), |begun| begun.id)
    }
}

/// A TCP exchange on its way.
pub(crate) struct StreamStory {
    pub(crate) upstream: Option<Upstream>,
    pub(crate) rule: Option<usize>,
    pub(crate) begun: Begun,
    pub(crate) world: Arc<World>,
}

impl StreamStory {
    pub(crate) fn begin(id: DecisionId, since: Instant, world: Arc<World>) -> Self {
        Self { upstream: None, rule: None, begun: Begun { id, since }, world }
    }
}
