//! What a door is to have, as values: resources with versions of their
//! content, and the digest that a seal is set over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use model::Generation;
use prost::Message as _;
use wire::push::{Slice, slice::Content};

/// The one resource type.
pub(crate) const TYPE_URL: &str = "type.googleapis.com/postern.push.v1.Slice";
/// The resource that closes every response.
pub(crate) const SEAL: &str = "seal";

/// One resource, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The SHA-256 of the body, in hex.
    pub(crate) version: String,
    /// An encoded `Slice`.
    pub(crate) body: Vec<u8>,
}

impl Resource {
    pub(crate) fn of(content: Content) -> Arc<Self> {
        let body = Slice { requires: Vec::new(), content: Some(content) }.encode_to_vec();
        Arc::new(Self { version: hex(digest(&SHA256, &body).as_ref()), body })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Everything a door should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) generation: Generation,
    pub(crate) resources: BTreeMap<String, Arc<Resource>>,
    /// Over all resources; see [`digest_of`].
    pub(crate) digest: [u8; 32],
}

impl View {
    pub(crate) fn new(generation: Generation, resources: BTreeMap<String, Arc<Resource>>) -> Self {
        let digest = digest_of(&resources);
        Self { generation, resources, digest }
    }
}

/// SHA-256 over all resources in the order of their names: name and body, each
/// behind its length as a big-endian u32.
fn digest_of(resources: &BTreeMap<String, Arc<Resource>>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        context.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(bytes);
    };
    for (name, resource) in resources {
        part(name.as_bytes());
        part(&resource.body);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(of: &[(&str, &[u8])]) -> BTreeMap<String, Arc<Resource>> {
        let resource =
            |body: &[u8]| Arc::new(Resource { version: String::new(), body: body.into() });
        of.iter().map(|(name, body)| ((*name).to_owned(), resource(body))).collect()
    }

    #[test]
    fn no_bytes_can_move_between_names_and_bodies() {
        let one = digest_of(&resources(&[("a", b"bc"), ("d", b"")]));
        assert_ne!(one, digest_of(&resources(&[("ab", b"c"), ("d", b"")])));
        assert_ne!(one, digest_of(&resources(&[("a", b"bcd")])));
        assert_eq!(one, digest_of(&resources(&[("d", b""), ("a", b"bc")])));
    }

    #[test]
    fn the_digest_is_the_documented_one() {
        let bytes = b"\0\0\0\x01a\0\0\0\x02bc";
        let expected = aws_lc_rs::digest::digest(&SHA256, bytes);
        assert_eq!(digest_of(&resources(&[("a", b"bc")])), expected.as_ref());
    }
}
