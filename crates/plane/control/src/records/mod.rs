//! Decisions of the doors, kept for a day so that an operator can ask why.

mod decision;
mod enrich;
mod service;
mod writer;

pub(crate) use service::RecordsService;
pub(crate) use writer::{BOUNDS, Writer};
