//! A row of an attack table over HTTP/2: frames of a stranger, what has to
//! become of them, and the legal twin. `Row::run` holds the contract: the app
//! saw nothing of the request (G1), the stream or the connection is over (G2),
//! one line says why (G3), others are served (G4), and the twin arrives (G7).

mod row;
mod run;

pub use row::{Row, row};
pub use run::run_table;
