//! Telling doors what they run on: the delta half of xDS with our own
//! resources. One response is one generation, cut to what the door's proved
//! identity may know, sealed, and applied whole or not at all.

mod cut;
mod delta;
mod ground;
mod seal;
mod service;
mod session;
mod view;

pub(crate) use ground::Ground;
pub(crate) use service::{Push, proved};
