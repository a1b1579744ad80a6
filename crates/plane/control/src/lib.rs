//! The control plane: documents, identities, registry, push, decisions, and
//! the admin API over them. It decides what the doors run on and never sits in
//! the path of a request; doors and agents meet it on sockets only.

mod admin;
mod attachments;
mod authority;
pub mod ca;
mod clock;
mod documents;
mod entitlements;
mod event;
mod fleet;
mod instances;
mod node;
mod owner;
mod plane;
mod push;
mod records;
mod rules;
mod server_identity;
mod settings;
mod start;

pub use documents::LoadError;
pub use event::Event;
pub use owner::OwnerError;
pub use plane::Control;
pub use settings::ControlConfig;
pub use start::{StartError, start};
