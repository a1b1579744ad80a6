//! A door that starts alone, from what is on its disk: it opens from a good
//! state, and from anything else it opens nothing and says why.

use model::{Clock, Millis};
use net::SystemClock;
use testkit::{Authority, Backend, Reply, Stage, until};
use wire::push::LastGood;

fn stage() -> (Stage, Backend) {
    let app = Backend::start(Reply::ok("hello"));
    let yaml = format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80, protocol: http, targetPort: {}}}]}}\n",
        app.address.port()
    );
    (Stage::set(&yaml), app)
}

/// The door must open nothing and say something with these words.
fn refused(words: &str, spoil: impl FnOnce(&Stage, &mut LastGood)) {
    let (stage, _app) = stage();
    let handle = stage.start_spoilt("web", |state| spoil(&stage, state));
    let problem = until("the reason", || handle.status().problems.first().cloned());
    assert!(problem.contains(words), "{problem}");
    let status = handle.status();
    assert_eq!((status.inbound, status.http_proxy, status.ready), (None, None, false));
    assert!(status.outbound.is_empty() && status.svid_expires.is_none());
}

#[test]
fn a_good_state_opens_the_door_with_everything_else_away() {
    let (stage, _app) = stage();
    let handle = stage.start_spoilt("web", |_| {});
    let status = until("the door", || Some(handle.status()).filter(|status| status.ready));
    assert!(status.inbound.is_some() && status.svid_expires.is_some());
    assert!(!status.connected);
}

#[test]
fn content_that_is_not_what_was_sealed_is_refused() {
    refused("not what was sealed", |_, state| {
        let document = state.slices.iter_mut().find(|s| s.name.contains("MeshService")).unwrap();
        let at = document.slice.windows(2).position(|two| two == b"80").unwrap();
        document.slice[at] = b'9';
    });
}

#[test]
fn a_resource_left_out_is_refused() {
    refused("not what was sealed", |_, state| {
        state.slices.retain(|slice| !slice.name.contains("Mesh/"));
    });
}

#[test]
fn a_state_without_a_seal_is_refused() {
    refused("no seal", |_, state| state.slices.retain(|slice| slice.name != "seal"));
}

#[test]
fn another_doors_state_is_refused() {
    let yaml = "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {name: api}\nspec: {ports: [{port: 80, protocol: http}]}\n";
    let both = Stage::set(&format!("{yaml}---\n{}", yaml.replace("name: api", "name: web")));
    let handle = both.start_spoilt("web", |state| state.slices = both.state_of("api").slices);
    let problem = until("the reason", || handle.status().problems.first().cloned());
    assert!(problem.contains("names another door"), "{problem}");
}

#[test]
fn a_seal_of_another_authority_of_the_same_name_is_refused() {
    refused("the seal", |_, state| {
        let (foreign, _app) = stage();
        state.slices = foreign.state_of("web").slices;
    });
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    refused("its certificate", |stage, state| {
        let foreign = Authority::of("stage");
        let own = foreign.credentials(&stage.authority.id("web"));
        (state.chain, state.key) = (own.chain, own.key_pkcs8.expose().clone());
    });
}

#[test]
fn somebody_elses_certificate_is_refused() {
    refused("sa/api", |stage, state| {
        let own = stage.authority.credentials(&stage.authority.id("api"));
        (state.chain, state.key) = (own.chain, own.key_pkcs8.expose().clone());
    });
}

#[test]
fn an_expired_certificate_is_refused() {
    refused("expired", |stage, state| {
        let past = SystemClock.now().minus(Millis::from_secs(7200));
        let id = stage.authority.id("web");
        let own = stage.authority.credentials_until(&id, past, Millis::from_secs(3600));
        (state.chain, state.key) = (own.chain, own.key_pkcs8.expose().clone());
    });
}

#[test]
fn a_feature_this_version_lacks_is_refused() {
    use prost::Message as _;
    refused("requires `time-travel`", |_, state| {
        let first = state.slices.first_mut().unwrap();
        let mut slice = wire::push::Slice::decode(first.slice.as_slice()).unwrap();
        slice.requires = vec!["time-travel".to_owned()];
        first.slice = slice.encode_to_vec();
    });
}

#[test]
fn a_seal_under_another_name_is_refused() {
    refused("can't be read", |_, state| {
        let seal = state.slices.iter_mut().find(|slice| slice.name == "seal").unwrap();
        seal.name = "zeal".into();
    });
}
