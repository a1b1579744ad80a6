//! Section 1.1 of the list of attacks: certificates and handshakes. A new
//! attack is a new row. Every row says which alert the stranger gets and what
//! the access line says, the app behind the door sees no byte, others are
//! served meanwhile, and the legal twin is.

mod certificates;
mod edge;
mod hellos;
mod identities;
mod issuers;
mod keys;
mod leaves;
mod names;
mod servers;
mod sessions;
