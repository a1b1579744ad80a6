//! Opening doors in this process, waiting for one, and saying why it stays
//! shut.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::Generation;
use proxy::{DoorStatus, Doors, DoorsConfig};
use tokio::sync::watch;

use super::log::Watch;
use crate::place;

/// How often it is said what is missing.
const COMPLAIN_TIME: Duration = Duration::from_secs(3);

/// The doors of this process, attached to the mesh in `runtime` and `state`.
///
/// # Errors
/// When threads can't be started.
pub(crate) fn doors(
    runtime: &Path,
    state: &Path,
    cores: Option<NonZero<usize>>,
    watch: &Watch,
) -> anyhow::Result<Doors> {
    let present = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Doors::start(DoorsConfig {
        cores: cores.map_or_else(present, NonZero::get),
        workload_api: runtime.join(place::AGENT_SOCKET),
        push: runtime.join(place::PUSH_SOCKET),
        state: state.join(place::DOOR_STATES),
        bundle: state.join(place::BUNDLE_FILE),
        sink: Arc::clone(&watch.sink),
        meters: Arc::clone(&watch.meters),
    })
    .context("can't start the threads of the doors")
}

/// Waits until the door is ready with this generation at least, or with the
/// last good one because it refused that, and gives what it said then; `None`
/// when its keeper is gone. A door that opens from its last-good state knows
/// nothing yet of what changed since. `complain` hears every few seconds what
/// is missing.
pub(crate) async fn opened(
    mut status: watch::Receiver<DoorStatus>,
    generation: Generation,
    mut complain: impl FnMut(&DoorStatus),
) -> Option<DoorStatus> {
    let is_open = |status: &DoorStatus| {
        status.ready && (status.generation >= generation || status.refused.is_some())
    };
    loop {
        let open = async { status.wait_for(is_open).await.ok().map(|status| status.clone()) };
        match tokio::time::timeout(COMPLAIN_TIME, open).await {
            Ok(outcome) => return outcome,
            Err(_) => {
                // No borrow is held while somebody else's code runs.
                let now = status.borrow().clone();
                complain(&now);
            }
        }
    }
}

/// What keeps a door from being ready, in one line.
pub(crate) fn reason(status: &DoorStatus) -> String {
    if let Some(refused) = &status.refused {
        return format!("the configuration was refused: {refused}");
    }
    if !status.problems.is_empty() {
        return status.problems.join("; ");
    }
    match (status.svid_expires, status.connected) {
        (None, _) => "it has no identity yet".to_owned(),
        (_, false) => "it has no connection to the control plane yet".to_owned(),
        _ => "it has no present configuration yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(counter: u64, ready: bool) -> DoorStatus {
        let generation = Generation { epoch: 1, counter };
        DoorStatus { generation, ready, ..DoorStatus::default() }
    }

    #[tokio::test]
    async fn a_ready_door_is_not_waited_for() {
        let (_keep, status) = watch::channel(at(3, true));
        assert!(opened(status, at(2, true).generation, |_| ()).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_door_on_its_last_good_state_is_waited_for() {
        let (change, status) = watch::channel(at(2, true));
        let mut complaints = 0;
        let ready = opened(status, at(3, true).generation, |seen| {
            assert_eq!(seen.generation.counter, 2);
            complaints += 1;
            if complaints == 3 {
                change.send_replace(at(3, true));
            }
        });
        assert_eq!(ready.await.unwrap().generation.counter, 3);
        assert_eq!(complaints, 3);
    }

    #[tokio::test]
    async fn a_door_that_refused_the_generation_opens_with_its_last_good_one() {
        let refused = Some("no such feature".to_owned());
        let (_keep, status) = watch::channel(DoorStatus { refused, ..at(2, true) });
        assert!(opened(status, at(3, true).generation, |_| ()).await.is_some());
    }

    #[test]
    fn the_first_missing_thing_is_named() {
        let mut status = DoorStatus::default();
        assert!(reason(&status).contains("identity"));
        status.problems = vec!["port 80 is taken".to_owned()];
        assert_eq!(reason(&status), "port 80 is taken");
        status.refused = Some("no such feature".to_owned());
        assert!(reason(&status).contains("no such feature"));
    }
}
