//! The two planes beside the doors: started in order, stopped in reverse.

use std::sync::Arc;

use agent::{Agent, AgentConfig};
use anyhow::Context as _;
use control::{Control, ControlConfig};
use model::TrustDomain;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::event::Event;
use super::ground::Ground;
use super::household::RESIDENT;
use super::screen::Screen;
use crate::paint::Tint;
use crate::place;

/// Control plane and agent.
pub(crate) struct Planes {
    control: Control,
    agent: Agent,
}

impl Planes {
    /// Starts the control plane, and the agent on its authority socket.
    ///
    /// # Errors
    /// What either says when it can't start.
    pub(crate) async fn start(
        ground: &Ground,
        trust_domain: Option<TrustDomain>,
        metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> anyhow::Result<Self> {
        let control = control::start(ControlConfig {
            state: ground.state.clone(),
            runtime: ground.runtime.clone(),
            trust_domain,
            metrics,
        })
        .await
        .context("the control plane can't start")?;
        let agent = agent::start(AgentConfig {
            socket: ground.runtime.join(place::AGENT_SOCKET),
            authority: ground.runtime.join(place::AUTHORITY_SOCKET),
            bundle_file: ground.state.join(place::BUNDLE_FILE),
        })
        .await
        .context("the agent can't start")?;
        Ok(Self { control, agent })
    }

    /// Passes on what both tell, from now on.
    pub(crate) fn tell(&self, screen: &Arc<Screen>) {
        let (agent, control) = (self.agent.events(), self.control.events());
        tokio::spawn(pass_on(agent, Arc::clone(screen), of_agent));
        tokio::spawn(pass_on(control, Arc::clone(screen), of_control));
    }

    /// Stops both.
    pub(crate) async fn stop(self) {
        self.agent.stop().await;
        self.control.stop().await;
    }
}

async fn pass_on<T: Clone>(
    mut events: Receiver<T>,
    screen: Arc<Screen>,
    describe: impl Fn(&T) -> Option<Event>,
) {
    loop {
        match events.recv().await {
            Ok(event) => describe(&event).iter().for_each(|event| screen.event(event)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// The doors in this process come once to be told where they are and again
/// with their address; the table shows them: no news.
fn of_control(event: &control::Event) -> Option<Event> {
    use control::Event::{
        Applied, DoorCame, DoorRefused, DoorWent, GenerationRefused, NotIssued, Trouble,
    };
    let tint = match event {
        DoorCame { instance, .. } | DoorWent { instance, .. } if instance.ends_with(RESIDENT) => {
            return None;
        }
        Applied { .. } => Tint::Plain,
        DoorCame { .. } => Tint::Dim,
        DoorWent { .. } => Tint::Warn,
        DoorRefused { .. } | GenerationRefused { .. } | NotIssued { .. } | Trouble { .. } => {
            Tint::Bad
        }
    };
    let told = Event::new(event.name(), event.to_string()).tinted(tint);
    Some(match event {
        Applied { generation, changes } => {
            told.with("generation", generation.to_string()).with("changes", *changes)
        }
        _ => told,
    })
}

/// Our own doors ask before the agent knows that they may: no news.
fn of_agent(event: &agent::Event) -> Option<Event> {
    use agent::Event::{
        Alarm, AuthorityFound, AuthorityLost, BundleNotWritten, BundleRefused, EntryRefused,
        Issued, NotIssued, Refused,
    };
    let (name, tint) = match event {
        AuthorityFound => ("authority-found", Tint::Dim),
        AuthorityLost { .. } => ("authority-lost", Tint::Warn),
        EntryRefused { .. } => ("entry-refused", Tint::Bad),
        BundleRefused { .. } => ("bundle-refused", Tint::Bad),
        BundleNotWritten { .. } => ("bundle-not-written", Tint::Bad),
        Issued { .. } => ("identity-issued", Tint::Dim),
        NotIssued { .. } => ("identity-not-issued", Tint::Bad),
        Alarm { .. } => ("identity-alarm", Tint::Bad),
        Refused { who, .. } if is_us(who) => return None,
        Refused { .. } => ("identity-refused", Tint::Warn),
    };
    Some(Event::new(name, event.to_string()).tinted(tint))
}

fn is_us(who: &str) -> bool {
    who.starts_with(&format!("process {} ", std::process::id()))
}
