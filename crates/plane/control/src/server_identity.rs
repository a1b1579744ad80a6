//! The server's own credentials on the push socket, replaced before they get
//! old. The authority decides when; this only asks often enough.

use std::sync::Arc;
use std::time::Duration;

use identity::{Bundle, Bundles};
use model::{Clock as _, Secret};
use net::{Credentials, Swap, SystemClock};

use crate::ca::Authority;
use crate::event::{Event, Events};

const ASK_EVERY: Duration = Duration::from_secs(60);

/// The credentials at present, or why there are none.
pub(crate) fn credentials(authority: &Authority) -> Result<Credentials, String> {
    let svid = authority.server_svid(SystemClock.now()).map_err(|error| error.to_string())?;
    let bundle = Bundle::new(authority.trust_domain().clone(), authority.bundle());
    let bundles = Bundles::alone(bundle.map_err(|error| error.to_string())?);
    Ok(Credentials {
        chain: svid.chain().to_vec(),
        key_pkcs8: Secret::new(svid.key_pkcs8().expose().clone()),
        bundles,
        id: svid.id().clone(),
        not_after: svid.not_after(),
    })
}

/// Replaces them for ever.
pub(crate) async fn keep_fresh(
    authority: Arc<Authority>,
    place: Arc<Swap<Option<Credentials>>>,
    events: Events,
) {
    let mut every = tokio::time::interval(ASK_EVERY);
    loop {
        every.tick().await;
        match credentials(&authority) {
            Ok(fresh) => {
                let present = place.load_full();
                if present.as_ref().as_ref().is_none_or(|held| held.chain != fresh.chain) {
                    place.store(Some(fresh));
                }
            }
            Err(why) => {
                events.tell(Event::Trouble { what: format!("the server has no identity: {why}") });
            }
        }
    }
}
