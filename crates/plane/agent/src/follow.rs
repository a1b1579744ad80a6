//! One open stream of the Workload API: the first answer at once, the next
//! when something this process gets has changed, the end when its right or
//! its life ends.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use host::Facts;
use model::Dice;
use net::OsDice;
use tokio::time::Instant;
use tonic::Status;

use crate::judge::{Grant, Judgement, judge};
use crate::peer::{Peer, Unknown};
use crate::view::Views;

/// How long a first answer waits for certificates on their way.
const FIRST_ANSWER_TIME: Duration = Duration::from_secs(5);
/// A change reaches the streams spread over this many milliseconds, so that
/// not all workloads act at the same instant. Changes that come meanwhile go
/// out as one.
const SPREAD_MS: u64 = 100;

/// What a stream has sent, and what it follows.
pub(crate) struct Follow {
    views: Views,
    peer: Peer,
    own: i32,
    last: Option<Grant>,
}

/// Why a stream ends. `Display` is for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the authority has not spoken yet")]
    Starting,
    #[error("its certificates could not be issued or have expired")]
    NoCertificate,
    #[error("no entry matches {}", shown(.0))]
    NoIdentity(Box<Facts>),
    #[error(transparent)]
    Unknown(#[from] Unknown),
    #[error("the process that connected has ended")]
    Ended,
    #[error("the agent stops")]
    Stopping,
}

impl Refusal {
    /// For the caller, in the codes of the Workload API. It says nothing
    /// about other workloads, and nothing about the entries.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Starting => Status::unavailable("the agent has no entitlements yet: try again"),
            Self::NoCertificate => {
                Status::unavailable("no valid certificate can be had at the moment: try again")
            }
            Self::NoIdentity(_) => Status::permission_denied("no identity is registered for you"),
            Self::Unknown(_) | Self::Ended => {
                Status::permission_denied("the kernel doesn't say who you are")
            }
            Self::Stopping => Status::unavailable("the agent stops"),
        }
    }
}

/// The facts in the form of the selectors they would match.
fn shown(facts: &Facts) -> String {
    let path = facts.path.as_ref().map_or("unknown".into(), |path| path.to_string_lossy());
    let (uid, gid, pid) = (facts.uid, facts.gid, facts.pid);
    format!("unix:uid:{uid} unix:gid:{gid} unix:pid:{pid} unix:path:{path}")
}

impl Follow {
    pub(crate) const fn new(views: Views, peer: Peer, own: i32) -> Self {
        Self { views, peer, own, last: None }
    }

    /// The first answer, waiting a little for one that is on its way.
    pub(crate) async fn first(&mut self) -> Result<Grant, Refusal> {
        let deadline = Instant::now() + FIRST_ANSWER_TIME;
        loop {
            let (facts, judgement) = self.judge().await?;
            match judgement {
                Judgement::Granted(grant) => return Ok(self.remember(grant)),
                Judgement::Nothing => return Err(Refusal::NoIdentity(facts)),
                Judgement::Absent => return Err(Refusal::NoCertificate),
                Judgement::Soon => {
                    let changed = tokio::time::timeout_at(deadline, self.views.changed()).await;
                    let changed = changed.map_err(|_| Refusal::NoCertificate)?;
                    changed.map_err(|_| Refusal::Stopping)?;
                }
            }
        }
    }

    /// The next answer that differs from the last.
    pub(crate) async fn next(&mut self) -> Result<Grant, Refusal> {
        loop {
            self.change().await?;
            let (facts, judgement) = self.judge().await?;
            match judgement {
                Judgement::Granted(grant) if self.last.as_ref() != Some(&grant) => {
                    return Ok(self.remember(grant));
                }
                Judgement::Granted(_) | Judgement::Soon => {}
                Judgement::Nothing => return Err(Refusal::NoIdentity(facts)),
                Judgement::Absent => return Err(Refusal::NoCertificate),
            }
        }
    }

    /// The first answer and all after it, ending with the refusal.
    pub(crate) fn stream<T>(
        self,
        first: &Grant,
        message: fn(&Grant) -> T,
    ) -> impl Stream<Item = Result<T, Status>> + use<T> {
        let first = futures_util::stream::iter([Ok(message(first))]);
        let rest = futures_util::stream::unfold(Some(self), move |follow| async move {
            let mut follow = follow?;
            match follow.next().await {
                Ok(grant) => Some((Ok(message(&grant)), Some(follow))),
                Err(refusal) => Some((Err(refusal.status()), None)),
            }
        });
        first.chain(rest)
    }

    /// Facts first, then the view, so that nothing is judged by a view that
    /// was replaced while the facts were being read.
    async fn judge(&mut self) -> Result<(Box<Facts>, Judgement), Refusal> {
        if self.views.borrow().is_none() {
            return Err(Refusal::Starting);
        }
        let facts = Box::new(self.peer.facts().await?);
        let view = self.views.borrow_and_update().as_ref().map(Arc::clone);
        let judgement = judge(&*view.ok_or(Refusal::Starting)?, &facts, self.own);
        Ok((facts, judgement))
    }

    /// Returns a moment after a change of the view.
    async fn change(&mut self) -> Result<(), Refusal> {
        tokio::select! {
            changed = self.views.changed() => changed.map_err(|_| Refusal::Stopping)?,
            () = self.peer.ended() => return Err(Refusal::Ended),
        }
        let spread = Duration::from_millis(OsDice::new().below(SPREAD_MS));
        tokio::select! {
            () = tokio::time::sleep(spread) => Ok(()),
            () = self.peer.ended() => Err(Refusal::Ended),
        }
    }

    fn remember(&mut self, grant: Grant) -> Grant {
        self.last = Some(grant.clone());
        grant
    }
}
