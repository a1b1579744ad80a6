//! Handshakes and streams over real sockets.

mod bytes;
mod edge;
mod generations;
mod hellos;
mod mutual;
mod refusals;
mod resumption;
