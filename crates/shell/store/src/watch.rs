//! Watching a prefix: each commit that touched it, once and in order. Nothing
//! is queued for a watcher; it reads the log from where it stands, so a slow
//! one costs nothing and learns when it has fallen too far behind.

use std::collections::VecDeque;

use tokio::sync::watch;

use crate::database::{Counter, Reading};
use crate::entry::Revision;
use crate::fault::StoreError;
use crate::log::{self, Change};
use crate::store::Store;

/// How many commits are read at once.
const READ_MAX: usize = 256;

/// What a watcher learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// One commit's changes under the prefix; never empty.
    Changed(Change),
    /// The changes since are no longer kept, or the store is not the one this
    /// began with: read the range again. The watch goes on from here.
    Resync(Revision),
}

/// A watch on a prefix.
pub struct Watch {
    store: Store,
    prefix: String,
    seen: Revision,
    tip: watch::Receiver<Revision>,
    ready: VecDeque<Watched>,
}

impl Store {
    /// Watches every key that begins with `prefix`, from the commit after
    /// `after` on: the revision of a range read before.
    #[must_use]
    pub fn watch(&self, prefix: &str, after: Revision) -> Watch {
        Watch {
            store: self.clone(),
            prefix: prefix.to_owned(),
            seen: after,
            tip: self.tip(),
            ready: VecDeque::new(),
        }
    }
}

impl Watch {
    /// The next news; waits until there is some. Dropping the future loses
    /// nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; the watch may be asked again.
    pub async fn next(&mut self) -> Result<Watched, StoreError> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(ready);
            }
            let tip = *self.tip.borrow_and_update();
            if tip == self.seen {
                self.tip.changed().await.map_err(|_| StoreError::Closed)?;
                continue;
            }
            let (prefix, seen) = (self.prefix.clone(), self.seen);
            let caught = self.store.read(move |reading| catch_up(reading, &prefix, seen)).await?;
            self.seen = caught.seen;
            self.ready.extend(caught.news);
        }
    }
}

struct Caught {
    seen: Revision,
    news: Vec<Watched>,
}

fn catch_up(reading: &Reading, prefix: &str, seen: Revision) -> Result<Caught, StoreError> {
    let tip = reading.revision()?;
    if seen > tip || seen.0 < reading.counter(Counter::Compacted)? {
        return Ok(Caught { seen: tip, news: vec![Watched::Resync(tip)] });
    }
    let mut caught = Caught { seen, news: Vec::new() };
    for row in reading.log(seen, READ_MAX)? {
        let events = log::decode(&row.events, prefix).ok_or_else(|| {
            StoreError::Damaged(format!("log row {} is unreadable", row.revision))
        })?;
        caught.seen = row.revision;
        if !events.is_empty() {
            caught.news.push(Watched::Changed(Change { revision: row.revision, events }));
        }
    }
    Ok(caught)
}
