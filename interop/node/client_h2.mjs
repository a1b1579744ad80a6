// A client by Node's http2 (nghttp2) that speaks WebSocket in extended CONNECT
// (RFC 8441), its frames by the library ws.
//
// Usage: client_h2.mjs URL [--ca FILE] [--caller ID].

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:http2";
import { Receiver, Sender } from "ws";
import { Checks, same, settings } from "./told.mjs";

const said = settings([], ["ca", "caller"]);
const [root] = said.words;
const ca = said.ca && readFileSync(said.ca);
const checks = new Checks();

const session = connect(root, { ca });
session.on("error", (error) => console.error(error));
const remote = await new Promise((resolve) => session.once("remoteSettings", resolve));

async function open(path = "/ws") {
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": path,
    "sec-websocket-version": "13",
    "sec-websocket-protocol": "chat.v1, chat.v2",
  });
  const head = await new Promise((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });
  const receiver = new Receiver({ isServer: false, maxPayload: 8 * 1024 * 1024 });
  const sender = new Sender(stream);
  const queue = [];
  const waiting = [];
  const give = (item) => (waiting.length > 0 ? waiting.shift()(item) : queue.push(item));
  receiver.on("message", (data, isBinary) => give(isBinary ? data : data.toString()));
  receiver.on("conclude", (code, reason) => give({ code, reason: reason.toString() }));
  receiver.on("ping", (data) => sender.pong(data, true));
  receiver.on("pong", (data) => give({ pong: data.toString() }));
  stream.pipe(receiver);
  const next = () =>
    queue.length > 0 ? Promise.resolve(queue.shift()) : new Promise((r) => waiting.push(r));
  const send = (data, fin = true) =>
    sender.send(data, { binary: Buffer.isBuffer(data), compress: false, fin, mask: true });
  return { stream, head, sender, send, next };
}

async function end(peer) {
  peer.sender.close(1000, "done", true);
  same((await peer.next()).code, 1000);
  const closed = new Promise((resolve) => peer.stream.once("close", resolve));
  peer.stream.end();
  await closed;
  same(peer.stream.rstCode, 0);
}

await checks.run("extended CONNECT is offered", async () => {
  same(remote.enableConnectProtocol, true);
});

await checks.run("a subprotocol, and the server speaks first", async () => {
  const peer = await open();
  same(peer.head[":status"], 200);
  same(peer.head["sec-websocket-protocol"], "chat.v2");
  const hello = JSON.parse(await peer.next());
  same(hello.hello, "chat.v2");
  if (said.caller) same(hello.caller, said.caller);
  await end(peer);
});

await checks.run("text, binary, fragments, 1 MB, ping", async () => {
  const peer = await open();
  await peer.next();
  peer.send("ünïcödé 😀");
  same(await peer.next(), "ünïcödé 😀");
  for (const size of [256, 65536, 1_000_000]) {
    const data = randomBytes(size);
    peer.send(data);
    same(data.equals(await peer.next()), true);
  }
  for (let n = 0; n < 20; n++) peer.send(`piece ${n}, `, n === 19);
  same(await peer.next(), Array.from({ length: 20 }, (_, n) => `piece ${n}, `).join(""));
  peer.sender.ping("12345", true);
  same(await peer.next(), { pong: "12345" });
  await end(peer);
});

await checks.run("twenty sockets in one connection", async () => {
  const peers = await Promise.all(Array.from({ length: 20 }, () => open()));
  await Promise.all(peers.map((peer) => peer.next()));
  for (let turn = 0; turn < 20; turn++) {
    peers.forEach((peer, n) => peer.send(`${n}/${turn}`));
    for (const [n, peer] of peers.entries()) same(await peer.next(), `${n}/${turn}`);
  }
  await Promise.all(peers.map(end));
});

checks.close();
session.close();
