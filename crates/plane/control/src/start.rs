//! Starting the control plane: the state is opened and checked before any
//! socket is, so that nothing answers on a broken base.

use std::sync::Arc;

use net::Swap;
use net::unix::{Access, BindError, Listener};
use registry::Patience;
use store::{OpenError, Ring, Store, StoreError};
use tokio::sync::watch;

use crate::attachments::Attachments;
use crate::ca::Authority;
use crate::clock::LeaseClock;
use crate::documents::{Documents, LoadError};
use crate::event::{Event, Events};
use crate::fleet::Fleet;
use crate::instances::Instances;
use crate::owner::{self, OwnerError};
use crate::plane::{Control, Files, Parts, Sockets};
use crate::push::Ground;
use crate::records::BOUNDS;
use crate::server_identity;
use crate::settings::ControlConfig;

const STATE_FILE: &str = "postern.redb";
const DECISIONS_FILE: &str = "decisions.redb";
const CA_DIRECTORY: &str = "ca";
const ADMIN_SOCKET: &str = "admin.sock";
const AUTHORITY_SOCKET: &str = "authority.sock";
const PUSH_SOCKET: &str = "push.sock";

/// Why the control plane does not start. No state was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A state file can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// State and authority don't make one mesh.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The stored documents can't be used.
    #[error(transparent)]
    Documents(#[from] LoadError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server gets no identity of its own.
    #[error("the server has no identity: {0}")]
    Identity(String),
    /// A socket can't be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// Starts the control plane on the runtime at hand.
///
/// # Errors
/// [`StartError`]; nothing listens then.
pub async fn start(config: ControlConfig) -> Result<Control, StartError> {
    let events = Events::new();
    let (store, authority) = open_state(&config).await?;
    let trust_domain = authority.trust_domain().clone();
    let documents = Documents::open(store.clone(), trust_domain, events.clone()).await?;
    let clock = Arc::new(LeaseClock::start());
    let fleet = Arc::new(Fleet::new(Patience::default()));
    let instances = Instances::restore(store.clone(), &fleet, &clock).await?;
    let attachments = Arc::new(Attachments::open(store.clone(), Arc::clone(&clock)).await?);
    let decisions = open_decisions(&config, &events).await?;
    let credentials = server_identity::credentials(&authority).map_err(StartError::Identity)?;
    let sockets = bind(&config)?;
    let stop = watch::Sender::new(false);
    let ground = Ground {
        documents: Arc::new(documents),
        fleet,
        authority,
        credentials: Arc::new(Swap::new(Some(credentials))),
        clock,
        events,
        life: stop.subscribe(),
    };
    let files = Files { store, decisions };
    let parts = Parts { config, ground, attachments, instances, files };
    Ok(Control::begin(parts, sockets, stop))
}

/// The store and the authority it belongs with.
async fn open_state(config: &ControlConfig) -> Result<(Store, Arc<Authority>), StartError> {
    let (file, ca) = (config.state.join(STATE_FILE), config.state.join(CA_DIRECTORY));
    owner::check_beginning(&file, &ca)?;
    let store = Store::open(&file).await?;
    let authority = owner::open(&store, ca, config.trust_domain.clone()).await?;
    Ok((store, Arc::new(authority)))
}

/// Decisions are worth less than a start: a broken file of them is set aside.
async fn open_decisions(config: &ControlConfig, events: &Events) -> Result<Ring, OpenError> {
    let path = config.state.join(DECISIONS_FILE);
    let (ring, aside) = Ring::open(&path, BOUNDS).await?;
    if let Some(aside) = aside {
        let what = format!("{}; it is now {}", aside.error, aside.path.display());
        events.tell(Event::Trouble { what });
    }
    Ok(ring)
}

fn bind(config: &ControlConfig) -> Result<Sockets, BindError> {
    let bind = |name: &str| Listener::bind(&config.runtime.join(name), Access::Owner);
    Ok(Sockets {
        admin: bind(ADMIN_SOCKET)?,
        authority: bind(AUTHORITY_SOCKET)?,
        push: bind(PUSH_SOCKET)?,
    })
}
