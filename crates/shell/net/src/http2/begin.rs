//! How a connection is begun, on either side.

use std::rc::Rc;

use model::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::http2::Machine;

use super::driver::{Driver, Patience};
use super::mux::Mux;
use super::pump::Pump;
use super::shared::Shared;

/// The side that is called. Nothing moves unless the driver is polled.
pub fn server<S>(io: S, limits: &Limits) -> (Mux, Driver<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    server_with(io, Vec::new(), limits)
}

/// The side that is called, on a connection of which the beginning was read to
/// learn what it speaks.
pub fn server_with<S>(io: S, already_read: Vec<u8>, limits: &Limits) -> (Mux, Driver<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shared = Rc::new(Shared::new(Machine::server(limits)));
    let pump = Pump::new(io, already_read, shared.clone());
    let driver = Driver::new(shared.clone(), pump, Patience::of_server(limits));
    (Mux::new(shared), driver)
}

/// The side that calls. Who keeps the connection decides how long it may idle.
///
/// Its window has room for what all streams together may leave unread, and as
/// much again, since a window is given back by halves: callers who share it
/// must not be able to stop each other by not reading.
pub fn client<S>(io: S, limits: &Limits) -> (Mux, Driver<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let all_streams = limits.http2_stream_window_bytes.saturating_mul(limits.http2_streams_max);
    let window = limits.http2_connection_window_bytes.max(all_streams.saturating_mul(2));
    let limits = &Limits { http2_connection_window_bytes: window, ..limits.clone() };
    let shared = Rc::new(Shared::new(Machine::client(limits)));
    let pump = Pump::new(io, Vec::new(), shared.clone());
    let driver = Driver::new(shared.clone(), pump, Patience::of_client(limits));
    (Mux::new(shared), driver)
}
