//! What a door says of itself on its first request. None of it is believed
//! before it was held against the identity the door proved.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use model::ServiceName;
use prost_types::value::Kind;
use wire::discovery;

/// A door, as it presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The instance's own name, unique in the mesh.
    pub(crate) instance: String,
    /// The service or gateway it is the door of.
    pub(crate) door: ServiceName,
    /// Where it listens for other doors; none for a gateway.
    pub(crate) address: Option<SocketAddr>,
}

/// Why a node is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("the first request says who asks: `node` is missing")]
    Missing,
    #[error("`node.id` is the instance's name, of 1 to 253 visible characters")]
    Instance,
    #[error("`door` in the node's metadata is a `namespace/name`")]
    Door,
    #[error("`address` in the node's metadata is an `ip:port` that can be connected to")]
    Address,
}

const NAME_BYTES_MAX: usize = 253;

impl Node {
    /// Reads the node of a first request.
    pub(crate) fn read(node: Option<discovery::Node>) -> Result<Self, NodeError> {
        let discovery::Node { id: instance, metadata, .. } = node.ok_or(NodeError::Missing)?;
        let is_visible = |c: char| c.is_ascii_graphic();
        let fits = (1..=NAME_BYTES_MAX).contains(&instance.len());
        if !fits || !instance.chars().all(is_visible) {
            return Err(NodeError::Instance);
        }
        let mut fields = metadata.map(|metadata| metadata.fields).unwrap_or_default();
        let door = take_text(&mut fields, "door").ok_or(NodeError::Door)?;
        let door = door.parse().map_err(|_| NodeError::Door)?;
        let address = match take_text(&mut fields, "address").as_deref() {
            None | Some("") => None,
            Some(text) => Some(read_address(text).ok_or(NodeError::Address)?),
        };
        Ok(Self { instance, door, address })
    }
}

fn take_text(fields: &mut BTreeMap<String, prost_types::Value>, name: &str) -> Option<String> {
    match fields.remove(name)?.kind? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

fn read_address(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    let is_no_place = address.ip().is_unspecified() || address.ip().is_multicast();
    (!is_no_place && address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, fields: &[(&str, &str)]) -> Result<Node, NodeError> {
        let text = |text: &str| prost_types::Value { kind: Some(Kind::StringValue(text.into())) };
        let fields = fields.iter().map(|(name, value)| ((*name).into(), text(value))).collect();
        let metadata = Some(prost_types::Struct { fields });
        Node::read(Some(discovery::Node { id: id.into(), metadata, ..Default::default() }))
    }

    #[test]
    fn a_door_says_its_instance_its_service_and_its_address() {
        let read = node("web-1", &[("door", "default/web"), ("address", "127.0.0.1:41234")]);
        let read = read.unwrap();
        assert_eq!((read.instance.as_str(), read.door.to_string().as_str()), ("web-1", "web"));
        assert_eq!(read.address, Some("127.0.0.1:41234".parse().unwrap()));
        assert_eq!(node("g", &[("door", "g")]).unwrap().address, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(Node::read(None), Err(NodeError::Missing));
        for id in ["", "a b", "a\n", &"a".repeat(254)] {
            assert_eq!(node(id, &[("door", "web")]), Err(NodeError::Instance), "{id:?}");
        }
        assert_eq!(node("a", &[]), Err(NodeError::Door));
        assert_eq!(node("a", &[("door", "a/b/c")]), Err(NodeError::Door));
        for address in
            ["web:80", "127.0.0.1:0", "0.0.0.0:80", "[::]:80", "224.0.0.1:80", "127.0.0.1"]
        {
            let read = node("a", &[("door", "web"), ("address", address)]);
            assert_eq!(read, Err(NodeError::Address), "{address}");
        }
    }
}
