"""A WebSocket client by the library `websockets`, over HTTP/1.1.

Usage: ws_client.py URL [--ca FILE] [--caller ID] [--denied]. URL is the
server's root. `--caller` is the identity the service has to be told, `--denied`
asks for `/secret`, which no rule allows, as well.
"""

import argparse
import asyncio
import json
import os
import ssl
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from told import Checks, holds, same, tell

LARGEST = 8 * 1024 * 1024
TIME = 15


class Peer:
    """How to reach the server."""

    def __init__(self, settings):
        self.url = settings.url
        self.caller = settings.caller
        self.named = {"proxy": None, "max_size": LARGEST, "open_timeout": TIME}
        if settings.ca:
            self.named["ssl"] = ssl.create_default_context(cafile=settings.ca)

    def open(self, path="/ws", **named):
        named = {"subprotocols": ["chat.v1", "chat.v2"], **self.named, **named}
        return connect(self.url + path, **named)


async def said(socket):
    return await asyncio.wait_for(socket.recv(), TIME)


async def begin(socket):
    return json.loads(await said(socket))


async def greets(peer):
    """The server's first words come right behind the handshake."""
    async with peer.open() as socket:
        same(socket.subprotocol, "chat.v2")
        hello = await begin(socket)
        same(hello["hello"], "chat.v2")
        if peer.caller:
            same(hello["caller"], peer.caller)


async def deflates(peer):
    async with peer.open() as socket:
        await begin(socket)
        names = [type(extension).__name__ for extension in socket.protocol.extensions]
        same(names, ["PerMessageDeflate"])
        text = "again and again " * 10_000
        await socket.send(text)
        same(await said(socket), text)


async def echoes(peer):
    async with peer.open(compression=None) as socket:
        await begin(socket)
        for message in ("", "ünïcödé 😀", b"", bytes(range(256)), "x" * 125, "x" * 126, "x" * 65536):
            await socket.send(message)
            same(await said(socket), message)


async def large(peer):
    async with peer.open(compression=None) as socket:
        await begin(socket)
        for message in (os.urandom(1_000_000), os.urandom(4_000_000)):
            await socket.send(message)
            same(await said(socket) == message, True)


async def fragments(peer):
    async with peer.open(compression=None) as socket:
        await begin(socket)
        parts = [f"piece {n}, " for n in range(50)]
        await socket.send(parts)
        same(await said(socket), "".join(parts))
        await socket.send("fragments 50")
        same(await said(socket), "".join(f"part {n}, " for n in range(50)))


async def pings(peer):
    async with peer.open() as socket:
        await begin(socket)
        pong = await socket.ping(b"1234567890")
        took = await asyncio.wait_for(pong, TIME)
        await socket.send("ping me")
        same(await said(socket), "ponged")
        return f"{1000 * took:.1f} ms there and back"


async def closes(peer):
    async with peer.open() as socket:
        await begin(socket)
        await socket.send("close 4001 because I say so")
        try:
            await said(socket)
        except ConnectionClosed as closed:
            same((closed.rcvd.code, closed.rcvd.reason), (4001, "because I say so"))
        else:
            raise AssertionError("it stayed open")
    socket = await peer.open()
    await begin(socket)
    reason = f"my turn {time.time_ns()}"
    await socket.close(4002, reason)
    async with peer.open() as socket:
        await begin(socket)
        end = time.monotonic() + TIME
        seen = None
        while seen != {"code": 4002, "reason": reason}:
            holds(time.monotonic() < end, f"the server saw {seen}")
            await socket.send("last close")
            seen = json.loads(await said(socket))


async def refused(peer):
    """The server says no to the upgrade, in plain HTTP."""
    try:
        async with peer.open("/refuse"):
            raise AssertionError("it was upgraded")
    except InvalidStatus as refusal:
        same(refusal.response.status_code, 418)
        same(refusal.response.body, b"no\n")


async def many(peer):
    async def one(number):
        async with peer.open() as socket:
            await begin(socket)
            for turn in range(20):
                await socket.send(f"{number}/{turn}")
                same(await said(socket), f"{number}/{turn}")

    await asyncio.gather(*(one(number) for number in range(20)))
    return "20 sockets, 20 turns each"


async def denied(peer):
    try:
        async with peer.open("/secret"):
            raise AssertionError("it was upgraded")
    except InvalidStatus as refusal:
        same(refusal.response.status_code, 403)
        decision = refusal.response.headers.get("postern-decision", "")
        holds(len(decision) == 20, f"the decision is `{decision}`")
        tell(decision=decision)


def run(settings):
    checks = Checks()
    peer = Peer(settings)

    def check(name, which):
        checks.run(name, lambda: asyncio.run(asyncio.wait_for(which(peer), 2 * TIME)))

    check("a subprotocol, and the server speaks first", greets)
    check("permessage-deflate", deflates)
    check("text and binary of all kinds of length", echoes)
    check("1 MB and 4 MB", large)
    check("50 fragments each way", fragments)
    check("ping and pong, both ways", pings)
    check("close codes and reasons, both ways", closes)
    check("the server's own refusal", refused)
    check("many at once", many)
    if settings.denied:
        check("what no rule allows: 403 and an id", denied)
    checks.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--ca")
    parser.add_argument("--caller")
    parser.add_argument("--denied", action="store_true")
    run(parser.parse_args())
