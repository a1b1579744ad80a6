// A server by Node's http2, over HTTP/2 by prior knowledge: WebSocket in
// extended CONNECT (RFC 8441), its frames by the library ws.
//
// Usage: server_h2.mjs PORT.

import { createServer } from "node:http2";
import WebSocket from "ws";
import { choose, converse } from "./converse.mjs";

const [port] = process.argv.slice(2);
const server = createServer({ settings: { enableConnectProtocol: true } });

server.on("stream", (stream, headers) => {
  stream.on("error", (error) => console.error(error));
  if (headers[":method"] === "CONNECT") upgrade(stream, headers);
  else stream.respond({ ":status": 200 }), stream.end(`${headers[":method"]} over HTTP/2\n`);
});

function upgrade(stream, headers) {
  if (headers[":protocol"] !== "websocket") return refuse(stream, 501);
  if (headers[":path"] === "/refuse") return refuse(stream, 418);
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((word) => word.trim());
  const protocol = choose(offered);
  stream.respond({ ":status": 200, ...(protocol && { "sec-websocket-protocol": protocol }) });
  const socket = new WebSocket(null, undefined, { autoPong: true });
  socket._protocol = protocol;
  socket.setSocket(stream, Buffer.alloc(0), {
    allowSynchronousEvents: true,
    maxPayload: 8 * 1024 * 1024,
    skipUTF8Validation: false,
  });
  converse(socket, headers["postern-caller"], "2");
}

function refuse(stream, status) {
  stream.respond({ ":status": status });
  stream.end("no\n");
}

server.listen(Number(port), "127.0.0.1", () => console.log("serving"));
