//! The targets by name, and the words of their languages. One file for each
//! decoder says what has to hold.

mod canonical;
mod certificate;
mod certificate_request;
mod chunked_body;
mod client_hello;
mod document;
mod frames;
mod hpack;
mod http2_client;
mod http2_head;
mod http2_server;
mod last_good;
mod names;
mod owner;
mod request_head;
mod resource;
mod response_head;
mod told;
mod traceparent;
mod websocket;
mod words;

use crate::target::Target;

const KIB: usize = 1024;

/// Every target.
pub const ALL: &[Target] = &[
    Target {
        name: "request_head",
        run: request_head::run,
        words: words::HTTP1,
        bytes_max: 4 * KIB,
        memory_fixed: 8 * KIB,
    },
    Target {
        name: "response_head",
        run: response_head::run,
        words: words::HTTP1,
        bytes_max: 4 * KIB,
        memory_fixed: 8 * KIB,
    },
    Target {
        name: "chunked_body",
        run: chunked_body::run,
        words: words::CHUNKS,
        bytes_max: 4 * KIB,
        memory_fixed: 8 * KIB,
    },
    Target {
        name: "canonical",
        run: canonical::run,
        words: words::TARGETS,
        bytes_max: 2 * KIB,
        memory_fixed: 4 * KIB,
    },
    Target {
        name: "names",
        run: names::run,
        words: words::NAMES,
        bytes_max: 3 * KIB,
        memory_fixed: 4 * KIB,
    },
    Target {
        name: "traceparent",
        run: traceparent::run,
        words: &["00", "ff", "-", "01"],
        bytes_max: 128,
        memory_fixed: KIB,
    },
    Target {
        name: "certificate",
        run: certificate::run,
        words: &[],
        bytes_max: 4 * KIB,
        memory_fixed: 4 * KIB,
    },
    Target {
        name: "certificate_request",
        run: certificate_request::run,
        words: &[],
        bytes_max: 5 * KIB,
        memory_fixed: 8 * KIB,
    },
    Target {
        name: "client_hello",
        run: client_hello::run,
        words: words::CLIENT_HELLO,
        bytes_max: 4 * KIB,
        // The first run also makes an authority and its certificates.
        memory_fixed: 256 * KIB,
    },
    Target {
        name: "hpack",
        run: hpack::run,
        words: &[],
        bytes_max: 4 * KIB,
        memory_fixed: 96 * KIB,
    },
    Target {
        name: "http2_head",
        run: http2_head::run,
        words: words::HTTP2,
        bytes_max: 4 * KIB,
        memory_fixed: 16 * KIB,
    },
    Target {
        name: "http2_server",
        run: http2_server::run,
        words: words::FRAMES,
        bytes_max: 4 * KIB,
        memory_fixed: 128 * KIB,
    },
    Target {
        name: "http2_client",
        run: http2_client::run,
        words: words::FRAMES,
        bytes_max: 4 * KIB,
        memory_fixed: 128 * KIB,
    },
    Target {
        name: "websocket",
        run: websocket::run,
        words: &[],
        bytes_max: 4 * KIB,
        memory_fixed: 4 * KIB,
    },
    Target {
        name: "resource",
        run: resource::run,
        words: words::RESOURCES,
        bytes_max: 8 * KIB,
        memory_fixed: 128 * KIB,
    },
    Target {
        name: "last_good",
        run: last_good::run,
        words: words::RESOURCES,
        bytes_max: 8 * KIB,
        memory_fixed: 128 * KIB,
    },
    Target {
        name: "document",
        run: document::run,
        words: words::DOCUMENTS,
        bytes_max: 16 * KIB,
        memory_fixed: 128 * KIB,
    },
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
