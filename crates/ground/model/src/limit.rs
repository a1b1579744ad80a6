//! Every limit a door holds, with the value it has when nobody says another.

use crate::time::Millis;

/// What one peer, connection or message may cost. All of it is on by default.
/// Sizes are in bytes unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Request line plus header section, as received (431 or 414 beyond it).
    pub head_bytes_max: usize,
    /// Header fields in one section (431 beyond it).
    pub header_count_max: usize,
    /// The request line alone (414 beyond it).
    pub request_line_bytes_max: usize,
    /// One chunk-size line, extension included (400 beyond it).
    pub chunk_line_bytes_max: usize,
    /// All chunk extensions of one message together (400 beyond it).
    pub chunk_extension_bytes_max: usize,
    /// The trailer section of one message (400 beyond it).
    pub trailer_bytes_max: usize,
    /// Interim (1xx) responses passed on for one request (502 beyond it).
    pub interim_responses_max: u32,
    /// From accept to the end of the TLS handshake.
    pub handshake_time: Millis,
    /// From the first byte of a request to the end of its header section (408).
    pub head_time: Millis,
    /// A kept-alive connection without a request is closed after this.
    pub idle_time: Millis,
    /// No byte of a body moved in either direction for this long (408 or 504).
    pub body_stall_time: Millis,
    /// Connecting to an endpoint, TLS handshake included (503 or 504).
    pub connect_time: Millis,
    /// From the last byte of the request to the response head (504).
    pub response_time: Millis,
    /// A TCP stream on which nothing moves in either direction is closed.
    pub tcp_idle_time: Millis,
    /// Connections open at one listener; more are closed at once.
    pub connections_max: usize,
    /// Idle connections kept for one endpoint, per core.
    pub pool_idle_max: usize,
    /// An idle pooled connection is closed after this; shorter than the
    /// `idle_time` of the door behind it, so the two never race.
    pub pool_idle_time: Millis,
    /// From SIGTERM until open exchanges are cut.
    pub drain_time: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 64 * 1024,
            header_count_max: 128,
            request_line_bytes_max: 16 * 1024,
            chunk_line_bytes_max: 4 * 1024,
            chunk_extension_bytes_max: 16 * 1024,
            trailer_bytes_max: 16 * 1024,
            interim_responses_max: 16,
            handshake_time: Millis(10_000),
            head_time: Millis(10_000),
            idle_time: Millis(60_000),
            body_stall_time: Millis(60_000),
            connect_time: Millis(5_000),
            response_time: Millis(60_000),
            tcp_idle_time: Millis(24 * 3_600_000),
            connections_max: 50_000,
            pool_idle_max: 64,
            pool_idle_time: Millis(30_000),
            drain_time: Millis(15_000),
        }
    }
}
