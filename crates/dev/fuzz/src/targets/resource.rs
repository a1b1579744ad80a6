//! What is pushed to a door, as a delta of xDS or as a single resource: it is
//! taken whole under a seal that fits, or refused with a reason; a seal over
//! anything else never holds.

use aws_lc_rs::digest;
use prost::Message;
use wire::discovery::{DeltaDiscoveryResponse, Resource};
use wire::push::slice::Content;
use wire::push::{Seal, Slice};

use crate::authority;
use crate::door::slice::{Held, Judge, Refused, TYPE_URL};

const GENERATION: &str = "1.7";

pub(super) fn run(input: &[u8]) {
    if let Ok(delta) = DeltaDiscoveryResponse::decode(input) {
        try_delta(&delta);
    }
    let resources = vec![resource("MeshService/default/a", input.to_vec())];
    try_delta(&DeltaDiscoveryResponse { resources, ..DeltaDiscoveryResponse::default() });
}

fn try_delta(delta: &DeltaDiscoveryResponse) {
    let held = match Held::default().with(delta) {
        Ok(held) => held,
        Err(refused) => return check_reason(&refused),
    };
    _ = try_held(&held);
}

/// A state as it came, which nobody sealed, and under a seal of the server.
/// Tells whether it then could be run on.
pub(super) fn try_held(held: &Held) -> bool {
    let service = "default/a".parse().expect("a service");
    let id = authority::door();
    let bundles = authority::bundles();
    let judge = Judge { door: &service, id: &id, bundles, now: authority::now() };
    held.sealed_before();
    match held.compile(&judge) {
        Ok(_) => panic!("nobody sealed this"),
        Err(refused) => check_reason(&refused),
    }
    let sealed = with_seal(held);
    match sealed.compile(&judge) {
        Ok(snapshot) => {
            assert_eq!(
                (&snapshot.door, snapshot.generation.to_string().as_str()),
                (&service, GENERATION)
            );
            check_damage(&sealed, &judge);
            return true;
        }
        Err(Refused::WrongSeal(why)) => panic!("it was sealed: {why}"),
        Err(Refused::Seal(why)) => panic!("it was sealed: {why}"),
        Err(Refused::NoSeal) => panic!("it was sealed"),
        Err(refused) => check_reason(&refused),
    }
    false
}

/// One resource more, and the seal no longer holds.
fn check_damage(sealed: &Held, judge: &Judge<'_>) {
    let slice = Slice { content: Some(Content::Document("{}".to_owned())), ..Slice::default() };
    let resources = vec![resource("zzz", slice.encode_to_vec())];
    let more = DeltaDiscoveryResponse { resources, ..DeltaDiscoveryResponse::default() };
    let more = sealed.with(&more).expect("it can be read");
    assert!(matches!(more.compile(judge), Err(Refused::WrongSeal(_))));
}

fn with_seal(held: &Held) -> Held {
    let digest = digest_of(held);
    let (signature, chain) = authority::seal(GENERATION, &digest);
    let door = authority::door().to_string();
    let seal = Seal { generation: GENERATION.to_owned(), door, digest, signature, chain };
    let slice = Slice { content: Some(Content::Seal(seal)), ..Slice::default() };
    let resources = vec![resource("seal", slice.encode_to_vec())];
    let delta = DeltaDiscoveryResponse { resources, ..DeltaDiscoveryResponse::default() };
    held.with(&delta).expect("the seal can be read")
}

/// SHA-256 over all resources but the seal, as `push.proto` has it.
fn digest_of(held: &Held) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for named in held.to_disk().iter().filter(|named| named.name != "seal") {
        for part in [named.name.as_bytes(), &named.slice] {
            let length = u32::try_from(part.len()).expect("it is short");
            context.update(&length.to_be_bytes());
            context.update(part);
        }
    }
    context.finish().as_ref().to_vec()
}

fn resource(name: &str, value: Vec<u8>) -> Resource {
    let any = prost_types::Any { type_url: TYPE_URL.to_owned(), value };
    Resource { name: name.to_owned(), version: "1".to_owned(), resource: Some(any) }
}

/// The control plane and its operator read it.
fn check_reason(refused: &Refused) {
    assert!(!refused.to_string().is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the target would never get behind the seal.
    #[test]
    fn a_state_under_a_proper_seal_is_taken() {
        let document = |text: &str| {
            let content = Some(Content::Document(text.to_owned()));
            Slice { content, ..Slice::default() }.encode_to_vec()
        };
        let mesh = r#"{"apiVersion": "postern.dev/v1", "kind": "Mesh",
                       "metadata": {"name": "shop"}, "spec": {"trustDomain": "shop"}}"#;
        let service = r#"{"apiVersion": "postern.dev/v1", "kind": "MeshService",
                          "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80, "protocol": "tcp"}]}}"#;
        let resources = vec![resource("m", document(mesh)), resource("a", document(service))];
        let delta = DeltaDiscoveryResponse { resources, ..DeltaDiscoveryResponse::default() };
        let held = Held::default().with(&delta).unwrap();
        assert!(try_held(&held), "it compiles");
    }
}
