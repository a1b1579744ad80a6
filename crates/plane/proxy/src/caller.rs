//! Who is on the other end of a connection.

use model::Principal;

/// Who it is, as proved.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The fields that tell the next one about it.
    pub(crate) fields: Vec<(&'static str, String)>,
}
