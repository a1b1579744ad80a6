//! The doors as a SPIFFE workload: one stream of X.509-SVIDs from the Workload
//! API for the whole process, from which each door takes its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use identity::{Bundle, Bundles};
use model::{Secret, SpiffeId};
use net::Credentials;
use net::grpc::workload::spiffe_workload_api_client::SpiffeWorkloadApiClient;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status, Streaming};
use wire::workload::{X509svid, X509svidRequest, X509svidResponse};

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// An agent that has just started may not have heard of us yet: what is held
/// is held for so long against a refusal on a new stream. A stream that gave
/// us identities and then refuses them takes them at once.
const GRACE: Duration = Duration::from_secs(10);

/// All identities this process is entitled to now. `None` before the first
/// answer: nobody is told that they have lost what was never known.
pub(crate) type Held = Option<Arc<HashMap<SpiffeId, Credentials>>>;

/// The watch over the Workload API.
pub(crate) struct Workload {
    held: watch::Receiver<Held>,
}

impl Workload {
    /// Starts watching; goes on for as long as the runtime does.
    pub(crate) fn watch(socket: PathBuf, runtime: &Runtime) -> Self {
        let (sender, held) = watch::channel(None);
        runtime.spawn(keep_watching(socket, sender));
        Self { held }
    }

    /// What is held, and changes of it.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Held> {
        self.held.clone()
    }
}

async fn keep_watching(socket: PathBuf, held: watch::Sender<Held>) {
    let mut pause = RETRY_FIRST;
    let mut denied_since = None;
    while !held.is_closed() {
        let ended = stream(&socket, &held, &mut pause).await;
        if ended.status.code() == Code::PermissionDenied {
            let since = *denied_since.get_or_insert_with(Instant::now);
            let revoked = ended.had_spoken || since.elapsed() > GRACE;
            let is_empty = held.borrow().as_ref().is_some_and(|held| held.is_empty());
            if revoked && !is_empty {
                held.send_replace(Some(Arc::default()));
            }
        } else {
            denied_since = None;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

/// How a stream ended, and whether it had given us identities before.
struct Ended {
    status: Status,
    had_spoken: bool,
}

/// Follows one stream to its end.
async fn stream(socket: &Path, held: &watch::Sender<Held>, pause: &mut Duration) -> Ended {
    let mut had_spoken = false;
    let mut messages = match open(socket).await {
        Ok(messages) => messages,
        Err(status) => return Ended { status, had_spoken },
    };
    loop {
        let status = match messages.message().await {
            Ok(Some(message)) => {
                *pause = RETRY_FIRST;
                had_spoken = true;
                held.send_replace(Some(Arc::new(read(message))));
                continue;
            }
            Ok(None) => Status::unavailable("the Workload API ended its stream"),
            Err(status) => status,
        };
        return Ended { status, had_spoken };
    }
}

async fn open(socket: &Path) -> Result<Streaming<X509svidResponse>, Status> {
    let channel = net::grpc::dial_unix(socket).await;
    let channel = channel.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(X509svidRequest {});
    request.metadata_mut().insert("workload.spiffe.io", MetadataValue::from_static("true"));
    let opened = SpiffeWorkloadApiClient::new(channel).fetch_x509svid(request).await?;
    Ok(opened.into_inner())
}

/// Takes what is well formed; an identity that is not is one we don't have.
fn read(message: X509svidResponse) -> HashMap<SpiffeId, Credentials> {
    let svids = message.svids.into_iter().filter_map(credentials);
    svids.map(|held| (held.id.clone(), held)).collect()
}

fn credentials(svid: X509svid) -> Option<Credentials> {
    let id: SpiffeId = svid.spiffe_id.parse().ok()?;
    let key_pkcs8 = Secret::new(svid.x509_svid_key);
    let chain = split_der(&svid.x509_svid)?;
    let anchors = split_der(&svid.bundle)?;
    let leaf = wire::x509::read(chain.first()?).ok()?;
    if leaf.uris != [id.to_string()] {
        return None;
    }
    let bundle = Bundle::new(id.trust_domain().clone(), anchors).ok()?;
    let bundles = Bundles::new(bundle, Vec::new()).ok()?;
    Some(Credentials { chain, key_pkcs8, bundles, id, not_after: leaf.not_after })
}

/// Certificates that stand one after the other, as the Workload API has them.
pub(crate) fn split_der(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (one, rest) = bytes.split_at_checked(der_length(bytes)?)?;
        all.push(one.to_vec());
        bytes = rest;
    }
    (!all.is_empty()).then_some(all)
}

/// The length of the SEQUENCE that begins here, its header included.
fn der_length(bytes: &[u8]) -> Option<usize> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    if *first < 0x80 {
        return Some(2 + usize::from(*first));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return None;
    }
    let length = rest.get(..count)?.iter().fold(0_usize, |sum, b| sum << 8 | usize::from(*b));
    length.checked_add(2 + count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_in_a_row_are_told_apart() {
        let short = [0x30, 2, 1, 2];
        let mut long = vec![0x30, 0x82, 0x01, 0x00];
        long.extend([9; 256]);
        let row = [short.as_slice(), &long, &short].concat();
        assert_eq!(split_der(&row).unwrap(), [short.to_vec(), long, short.to_vec()]);
    }

    #[test]
    fn what_is_cut_or_no_sequence_is_refused() {
        for bad in [&[][..], &[0x30], &[0x30, 3, 1], &[0x31, 1, 0], &[0x30, 0x80], &[0x30, 0x85]] {
            assert!(split_der(bad).is_none(), "{bad:?}");
        }
    }
}
