"""A client that speaks WebSocket over HTTP/2 (RFC 8441): frames of HTTP/2 by
the library `h2`, frames of WebSocket by `wsproto`.

Usage: ws_h2.py HOST:PORT [--ca FILE] [--caller ID] [--denied] [--plain-path P].
With `--ca` over TLS with ALPN h2, without it by prior knowledge.
"""

import argparse
import json
import os
import select
import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from told import Checks, holds, same, tell

TIME = 15


class Http2:
    """One connection; streams collect what comes for them."""

    def __init__(self, target, ca):
        host, port = target.rsplit(":", 1)
        self.authority = target
        self.socket = socket.create_connection((host, int(port)), timeout=TIME)
        if ca:
            context = ssl.create_default_context(cafile=ca)
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
            same(self.socket.selected_alpn_protocol(), "h2")
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.streams = {}
        self.settings_seen = False
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(8 * 1024 * 1024)
        self.flush()
        self.until(lambda: self.settings_seen, "SETTINGS")

    def allows_connect(self):
        code = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL
        return self.h2.remote_settings.get(code, 0) == 1

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def until(self, is_so, what):
        """Reads until it is so."""
        end = time.monotonic() + TIME
        while not is_so():
            holds(time.monotonic() < end, f"waited for {what}")
            self.read(end)

    def read(self, end):
        pending = getattr(self.socket, "pending", lambda: 0)()
        if not pending:
            left = max(0, end - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return
        data = self.socket.recv(65536)
        holds(data, "the connection was closed")
        for event in self.h2.receive_data(data):
            self.take(event)
        self.flush()

    def take(self, event):
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings_seen = True
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.head = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.ended, stream.reset = True, int(event.error_code)

    def request(self, fields, end):
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = stream = Stream(self, number)
        self.h2.send_headers(number, fields, end_stream=end)
        self.flush()
        return stream

    def get(self, path):
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", self.authority)]
        stream = self.request([*fields, (":path", path)], end=True)
        self.until(lambda: stream.ended, f"the answer to GET {path}")
        return stream

    def websocket(self, path="/ws", protocols="chat.v1, chat.v2"):
        fields = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":authority", self.authority),
            (":path", path),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", protocols),
            ("origin", f"https://{self.authority}"),
        ]
        stream = self.request(fields, end=False)
        self.until(lambda: stream.head is not None or stream.ended, f"the answer to CONNECT {path}")
        return stream

    def close(self):
        self.socket.close()


class Stream:
    """One stream, and the WebSocket in it."""

    def __init__(self, http2, number):
        self.http2, self.number = http2, number
        self.head, self.body, self.ended, self.reset = None, b"", False, None
        self.frames = Connection(ConnectionType.CLIENT)
        self.events = []

    def send(self, event):
        data = self.frames.send(event)
        while data:
            window = self.http2.h2.local_flow_control_window(self.number)
            size = min(window, self.http2.h2.max_outbound_frame_size, len(data))
            if size == 0:
                self.http2.read(time.monotonic() + TIME)
                continue
            self.http2.h2.send_data(self.number, data[:size])
            self.http2.flush()
            data = data[size:]

    def end(self):
        """Ends our half, and waits for the end of the other."""
        if not self.ended:
            self.http2.h2.end_stream(self.number)
            self.http2.flush()
        self.http2.until(lambda: self.ended, "the end of the stream")
        # A server that is done may say so by RST_STREAM(NO_ERROR), too.
        holds(self.reset in (None, 0), f"the stream was reset with {self.reset}")

    def next(self):
        """The next message, whole; pings are answered by the way."""
        parts = []
        while True:
            event = self.event()
            if isinstance(event, Ping):
                self.send(event.response())
            elif isinstance(event, (TextMessage, BytesMessage)):
                parts.append(event.data)
                if event.message_finished:
                    return (b"" if isinstance(event, BytesMessage) else "").join(parts)
            else:
                return event

    def event(self):
        end = time.monotonic() + TIME
        while not self.events:
            if self.body:
                self.frames.receive_data(self.body)
                self.body = b""
                self.events = list(self.frames.events())
            elif self.ended:
                raise AssertionError(f"the stream ended, reset {self.reset}")
            else:
                holds(time.monotonic() < end, "waited for a message")
                self.http2.read(end)
        return self.events.pop(0)


def greets(http2, caller):
    holds(http2.allows_connect(), "SETTINGS_ENABLE_CONNECT_PROTOCOL is not 1")
    stream = http2.websocket()
    same(stream.head[":status"], "200")
    same(stream.head.get("sec-websocket-protocol"), "chat.v2")
    holds("sec-websocket-accept" not in stream.head, stream.head)
    hello = json.loads(stream.next())
    same(hello["hello"], "chat.v2")
    if caller:
        same(hello["caller"], caller)
    finish(stream)


def finish(stream):
    """Close frames both ways, then the end of the stream both ways."""
    stream.send(CloseConnection(code=1000, reason="done"))
    answer = stream.next()
    same((type(answer), int(answer.code)), (CloseConnection, 1000))
    stream.end()


def echoes(http2):
    stream = http2.websocket()
    stream.next()
    for message in ("ünïcödé 😀", "x" * 125, "x" * 126, "x" * 65536):
        stream.send(TextMessage(data=message))
        same(stream.next(), message)
    for message in (b"", bytes(range(256)), os.urandom(1_000_000)):
        stream.send(BytesMessage(data=message))
        same(stream.next() == message, True)
    finish(stream)


def fragments(http2):
    stream = http2.websocket()
    stream.next()
    for number in range(50):
        stream.send(TextMessage(data=f"piece {number}, ", message_finished=number == 49))
    same(stream.next(), "".join(f"piece {n}, " for n in range(50)))
    finish(stream)


def pings(http2):
    stream = http2.websocket()
    stream.next()
    stream.send(Ping(payload=b"12345"))
    answer = stream.next()
    same((type(answer), bytes(answer.payload)), (Pong, b"12345"))
    finish(stream)


def closes(http2):
    stream = http2.websocket()
    stream.next()
    stream.send(TextMessage(data="close 4001 because I say so"))
    closed = stream.next()
    same((int(closed.code), closed.reason), (4001, "because I say so"))
    # The server may have ended the stream with its close frame.
    if not stream.ended:
        stream.send(closed.response())
    stream.end()


def refused(http2):
    stream = http2.websocket("/refuse")
    same(stream.head[":status"], "418")
    http2.until(lambda: stream.ended, "the end of the refusal")


def mixed(http2, plain):
    """Three sockets and plain requests, all in one connection."""
    streams = [http2.websocket() for _ in range(3)]
    for stream in streams:
        stream.next()
    for turn in range(20):
        for number, stream in enumerate(streams):
            stream.send(TextMessage(data=f"{number}/{turn}"))
        same(http2.get(plain).head[":status"], "200")
        for number, stream in enumerate(streams):
            same(stream.next(), f"{number}/{turn}")
    for stream in streams:
        finish(stream)
    return "3 sockets and 20 requests in one connection"


def denied(http2):
    stream = http2.websocket("/secret")
    same(stream.head[":status"], "403")
    decision = stream.head.get("postern-decision", "")
    holds(len(decision) == 20, f"the decision is `{decision}`")
    tell(decision=decision)


def run(settings):
    checks = Checks()

    def check(name, which, *arguments):
        def alone():
            http2 = Http2(settings.target, settings.ca)
            try:
                return which(http2, *arguments)
            finally:
                http2.close()

        checks.run(name, alone)

    check("extended CONNECT, a subprotocol, the server speaks first", greets, settings.caller)
    check("text and binary, 1 MB", echoes)
    check("50 fragments", fragments)
    check("ping and pong", pings)
    check("the server's close code", closes)
    check("the server's own refusal", refused)
    check("sockets and requests side by side", mixed, settings.plain_path)
    if settings.denied:
        check("what no rule allows: 403 and an id", denied)
    checks.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--ca")
    parser.add_argument("--caller")
    parser.add_argument("--denied", action="store_true")
    parser.add_argument("--plain-path", default="/plain")
    run(parser.parse_args())
