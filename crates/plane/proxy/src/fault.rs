//! What can end an exchange before it is served, and the one place that turns
//! it into a status. A stranger gets a status and an opaque id; the words here
//! are for the access log and the operator.

use std::io;
use std::time::Duration;

use model::{Blame, Retry};
use net::tls::HandshakeError;
use wire::canonical::CanonicalError;
use wire::http1::{BodyError, RequestError, ResponseError};
use wire::http2::ErrorCode;

/// Why an exchange was not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the request is malformed: {0}")]
    Request(RequestError),
    #[error("the request target is refused: {0}")]
    Target(CanonicalError),
    #[error("the request body is malformed: {0}")]
    RequestBody(BodyError),
    #[error("the request head took longer than {0}")]
    HeadTimeout(model::Millis),
    #[error("the request body stalled for longer than {0}")]
    RequestStalled(model::Millis),
    #[error("the request body came too slowly, for {0}")]
    RequestCrawls(model::Millis),
    #[error("the caller went away")]
    CallerGone,
    #[error("`{0}` is not served by this listener")]
    Misdirected(String),
    #[error("CONNECT reaches declared services only, through the explicit proxy port")]
    ConnectHere,
    #[error("no rule lets this caller reach `{0}`, or there is no such service")]
    UnknownService(String),
    #[error("no route matches")]
    NoRoute,
    #[error("denied by policy")]
    Denied {
        /// The deny rule that hit, when one did.
        rule: Option<usize>,
    },
    #[error("no instance of `{0}` is known")]
    NoEndpoint(String),
    #[error("connecting to {to} failed: {error}")]
    Connect { to: String, error: io::Error },
    #[error("connecting to {to} took longer than {limit}")]
    ConnectTimeout { to: String, limit: model::Millis },
    #[error("the TLS handshake with {to} failed: {error}")]
    Handshake { to: String, error: HandshakeError },
    #[error("the response is malformed: {0}")]
    Response(ResponseError),
    #[error("the response body is malformed: {0}")]
    ResponseBody(BodyError),
    #[error("sent more than {0} interim responses")]
    TooManyInterim(u32),
    #[error("switched protocols without being asked")]
    UnaskedSwitch,
    #[error("spoke before it was asked")]
    SpokeFirst,
    #[error("closed the connection before answering: {0}")]
    UpstreamClosed(io::Error),
    #[error("broke off in the middle of its response: {0}")]
    UpstreamBroke(io::Error),
    #[error("did not answer within {0}")]
    ResponseTimeout(model::Millis),
    #[error("its response stalled for longer than {0}")]
    ResponseStalled(model::Millis),
    #[error("the stream broke: {0}")]
    Stream(io::Error),
    #[error("its answer breaks the rules of HTTP/2 ({0})")]
    MalformedAnswer(ErrorCode),
    #[error("the request breaks the rules of HTTP/2 ({0})")]
    MalformedStream(ErrorCode),
    #[error("did not read the request for {0}")]
    UploadStalled(model::Millis),
    #[error("did not take the request in: it closed or refused the stream before")]
    Unprocessed,
    #[error("the call took longer than its caller grants, {0:?}")]
    Deadline(Duration),
    #[error("nothing moved for {0}")]
    Idle(model::Millis),
    #[error("a protocol to switch to that is not `websocket`")]
    UnknownProtocol,
    #[error("the app speaks HTTP/2 and takes no WebSocket there (RFC 8441)")]
    NoWebSocket,
    #[error("the request head is larger than allowed")]
    TooLarge,
    #[error("ended by the door: {0}")]
    Cut(&'static str),
}

impl Fault {
    /// The status the caller gets (RFC 9110, section 15). 499 stands in logs
    /// for a caller that is gone and gets nothing.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Request(error) => error.status(),
            Self::Target(_) => 400,
            Self::RequestBody(error) => error.status(),
            Self::HeadTimeout(_) | Self::RequestStalled(_) | Self::RequestCrawls(_) => 408,
            Self::CallerGone => 499,
            Self::UnknownProtocol | Self::NoWebSocket => 501,
            Self::MalformedStream(_) => 400,
            Self::TooLarge => 431,
            Self::Misdirected(_) => 421,
            Self::ConnectHere => 405,
            Self::UnknownService(_) | Self::Denied { .. } => 403,
            Self::NoRoute => 404,
            Self::NoEndpoint(_) | Self::Connect { .. } | Self::Unprocessed => 503,
            Self::ConnectTimeout { .. }
            | Self::ResponseTimeout(_)
            | Self::ResponseStalled(_)
            | Self::UploadStalled(_)
            | Self::Deadline(_)
            | Self::Idle(_) => 504,
            Self::Handshake { .. }
            | Self::Response(_)
            | Self::ResponseBody(_)
            | Self::TooManyInterim(_)
            | Self::UnaskedSwitch
            | Self::SpokeFirst
            | Self::MalformedAnswer(_)
            | Self::UpstreamClosed(_)
            | Self::UpstreamBroke(_)
            | Self::Stream(_) => 502,
            Self::Cut(_) => 403,
        }
    }

    /// Who has to mend it.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Request(_)
            | Self::Target(_)
            | Self::RequestBody(_)
            | Self::HeadTimeout(_)
            | Self::RequestStalled(_)
            | Self::RequestCrawls(_)
            | Self::CallerGone
            | Self::Misdirected(_)
            | Self::ConnectHere
            | Self::UnknownService(_)
            | Self::NoRoute
            | Self::UnknownProtocol
            | Self::TooLarge
            | Self::MalformedStream(_)
            | Self::Idle(_)
            | Self::Denied { .. } => Blame::Caller,
            Self::NoEndpoint(_) | Self::NoWebSocket | Self::Cut(_) => Blame::Operator,
            Self::Handshake { error, .. } => error.blame(Blame::Upstream),
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Response(_)
            | Self::ResponseBody(_)
            | Self::TooManyInterim(_)
            | Self::UnaskedSwitch
            | Self::SpokeFirst
            | Self::MalformedAnswer(_)
            | Self::UpstreamClosed(_)
            | Self::UpstreamBroke(_)
            | Self::ResponseTimeout(_)
            | Self::ResponseStalled(_)
            | Self::UploadStalled(_)
            | Self::Unprocessed
            | Self::Deadline(_)
            | Self::Stream(_) => Blame::Upstream,
        }
    }

    /// Whether the request surely did nothing at the other side.
    pub(crate) const fn retry(&self) -> Retry {
        match self {
            Self::Connect { .. } | Self::ConnectTimeout { .. } | Self::Handshake { .. } => {
                Retry::Safe
            }
            Self::Unprocessed => Retry::Safe,
            _ => Retry::Unsafe,
        }
    }

    /// The word the denial counter carries.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Request(_)
            | Self::Target(_)
            | Self::RequestBody(_)
            | Self::UnknownProtocol
            | Self::MalformedStream(_)
            | Self::TooLarge => "malformed",
            Self::HeadTimeout(_)
            | Self::RequestStalled(_)
            | Self::RequestCrawls(_)
            | Self::Idle(_) => "slow",
            Self::CallerGone => "caller_gone",
            Self::Misdirected(_) => "misdirected",
            Self::ConnectHere => "connect",
            Self::UnknownService(_) => "unknown_service",
            Self::NoRoute => "no_route",
            Self::Denied { .. } => "policy",
            Self::NoEndpoint(_) => "no_endpoint",
            Self::NoWebSocket => "no_websocket",
            Self::Connect { .. } | Self::ConnectTimeout { .. } | Self::Unprocessed => {
                "connect_failed"
            }
            Self::Handshake { .. } => "handshake",
            Self::Response(_)
            | Self::ResponseBody(_)
            | Self::TooManyInterim(_)
            | Self::UnaskedSwitch
            | Self::MalformedAnswer(_)
            | Self::SpokeFirst => "bad_response",
            Self::UpstreamClosed(_) | Self::UpstreamBroke(_) | Self::Stream(_) => "upstream_closed",
            Self::Cut(_) => "cut",
            Self::ResponseTimeout(_)
            | Self::ResponseStalled(_)
            | Self::UploadStalled(_)
            | Self::Deadline(_) => "upstream_slow",
        }
    }
}

/// The reason phrase that goes with a status of ours, or of an HTTP/2 answer.
pub(crate) const fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
