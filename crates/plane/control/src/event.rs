//! What the control plane tells whoever runs it, one event at a time, in
//! plain words. It writes no log itself.

use std::fmt;
use std::sync::Arc;

use model::Generation;
use parking_lot::Mutex;
use tokio::sync::broadcast;

/// Something an operator may want to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The documents changed.
    Applied {
        /// What they are now.
        generation: Generation,
        /// How many changed.
        changes: usize,
    },
    /// A door connected.
    DoorCame {
        /// Which service's or gateway's.
        door: String,
        /// Its instance.
        instance: String,
    },
    /// A door's stream ended.
    DoorWent {
        /// Which service's or gateway's.
        door: String,
        /// Its instance.
        instance: String,
    },
    /// A door was not let in.
    DoorRefused {
        /// Who asked.
        caller: String,
        /// Why.
        why: String,
    },
    /// A door won't run a generation; it keeps the one it has.
    GenerationRefused {
        /// Which service's or gateway's.
        door: String,
        /// Its instance.
        instance: String,
        /// Which generation.
        generation: Generation,
        /// Why, in its words.
        why: String,
    },
    /// A certificate was not issued.
    NotIssued {
        /// For which identity.
        id: String,
        /// Why.
        why: String,
    },
    /// Something of our own failed; it is tried again.
    Trouble {
        /// What.
        what: String,
    },
}

impl Event {
    /// One word with hyphens, for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "documents-applied",
            Self::DoorCame { .. } => "door-came",
            Self::DoorWent { .. } => "door-went",
            Self::DoorRefused { .. } => "door-refused",
            Self::GenerationRefused { .. } => "generation-refused",
            Self::NotIssued { .. } => "identity-not-issued",
            Self::Trouble { .. } => "control-trouble",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied { generation, changes } => {
                write!(f, "generation {generation}: {changes} documents changed")
            }
            Self::DoorCame { door, instance } => write!(f, "the door {instance} of {door} came"),
            Self::DoorWent { door, instance } => write!(f, "the door {instance} of {door} went"),
            Self::DoorRefused { caller, why } => write!(f, "{caller} is no door here: {why}"),
            Self::GenerationRefused { door, instance, generation, why } => {
                write!(f, "the door {instance} of {door} refused generation {generation}: {why}")
            }
            Self::NotIssued { id, why } => write!(f, "no certificate for {id}: {why}"),
            Self::Trouble { what } => f.write_str(what),
        }
    }
}

/// Where events go out; nobody has to listen. The first listener also hears
/// what happened before it came.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    out: broadcast::Sender<Event>,
    first: Arc<Mutex<Option<broadcast::Receiver<Event>>>>,
}

/// Events a slow listener may be behind before it misses some.
const BACKLOG: usize = 256;

impl Events {
    pub(crate) fn new() -> Self {
        let (out, first) = broadcast::channel(BACKLOG);
        Self { out, first: Arc::new(Mutex::new(Some(first))) }
    }

    pub(crate) fn tell(&self, event: Event) {
        // An error only says that nobody listens.
        let _ = self.out.send(event);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.first.lock().take().unwrap_or_else(|| self.out.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(what: &str) -> Event {
        Event::Trouble { what: what.into() }
    }

    #[test]
    fn the_first_listener_hears_what_came_before_it() {
        let events = Events::new();
        events.tell(trouble("early"));
        let (mut first, mut second) = (events.listen(), events.listen());
        events.tell(trouble("late"));
        assert_eq!(first.try_recv(), Ok(trouble("early")));
        assert_eq!(first.try_recv(), Ok(trouble("late")));
        assert_eq!(second.try_recv(), Ok(trouble("late")));
    }
}
