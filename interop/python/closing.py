"""Opens streams of all kinds, and tells how and when each of them ended.

Usage: closing.py WEBSOCKET-URL GRPC-TARGET [--ca FILE] [--http2 HOST:PORT]
[--app HOST:PORT]. Two WebSockets and three gRPC streams, half of them busy, half
of them silent; with `--http2` one more WebSocket, over HTTP/2. `open` is told when
all of them are. With `--app` the gRPC service is asked, past all doors, whether
it saw its caller go.
"""

import argparse
import ssl
import sys
import threading
import time

import grpc
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as open_websocket
from wsproto.events import CloseConnection, TextMessage

from grpc_client import Peer, Turns, connect, wait_for
from told import tell
from ws_h2 import Http2

TIME = 60


class Streams:
    """What runs, each in a thread of its own."""

    def __init__(self):
        self.threads = []
        self.opened = []
        self.names = []

    def start(self, name, run, *arguments):
        is_open = threading.Event()
        self.names.append(name)
        named = {"target": run, "args": (name, is_open, *arguments), "daemon": True}
        self.threads.append(threading.Thread(**named))
        self.opened.append(is_open)
        self.threads[-1].start()

    def wait(self):
        end = time.monotonic() + TIME / 3
        for is_open in self.opened:
            is_open.wait(max(0, end - time.monotonic()))
        late = [n for n, is_open in zip(self.names, self.opened) if not is_open.is_set()]
        if late:
            sys.exit(f"not opened in {TIME / 3} s: {late}")
        tell(open=len(self.opened))
        for thread in self.threads:
            thread.join(TIME)


def websocket(name, is_open, url, context, is_busy):
    named = {"subprotocols": ["chat.v2"], "proxy": None, "ssl": context, "ping_interval": None}
    with open_websocket(url, **named) as socket:
        socket.recv(TIME)
        is_open.set()
        try:
            while is_busy:
                socket.send("tick")
                socket.recv(TIME)
                time.sleep(0.02)
            socket.recv(TIME)
        except ConnectionClosed as end:
            frame = end.rcvd
            code, reason = (frame.code, frame.reason) if frame else (None, str(end))
            tell(ended=name, code=code, reason=reason)


def websocket_over_http2(name, is_open, target, ca):
    stream = Http2(target, ca).websocket()
    stream.next()
    stream.send(TextMessage(data="hello"))
    stream.next()
    is_open.set()
    try:
        end = stream.next()
    except AssertionError as error:
        tell(ended=name, code=None, reason=f"{error}")
        return
    if not isinstance(end, CloseConnection):
        tell(ended=name, code=None, reason=f"{end}")
        return
    line = {"ended": name, "code": int(end.code), "reason": end.reason or ""}
    try:
        stream.end()
    except AssertionError as error:
        line["unclean"] = f"{error}"
    tell(**line)


def ended(name, call):
    tell(ended=name, code=call.code().name, reason=call.details())


def server_streaming(name, is_open, peer):
    call = peer.forever(name.encode(), timeout=TIME)
    try:
        for _ in call:
            is_open.set()
    except grpc.RpcError:
        pass
    ended(name, call)


def both_ways(name, is_open, peer, is_busy):
    turns = Turns()
    call = peer.chat(turns, timeout=TIME)
    try:
        next(call)
        turns.say(b"one")
        next(call)
        is_open.set()
        while is_busy:
            turns.say(b"more")
            next(call)
            time.sleep(0.02)
        next(call)
    except grpc.RpcError:
        pass
    ended(name, call)


def main(settings):
    context = ssl.create_default_context(cafile=settings.ca) if settings.ca else None
    peer = Peer(connect(settings.grpc, settings.ca))
    streams = Streams()
    url = f"{settings.websocket}/ws"
    streams.start("websocket, busy", websocket, url, context, True)
    streams.start("websocket, silent", websocket, url, context, False)
    if settings.http2:
        name = "websocket over HTTP/2, silent"
        streams.start(name, websocket_over_http2, settings.http2, settings.ca)
    streams.start("grpc server streaming", server_streaming, peer)
    streams.start("grpc both ways, busy", both_ways, peer, True)
    streams.start("grpc both ways, silent", both_ways, peer, False)
    streams.wait()
    if settings.app:
        wait_for(Peer(connect(settings.app, None)), "grpc server streaming", is_gone)
        tell(app_saw="its caller go")


def is_gone(fact):
    return fact.get("gone")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("websocket")
    parser.add_argument("grpc")
    parser.add_argument("--ca")
    parser.add_argument("--http2")
    parser.add_argument("--app")
    main(parser.parse_args())
