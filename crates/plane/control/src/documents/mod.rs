//! The documents: what stands, and how it changes. A change is read, checked
//! against all that stands, and written with the generation it was made from
//! in one commit; only then does anybody see it.

mod journal;
mod keeper;
mod plan;
mod wanted;

pub use journal::LoadError;
pub(crate) use keeper::Documents;
pub(crate) use wanted::{ApplyError, Current, Wanted};
