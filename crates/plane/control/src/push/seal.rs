//! The seal: what a door's whole state is, signed by the server, so that a
//! door may start from it later without anybody's help.

use identity::Sealed;
use model::{SpiffeId, Timestamp};
use prost::Message as _;
use wire::push::{Seal, Slice, slice::Content};

use super::view::View;
use crate::ca::{Authority, IssueError};

/// An encoded `Slice` with the seal over `view`, cut for `door`.
pub(crate) fn seal(
    authority: &Authority,
    view: &View,
    door: &SpiffeId,
    now: Timestamp,
) -> Result<Vec<u8>, IssueError> {
    let (generation, door) = (view.generation.to_string(), door.to_string());
    let sealed = Sealed { generation: &generation, door: &door, digest: &view.digest };
    let set = authority.seal(&sealed.message(), now)?;
    let digest = view.digest.to_vec();
    let seal = Seal { generation, door, digest, signature: set.signature, chain: set.chain };
    Ok(Slice { requires: Vec::new(), content: Some(Content::Seal(seal)) }.encode_to_vec())
}
