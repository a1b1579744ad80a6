//! Every limit a door holds, with the value it has when nobody says another.

use crate::time::Millis;

/// What one peer, connection or message may cost. All of it is on by default.
/// Sizes are in bytes unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Request line plus header section, as received (431 or 414 beyond it). In
    /// HTTP/2 the fields as decoded, cookies among them, each with 32 bytes more
    /// (RFC 9113 section 6.5.2; 431 beyond it, ENHANCE_YOUR_CALM beyond four
    /// times as much), and the header block as received.
    pub head_bytes_max: usize,
    /// Header fields in one section (431 beyond it). The parts of a cookie that
    /// HTTP/2 may send one by one count as one.
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
    /// From the first byte of a request to the end of its header section (408);
    /// in HTTP/2 from the first byte of a frame or header block to its end.
    pub head_time: Millis,
    /// A kept-alive connection without a request is closed after this; HTTP/2
    /// says GOAWAY before.
    pub idle_time: Millis,
    /// No byte of a body moved in either direction for this long (408 or 504),
    /// because nothing came or because the reader made no room.
    pub body_stall_time: Millis,
    /// Connecting to an endpoint, TLS handshake included (503 or 504).
    pub connect_time: Millis,
    /// From the last byte of the request to the response head (504). Long
    /// enough for long polling.
    pub response_time: Millis,
    /// An open-ended answer, gRPC stream or WebSocket on which nothing moves in
    /// either direction for this long is ended.
    pub stream_idle_time: Millis,
    /// A TCP stream on which nothing moves in either direction is closed.
    pub tcp_idle_time: Millis,
    /// The age at which a connection takes no new requests: HTTP/2 says so by
    /// GOAWAY, HTTP/1.1 by `connection: close`. What is open goes on.
    pub connection_age: Millis,
    /// Connections open at one listener; more are closed at once.
    pub connections_max: usize,
    /// Idle connections kept for one endpoint, per core.
    pub pool_idle_max: usize,
    /// An idle pooled connection is closed after this; shorter than the
    /// `idle_time` of the door behind it, so the two never race.
    pub pool_idle_time: Millis,
    /// From SIGTERM until open exchanges are cut.
    pub drain_time: Millis,
    /// HTTP/2 streams of one connection that are still worked on, reset ones
    /// among them (REFUSED_STREAM beyond it; RFC 9113 section 5.1.2).
    pub http2_streams_max: usize,
    /// Streams of one connection that were reset before their end in ten
    /// seconds, by the peer or because of it; each stream that comes to its end
    /// gives one back (ENHANCE_YOUR_CALM beyond it).
    pub http2_resets_max: usize,
    /// PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown and empty DATA frames
    /// of one connection in ten seconds; DATA gives some back, new streams more
    /// (ENHANCE_YOUR_CALM beyond it).
    pub http2_control_frames_max: usize,
    /// CONTINUATION frames in one header block (ENHANCE_YOUR_CALM beyond it).
    pub http2_continuations_max: usize,
    /// Bytes of one HTTP/2 stream that may wait for their reader; its flow
    /// control window (RFC 9113 section 6.9.2).
    pub http2_stream_window_bytes: usize,
    /// Bytes of all streams of one HTTP/2 connection that may wait for their
    /// readers; the connection's flow control window.
    pub http2_connection_window_bytes: usize,
    /// Bytes that may wait for an HTTP/2 peer to read them; beyond it no DATA
    /// is taken, and beyond a quarter of it by control frames alone, nothing
    /// more is read from the peer.
    pub http2_output_bytes_max: usize,
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
            response_time: Millis(300_000),
            stream_idle_time: Millis(3_600_000),
            tcp_idle_time: Millis(24 * 3_600_000),
            connection_age: Millis(24 * 3_600_000),
            connections_max: 50_000,
            pool_idle_max: 64,
            pool_idle_time: Millis(30_000),
            drain_time: Millis(15_000),
            http2_streams_max: 100,
            http2_resets_max: 200,
            http2_control_frames_max: 2_000,
            http2_continuations_max: 32,
            http2_stream_window_bytes: 128 * 1024,
            http2_connection_window_bytes: 2 * 1024 * 1024,
            http2_output_bytes_max: 256 * 1024,
        }
    }
}
