"""A WebSocket server by the library `websockets`, over HTTP/1.1.

Usage: ws_server.py PORT. It speaks first, echoes, and does what a few texts
ask: `ping me`, `fragments N`, `close CODE REASON`, `last close`.
"""

import asyncio
import http
import json
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

LARGEST = 8 * 1024 * 1024
last_close = {}


def before(connection, request):
    """Plain answers on two paths; on all others the upgrade goes on."""
    if request.path == "/plain":
        return connection.respond(http.HTTPStatus.OK, "plain\n")
    if request.path == "/refuse":
        return connection.respond(http.HTTPStatus.IM_A_TEAPOT, "no\n")
    return None


async def converse(connection):
    caller = connection.request.headers.get("postern-caller", "nobody")
    await connection.send(json.dumps({"hello": connection.subprotocol, "caller": caller}))
    try:
        async for message in connection:
            await answer(connection, message)
    except ConnectionClosed:
        pass
    last_close.update(code=connection.close_code, reason=connection.close_reason)


async def answer(connection, message):
    words = message.split(" ", 2) if isinstance(message, str) else []
    match words:
        case ["ping", "me"]:
            await (await connection.ping(b"are you there"))
            await connection.send("ponged")
        case ["fragments", count]:
            await connection.send(f"part {n}, " for n in range(int(count)))
        case ["close", code, reason]:
            await connection.close(int(code), reason)
        case ["last", "close"]:
            await connection.send(json.dumps(last_close))
        case _:
            await connection.send(message)


async def main(port):
    async with serve(
        converse,
        "127.0.0.1",
        port,
        process_request=before,
        subprotocols=["chat.v2"],
        max_size=LARGEST,
        ping_interval=None,
    ) as server:
        print("serving", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
