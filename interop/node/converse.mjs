// What a WebSocket server of these tests does with one socket of the library
// ws, however that socket came to be: speaks first, echoes, and does what a
// few texts ask.

let lastClose = {};

export function converse(socket, caller, version) {
  socket.send(JSON.stringify({ hello: socket.protocol, caller: caller ?? "nobody", version }));
  socket.on("message", (data, isBinary) => {
    if (isBinary) return socket.send(data, { binary: true });
    answer(socket, data.toString());
  });
  socket.on("close", (code, reason) => {
    lastClose = { code, reason: reason.toString() };
  });
  socket.on("error", (error) => console.error(error));
}

function answer(socket, text) {
  const [verb, first, ...rest] = text.split(" ");
  if (text === "ping me") {
    socket.once("pong", () => socket.send("ponged"));
    socket.ping("are you there");
  } else if (verb === "fragments") {
    for (let n = 0; n < Number(first); n++) {
      socket.send(`part ${n}, `, { fin: n + 1 === Number(first) });
    }
  } else if (verb === "close") {
    socket.close(Number(first), rest.join(" "));
  } else if (text === "last close") {
    socket.send(JSON.stringify(lastClose));
  } else {
    socket.send(text);
  }
}

export function choose(offered) {
  return [...offered].includes("chat.v2") ? "chat.v2" : false;
}
