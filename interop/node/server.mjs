// A server by Node's http and the library ws, over HTTP/1.1: WebSocket, a
// stream of events (SSE), and the page that a browser opens.
//
// Usage: server.mjs PORT. What a browser reports is told on standard output.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { choose, converse } from "./converse.mjs";
import { tell } from "./told.mjs";

const EVERY = 100;
const [port] = process.argv.slice(2);
const page = readFileSync(new URL("page.html", import.meta.url));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://any");
  if (pathname === "/") html(response);
  else if (pathname === "/plain") response.end("plain\n");
  else if (pathname === "/events") events(request, response);
  else if (pathname === "/report") report(request, response);
  else response.writeHead(404).end("nothing here\n");
});

function html(response) {
  response.setHeader("content-type", "text/html; charset=utf-8").end(page);
}

// An event each 100 ms, for as long as somebody listens.
function events(request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let number = Number(request.headers["last-event-id"] ?? -1) + 1;
  const timer = setInterval(() => {
    response.write(`id: ${number}\nevent: tick\ndata: {"number": ${number}}\n\n`);
    number += 1;
  }, EVERY);
  response.on("close", () => {
    clearInterval(timer);
    tell({ event: "listener gone", after: number });
  });
}

async function report(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  tell({ event: "report", caller: request.headers["postern-caller"], ...JSON.parse(Buffer.concat(parts)) });
  response.end("thank you\n");
}

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: choose,
  maxPayload: 8 * 1024 * 1024,
  perMessageDeflate: true,
});

server.on("upgrade", (request, socket, head) => {
  if (request.url === "/refuse") {
    socket.end("HTTP/1.1 418 I'm a Teapot\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno\n");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (upgraded) => {
    converse(upgraded, request.headers["postern-caller"], request.httpVersion);
  });
});

server.listen(Number(port), "127.0.0.1", () => console.log("serving"));
