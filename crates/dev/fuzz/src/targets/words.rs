//! The words a mutator may put in: what a random byte would never come to.
//! Many to a line, as nobody reads them one by one.

/// Heads of HTTP/1.1.
#[rustfmt::skip]
pub(super) const HTTP1: &[&str] = &[
    "GET ", "POST ", "HEAD ", "OPTIONS ", "CONNECT ", "/", "*", "http://", "https://", "?", "#",
    " HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/2.0\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 ",
    "HTTP/1.1 204 ", "HTTP/1.0 304 ", "\r\n", "\r\n\r\n", "\n", "\r", " ", "\t", ":", ": ", ",",
    "Host: a\r\n", "Host: ", "host:a:80\r\n", "[::1]", "Content-Length: 5\r\n",
    "content-length: ", "Transfer-Encoding: chunked\r\n", "transfer-encoding: ", "chunked",
    "identity", "Connection: close\r\n", "Connection: ", "keep-alive", "close", "upgrade",
    "Upgrade: websocket\r\n", "h2c", "Expect: 100-continue\r\n", "TE: trailers\r\n", "Trailer: ",
    "Cookie: a=b\r\n", "X_Y: z\r\n", "Proxy-Connection: x\r\n", "+5", "0x5", "5, 5", "%2f",
];

/// Chunks and trailers.
#[rustfmt::skip]
pub(super) const CHUNKS: &[&str] = &[
    "5\r\nhello\r\n", "1\r\nx\r\n", "0\r\n", "0\r\n\r\n", "\r\n", "\n", "\r", ";a=b", ";a=\"b\"",
    "\"", "\\", "000000000000000", "7fffffffffffffff\r\n", "ffffffffffffffff\r\n", "a\r\n",
    "X: y\r\n", "Host: a\r\n", "Content-Length: 5\r\n", " x\r\n", ": ", "\0",
];

/// Targets, paths, hosts.
#[rustfmt::skip]
pub(super) const TARGETS: &[&str] = &[
    "/", "//", "/./", "/../", "..", ".", ";", "/;a", "%2e", "%2E%2e", "%2f", "%5c", "%00", "%25",
    "%252e", "%41", "%7e", "%3b", "%3B", "%c3%a9", "%ef%bc%8e", "%ef%bc%8f", "%e2%80%a4",
    "%e2%80%a5", "%c0%ae", "%u002e", "\\", "#", "?", "http://", "https://", "HTTP://a", "@",
    ":80", ":443", ":0", ":65536", "[::1]", "[::ffff:1.2.3.4]", "127.0.0.1", "0x7f.1", "127.1",
    "xn--", "a.", "*", "\n", "a.example",
];

/// Server names and identities.
#[rustfmt::skip]
pub(super) const NAMES: &[&str] = &[
    "p8080.", "orders.", "default.", "shop.example", ".shop.example", "spiffe://", "SPIFFE://",
    "/ns/", "/sa/", "/", "..", ".", "%2e", "@", ":8443", "?", "#", ";", ",", "-", "_", "\n",
    "prod/orders", "P0",
];

/// Documents.
#[rustfmt::skip]
pub(super) const DOCUMENTS: &[&str] = &[
    "apiVersion: postern.dev/v1\n", "apiVersion: gateway.networking.k8s.io/v1\n", "kind: Mesh\n",
    "kind: MeshService\n", "kind: Policy\n", "kind: Gateway\n", "kind: HTTPRoute\n",
    "kind: WorkloadIdentity\n", "metadata: {name: a}\n", "spec:\n", "  to: a\n", "  allow:\n",
    "    - from: b\n", "    - from: anyone\n", "    - from: namespace:default\n",
    "      http: GET /a/**\n", "  deny:\n", "  ports: [{port: 80, protocol: http}]\n",
    "protocol: tcp", "protocol: grpc", "targetPort: 81", "servedBy: [spiffe://shop/x]",
    "  trustDomain: shop\n", "---\n", "...\n", "- ", ": ", "{", "}", "[", "]", "&a ", "*a",
    "<<: *a", "!!str ", "|\n", ">-\n", "\"", "'", "\\u0000", "#", "~", "null", "true", "1e400",
    "0x10", "\u{85}", "\u{2028}", "\u{feff}", "\t", "\r", "%YAML 1.2\n", "namespace: b\n",
    "labels: {}\n", "listeners:\n", "hostname: \"*.example\"\n",
    "backendRefs: [{name: a, port: 80}]\n", "parentRefs: [{name: g}]\n",
    "matches: [{path: {type: PathPrefix, value: /a}}]\n",
];

/// What a ClientHello holds.
#[rustfmt::skip]
pub(super) const CLIENT_HELLO: &[&str] = &[
    "\u{16}\u{3}\u{1}", "\u{16}\u{3}\u{3}\0", "\u{1}\0", "\u{3}\u{4}", "\0\u{2b}", "\0\0\0",
    "\0\u{33}", "\0\u{10}", "\0\u{2d}", "\0\u{29}", "\0\u{2a}", "\0\u{15}", "h2", "http/1.1",
    "postern-tcp", "\u{15}\u{3}\u{3}\0\u{2}", "p8080.orders.default.shop", "\u{13}\u{1}",
    "GET / HTTP/1.1\r\n\r\n",
];

/// What a door is pushed.
#[rustfmt::skip]
pub(super) const RESOURCES: &[&str] = &[
    "type.googleapis.com/postern.push.v1.Slice", "seal", "MeshService/default/a",
    "Mesh/default/m", "1.1", "spiffe://shop/ns/default/sa/a", "127.0.0.1:8080", "default/a",
    "\"spec\":", "\"kind\":", "\"apiVersion\":\"postern.dev/v1\"",
    "\"metadata\":{\"name\":\"a\"}", "\u{a}", "\u{12}", "\u{1a}", "\u{22}", "{", "}",
];

/// Fields of HTTP/2, one to a line.
#[rustfmt::skip]
pub(super) const HTTP2: &[&str] = &[
    ":method: GET\n", ":method: POST\n", ":method: CONNECT\n", ":scheme: https\n",
    ":path: /a?b\n", ":path: *\n", ":authority: a.example\n", ":authority: ",
    ":protocol: websocket\n", ":status: 200\n", ":status: 103\n", ":status: 204\n",
    "host: a.example\n", "content-length: 5\n", "content-length: 0\n", "cookie: a=b\n",
    "te: trailers\n", "connection: close\n", "transfer-encoding: chunked\n",
    "expect: 100-continue\n", "upgrade: h2c\n", "trailer: x\n", "x_y: z\n", "\n", ":", ": ", "\0",
    "\r", "X-Y: z\n", "http://", "#", "%2f", ":80", "@", "grpc-status: 0\n",
    "proxy-connection: x\n",
];

/// Frames in the short form of `frames.rs`, and pieces of them.
#[rustfmt::skip]
pub(super) const FRAMES: &[&str] = &[
    "\0\0\u{1}\u{5}hello", "\0\u{1}\u{1}\0", "\0\u{8}\u{1}\u{4}\u{2}abc",
    "\u{3}\0\u{1}\u{4}\0\0\0\u{8}", "\u{4}\0\0\u{6}\0\u{4}\0\0\0\0",
    "\u{4}\0\0\u{6}\0\u{4}\u{7f}\u{7f}\u{7f}\u{7f}", "\u{4}\u{1}\0\0",
    "\u{4}\0\0\u{6}\0\u{5}\0\0@\0", "\u{4}\0\0\u{6}\0\u{3}\0\0\0\0", "\u{6}\0\0\u{8}12345678",
    "\u{7}\0\0\u{8}\0\0\0\u{1}\0\0\0\0", "\u{8}\0\0\u{4}\u{7f}\0\0\0",
    "\u{8}\0\u{1}\u{4}\0\0\0\0", "\u{9}\u{4}\u{1}\0", "\u{2}\0\u{3}\u{5}\0\0\0\u{3}\0",
    "\u{5}\u{4}\u{1}\u{4}\0\0\0\u{2}", "\u{b}\0\0\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];
