// Node's own server: notes each request as its parser made it out, reads the
// body and says `ok`. Bytes that are none are noted, too.
"use strict";
const fs = require("node:fs");
const http = require("node:http");

const log = fs.openSync(process.env.GRID_LOG, "a");
const note = (method, target) => fs.writeSync(log, `${method} ${target}\n`);

const server = http.createServer((request, response) => {
  note(request.method, request.url);
  request.on("end", () => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": 2 });
    response.end("ok");
  });
  request.resume();
});
server.on("upgrade", (request, socket) => {
  note(request.method, request.url);
  socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
});
server.on("clientError", (error, socket) => {
  // Who went away in the middle has sent no odd bytes.
  if (error.code !== "ECONNRESET" && error.code !== "HPE_INVALID_EOF_STATE") {
    note("BAD", JSON.stringify(`${error.code} ${error.rawPacket}`));
  }
  socket.destroy();
});
// Longer than a door keeps a connection: no request meets a closing one.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2]), "127.0.0.1");
