//! The verbs that ask or change a running mesh, one file each. They know the
//! admin socket and nothing behind it.

pub(crate) mod apply;
pub(crate) mod ca;
pub(crate) mod completions;
pub(crate) mod documents;
pub(crate) mod explain;
pub(crate) mod identity;
pub(crate) mod init;
pub(crate) mod rules;
pub(crate) mod status;
pub(crate) mod validate;
