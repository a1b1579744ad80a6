//! Who keeps a door supplied: its identity from the Workload API, its
//! configuration from the push, its listeners in step with both. The door
//! itself goes on when any of them is away.

use std::sync::Arc;
use std::time::Duration;

use model::Clock as _;
use net::{Credentials, SystemClock};
use tokio::sync::{Mutex, mpsc};
use wire::push::Record;

use crate::disk::Disk;
use crate::door::Door;
use crate::keeper::Keeper;
use crate::listen;
use crate::push;
use crate::report::{self, Waiting};
use crate::shared::Shared;
use crate::slice::Held;

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Keeps a door until the task is ended.
pub(crate) async fn run(shared: Arc<Shared>, door: Arc<Door>, records: mpsc::Receiver<Record>) {
    let disk = Disk::at(&shared.config.state, &door.spec.service);
    let mut keeper =
        Keeper { held: Held::default(), disk: Arc::new(Mutex::new(disk)), shared, door };
    keeper.start_from_last_good().await;
    let (shared, door) = (Arc::clone(&keeper.shared), Arc::clone(&keeper.door));
    let disk = Arc::clone(&keeper.disk);
    let port = disk.lock().await.inbound_port();
    tokio::join!(
        keep_identity(&shared, &door, &disk),
        listen::keep(&shared, &door, &disk, port),
        keep_config(&mut keeper, records),
    );
}

async fn keep_config(keeper: &mut Keeper, records: mpsc::Receiver<Record>) {
    let mut waiting = Waiting::new(records);
    let own_td = keeper.door.spec.id.trust_domain();
    let server = [identity::server_id(own_td)];
    let credentials = Arc::clone(&keeper.door.credentials);
    let tls = net::tls::Outbound::new(credentials, &server, &[net::tls::ALPN_H2]);
    let tls = Arc::new(tls);
    let mut pause = RETRY_FIRST;
    let door = Arc::clone(&keeper.door);
    loop {
        has_identity(&keeper.door).await;
        let push = keeper.shared.config.push.clone();
        if let Ok(channel) = net::grpc::dial_mtls_unix(&push, Arc::clone(&tls)).await {
            let reporting = report::keep_reporting(channel.clone(), &door, &mut waiting);
            let ended = tokio::select! {
                ended = push::follow(keeper, channel.clone()) => ended,
                never = reporting => match never {},
            };
            if *door.leaving.borrow() {
                door.status.send_modify(|status| status.connected = false);
                // Out of the mesh; what is still to be told is told.
                match report::keep_reporting(channel, &door, &mut waiting).await {}
            }
            if ended.code() == tonic::Code::Ok {
                continue;
            }
            if keeper.door.status.borrow().connected {
                pause = RETRY_FIRST;
            }
            keeper.door.status.send_modify(|status| status.connected = false);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

async fn has_identity(door: &Door) {
    let mut version = door.credentials.version();
    while door.credentials.load().is_none() {
        version = door.credentials.changed(version).await;
    }
}

/// Holds what the Workload API gives, and lets go of what has expired.
async fn keep_identity(shared: &Shared, door: &Door, disk: &Mutex<Disk>) {
    let mut held = shared.workload.subscribe();
    loop {
        let known = held.borrow_and_update().clone();
        if let Some(known) = known {
            let now = SystemClock.now();
            let own = known.get(&door.spec.id).filter(|own| own.not_after > now).cloned();
            if let Some(own) = &own {
                let (chain, key) = (own.chain.clone(), own.key_pkcs8.expose().clone());
                // Told in the status when a push is saved; the next renewal tries again.
                let _unsaved = disk.lock().await.keep_identity(chain, key);
            }
            lose_or_hold(shared, door, own);
        }
        tokio::select! {
            changed = held.changed() => if changed.is_err() { return },
            () = expiry(door) => lose_or_hold(shared, door, None),
        }
    }
}

/// Stores first, then has what is open judged again.
fn lose_or_hold(shared: &Shared, door: &Door, credentials: Option<Credentials>) {
    let before = door.credentials.load_full();
    let next = credentials.clone();
    if door.hold(credentials) {
        shared.cores.end(door.number, "this door lost its identity");
    }
    if let (Some(before), Some(next)) = (before.as_ref(), &next)
        && before.bundles != next.bundles
    {
        shared.cores.retrust(door, next);
    }
}

/// Ends when the certificate held expires; never without one.
async fn expiry(door: &Door) {
    let not_after = door.credentials.load().as_ref().as_ref().map(|held| held.not_after);
    match not_after {
        None => std::future::pending().await,
        Some(not_after) => loop {
            let now = SystemClock.now();
            if now >= not_after {
                return;
            }
            // In steps, because the wall clock may be set meanwhile.
            let step = Duration::from(not_after.since(now)).min(Duration::from_secs(30));
            tokio::time::sleep(step).await;
        },
    }
}
