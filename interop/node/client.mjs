// A WebSocket client by the library ws, over HTTP/1.1.
//
// Usage: client.mjs URL [--ca FILE] [--caller ID] [--denied].

import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import WebSocket from "ws";
import { Checks, same, settings, tell } from "./told.mjs";

const said = settings(["denied"], ["ca", "caller"]);
const [root] = said.words;
const ca = said.ca && readFileSync(said.ca);
const checks = new Checks();

// A socket with its messages in a queue, so that none is missed.
function open(path, options = {}) {
  const socket = new WebSocket(root + path, ["chat.v1", "chat.v2"], { ca, ...options });
  const queue = [];
  const waiting = [];
  const give = (item) => (waiting.length > 0 ? waiting.shift()(item) : queue.push(item));
  socket.on("message", (data, isBinary) => give(isBinary ? data : data.toString()));
  socket.on("close", (code, reason) => give({ code, reason: reason.toString() }));
  const next = () =>
    queue.length > 0 ? Promise.resolve(queue.shift()) : new Promise((r) => waiting.push(r));
  const opened = new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("unexpected-response", (_, response) => reject(response));
    socket.on("error", reject);
  });
  return { socket, next, opened };
}

async function begin(options) {
  const peer = open("/ws", options);
  await peer.opened;
  peer.hello = JSON.parse(await peer.next());
  return peer;
}

async function end(peer) {
  peer.socket.close(1000, "done");
  same(await peer.next(), { code: 1000, reason: "done" });
}

await checks.run("a subprotocol, and the server speaks first", async () => {
  const peer = await begin();
  same(peer.socket.protocol, "chat.v2");
  same(peer.hello.hello, "chat.v2");
  if (said.caller) same(peer.hello.caller, said.caller);
  await end(peer);
});

await checks.run("text and binary, 1 MB and 4 MB", async () => {
  const peer = await begin({ perMessageDeflate: false });
  for (const text of ["", "ünïcödé 😀", "x".repeat(125), "x".repeat(126), "x".repeat(65536)]) {
    peer.socket.send(text);
    same(await peer.next(), text);
  }
  for (const size of [0, 256, 1_000_000, 4_000_000]) {
    const data = randomBytes(size);
    peer.socket.send(data);
    same(data.equals(await peer.next()), true);
  }
  await end(peer);
});

await checks.run("permessage-deflate", async () => {
  const peer = await begin({ perMessageDeflate: { threshold: 0 } });
  same(peer.socket.extensions.startsWith("permessage-deflate"), true);
  const text = "again and again ".repeat(10_000);
  peer.socket.send(text);
  same(await peer.next(), text);
  await end(peer);
});

await checks.run("50 fragments each way", async () => {
  const peer = await begin({ perMessageDeflate: false });
  const parts = Array.from({ length: 50 }, (_, n) => `piece ${n}, `);
  parts.forEach((part, n) => peer.socket.send(part, { fin: n === 49 }));
  same(await peer.next(), parts.join(""));
  peer.socket.send("fragments 50");
  same(await peer.next(), Array.from({ length: 50 }, (_, n) => `part ${n}, `).join(""));
  await end(peer);
});

await checks.run("ping and pong, both ways", async () => {
  const peer = await begin();
  const pong = new Promise((resolve) => peer.socket.once("pong", (data) => resolve(data.toString())));
  peer.socket.ping("12345");
  same(await pong, "12345");
  peer.socket.send("ping me");
  same(await peer.next(), "ponged");
  await end(peer);
});

await checks.run("close codes and reasons, both ways", async () => {
  const peer = await begin();
  peer.socket.send("close 4001 because I say so");
  same(await peer.next(), { code: 4001, reason: "because I say so" });
  const reason = `my turn ${Date.now()}`;
  const other = await begin();
  other.socket.close(4002, reason);
  same(await other.next(), { code: 4002, reason });
  const third = await begin();
  for (let seen = {}; seen.reason !== reason; ) {
    third.socket.send("last close");
    seen = JSON.parse(await third.next());
  }
  await end(third);
});

await checks.run("the server's own refusal", async () => {
  const refusal = await open("/refuse").opened.catch((response) => response);
  same(refusal.statusCode, 418);
});

if (said.denied) {
  await checks.run("what no rule allows: 403 and an id", async () => {
    const refusal = await open("/secret").opened.catch((response) => response);
    same(refusal.statusCode, 403);
    const decision = refusal.headers["postern-decision"] ?? "";
    same(decision.length, 20);
    tell({ decision });
  });
}

checks.close();
process.exit(0);
