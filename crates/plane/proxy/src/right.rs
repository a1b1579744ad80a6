//! What an open connection was opened for: what is judged again at a swap.

/// What a listed connection was opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Nothing yet: it is in its handshake.
    Undecided,
    /// HTTP: each request is judged by itself.
    Requests,
    /// A TCP stream in to the app.
    StreamIn { caller: model::Principal, port: u16 },
    /// A TCP stream out to a service.
    StreamOut { service: model::ServiceName, port: u16 },
}
