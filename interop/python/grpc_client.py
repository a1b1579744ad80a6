"""A gRPC client by grpcio: what a program relies on, one check each.

Usage: grpc_client.py TARGET [--ca FILE] [--caller ID] [--denied] [--go TARGET]
[--unrouted]. `--caller` is the identity the service has to be told, `--denied`
calls what no rule allows as well, `--go` is where grpc-go's interop server
answers, and `--unrouted` calls there what the gateway has no route for.
"""

import argparse
import json
import threading
import time

import grpc

from told import Checks, holds, same, tell

LARGEST = 32 * 1024 * 1024
TIME = 20
BLOB = bytes(range(256))
WORDS = "tab\t, percent 100% and ünïcödé 😀"


class Peer:
    """The methods of the service, on raw bytes."""

    def __init__(self, channel):
        self.echo = channel.unary_unary("/interop.Peer/Echo")
        self.fail = channel.unary_unary("/interop.Peer/Fail")
        self.sleep = channel.unary_unary("/interop.Peer/Sleep")
        self.events = channel.unary_unary("/interop.Peer/Events")
        self.missing = channel.unary_unary("/interop.Peer/Missing")
        self.count = channel.unary_stream("/interop.Peer/Count")
        self.forever = channel.unary_stream("/interop.Peer/Forever")
        self.total = channel.stream_unary("/interop.Peer/Total")
        self.chat = channel.stream_stream("/interop.Peer/Chat")
        self.secret = channel.unary_unary("/interop.Secret/Echo")
        self.secret_chat = channel.stream_stream("/interop.Secret/Chat")


def unary(peer):
    same(peer.echo(b"good morning", timeout=TIME), b"good morning")
    same(peer.echo(b"", timeout=TIME), b"")


def metadata(peer):
    sent = [("x-word", "a, b ;c"), ("x-twice", "1"), ("x-twice", "2"), ("x-blob-bin", BLOB)]
    answer, call = peer.echo.with_call(b"", timeout=TIME, metadata=sent)
    first = list(call.initial_metadata())
    last = list(call.trailing_metadata())
    holds(("x-first", "yes") in first, first)
    for name, value in sent:
        holds((name, value) in first, f"{name} is not in {first}")
        holds((f"x-last-{name[2:]}", value) in last, f"{name} is not in {last}")


def caller(peer, wanted):
    _, call = peer.echo.with_call(b"", timeout=TIME)
    same(dict(call.trailing_metadata()).get("x-seen-postern-caller"), wanted)


def server_streaming(peer):
    request = json.dumps({"count": 2000, "size": 500}).encode()
    call = peer.count(request, timeout=TIME)
    numbers = [int.from_bytes(message[:4], "big") for message in call]
    same(numbers, list(range(2000)))
    same(dict(call.trailing_metadata()).get("x-sent"), "2000")
    return f"{len(numbers)} messages"


def client_streaming(peer):
    answer, call = peer.total.with_call((bytes(1000) for _ in range(1000)), timeout=TIME)
    same(json.loads(answer), {"messages": 1000, "bytes": 1_000_000})
    same(dict(call.trailing_metadata()).get("x-messages"), "1000")


class Turns:
    """Requests of a stream, given out one by one."""

    def __init__(self):
        self.ready = threading.Condition()
        self.waiting = []

    def say(self, message):
        with self.ready:
            self.waiting.append(message)
            self.ready.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.ready:
            self.ready.wait_for(lambda: self.waiting)
            message = self.waiting.pop(0)
        if message is None:
            raise StopIteration
        return message


def both_ways(peer):
    """The service speaks first; then each side waits for the other."""
    turns = Turns()
    call = peer.chat(turns, timeout=TIME)
    same(next(call), b"hello")
    for number in range(200):
        turns.say(b"%d" % number)
        same(next(call), b"re: %d" % number)
    turns.say(None)
    same(list(call), [])
    same(dict(call.trailing_metadata()).get("x-messages"), "200")
    return "200 turns"


def nothing(peer):
    """Streams without a message in either direction."""
    same(list(peer.count(b'{"count": 0, "size": 0}', timeout=TIME)), [])
    same(json.loads(peer.total(iter(()), timeout=TIME)), {"messages": 0, "bytes": 0})
    same(list(peer.chat(iter(()), timeout=TIME)), [b"hello"])


def large(peer, size):
    request = BLOB * (size // len(BLOB))
    same(peer.echo(request, timeout=TIME) == request, True)
    return f"{size} bytes each way"


def compressed(peer):
    request = b"squeeze me " * 50_000
    answer = peer.echo(
        request,
        timeout=TIME,
        compression=grpc.Compression.Gzip,
        metadata=[("x-compress", "gzip")],
    )
    same(answer == request, True)


def failure(call, *arguments, **named):
    try:
        answer = call(*arguments, timeout=TIME, **named)
        if hasattr(answer, "__next__"):
            list(answer)
    except grpc.RpcError as error:
        return error
    raise AssertionError("it succeeded")


def trailers_only(peer):
    for code in ("NOT_FOUND", "UNAVAILABLE", "DATA_LOSS", "INVALID_ARGUMENT", "UNAUTHENTICATED"):
        request = json.dumps({"code": code, "message": WORDS}).encode()
        error = failure(peer.fail, request)
        same(error.code().name, code)
        same(error.details(), WORDS)
        same(dict(error.trailing_metadata()).get("x-why"), WORDS.encode().hex())


def late_failure(peer):
    call = peer.count(b'{"count": 3, "size": 9, "code": "ABORTED"}', timeout=TIME)
    seen = []
    try:
        for message in call:
            seen.append(message)
    except grpc.RpcError:
        pass
    same(len(seen), 3)
    same(call.code().name, "ABORTED")
    same(call.details(), "after the last one")
    same(dict(call.trailing_metadata()).get("x-sent"), "3")


def unknown_method(peer):
    same(failure(peer.missing, b"").code().name, "UNIMPLEMENTED")


def wait_for(peer, name, is_it):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        seen = json.loads(peer.events(name.encode(), timeout=TIME))
        found = [fact for fact in seen if is_it(fact)]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"the service never saw it: {seen}")


def deadline(peer, name):
    """The service is told the deadline, and both sides end by it."""
    began = time.monotonic()
    try:
        peer.sleep(name.encode(), timeout=0.5)
    except grpc.RpcError as error:
        same(error.code().name, "DEADLINE_EXCEEDED")
    took = time.monotonic() - began
    holds(0.4 < took < 2, f"ended after {took:.2f} s")
    told = wait_for(peer, name, lambda fact: "remaining" in fact)["remaining"]
    holds(told is not None and 0 < told <= 0.51, f"the service was told {told}")
    gone = wait_for(peer, name, lambda fact: "gone_after" in fact)["gone_after"]
    holds(gone < 2, f"the service went on for {gone:.2f} s")
    return f"client after {1000 * took:.0f} ms, service after {1000 * gone:.0f} ms"


def cancelled(peer, name):
    """Whoever cancels is noticed by the service."""
    call = peer.forever(name.encode(), timeout=TIME)
    for _ in range(3):
        next(call)
    began = time.monotonic()
    call.cancel()
    wait_for(peer, name, lambda fact: fact.get("gone"))
    return f"seen after {1000 * (time.monotonic() - began):.0f} ms"


def at_once(peer):
    request = bytes(50_000)
    calls = [peer.echo.future(request, timeout=TIME) for _ in range(100)]
    same(all(call.result() == request for call in calls), True)
    return "100 calls on one connection"


def denied(peer):
    """Our own refusal: a status and an opaque id, and nothing else."""
    for error in (failure(peer.secret, b""), failure(peer.secret_chat, iter([b"1", b"2"]))):
        same(error.code().name, "PERMISSION_DENIED")
        decision = error.details()
        holds(len(decision) == 20 and decision.isalnum(), f"the message is `{decision}`")
        tell(decision=decision)


def unrouted(channel):
    """What the gateway has no route for, on grpc-go's listener."""
    error = failure(channel.unary_unary("/interop.Peer/Echo"), b"")
    same(error.code().name, "UNIMPLEMENTED")
    holds(len(error.details()) == 20, f"the message is `{error.details()}`")


def to_go(channel):
    """grpc-go's own test service: empty call and status, by hand-made bytes."""
    empty = channel.unary_unary("/grpc.testing.TestService/EmptyCall")
    same(empty(b"", timeout=TIME), b"")
    # SimpleRequest{response_size: 1000, payload: 10 zeros}
    large = channel.unary_unary("/grpc.testing.TestService/UnaryCall")
    answer = large(b"\x10\xe8\x07\x1a\x0c\x12\x0a" + bytes(10), timeout=TIME)
    holds(len(answer) > 1000, f"{len(answer)} bytes")
    # StreamingOutputCallRequest{response_parameters: [{size: 9}]}, three times
    stream = channel.stream_stream("/grpc.testing.TestService/FullDuplexCall")
    asked = b"\x12\x02\x08\x09"
    same(len(list(stream(iter([asked] * 3), timeout=TIME))), 3)


def connect(target, ca):
    options = [
        ("grpc.max_receive_message_length", LARGEST),
        ("grpc.max_send_message_length", LARGEST),
    ]
    if ca is None:
        return grpc.insecure_channel(target, options=options)
    with open(ca, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(target, credentials, options=options)


def run(settings):
    checks = Checks()
    unique = f"{time.time_ns()}"
    with connect(settings.target, settings.ca) as channel:
        peer = Peer(channel)
        checks.run("unary", unary, peer)
        checks.run("metadata, text and binary, both ways", metadata, peer)
        if settings.caller:
            checks.run("the service is told who calls", caller, peer, settings.caller)
        checks.run("server streaming", server_streaming, peer)
        checks.run("client streaming", client_streaming, peer)
        checks.run("both ways, turn by turn", both_ways, peer)
        checks.run("empty streams", nothing, peer)
        checks.run("3 MB in one message", large, peer, 3_000_064)
        checks.run("16 MB in one message", large, peer, 16_000_000)
        checks.run("gzip both ways", compressed, peer)
        checks.run("trailers only: code, message, metadata", trailers_only, peer)
        checks.run("a failure after three messages", late_failure, peer)
        checks.run("an unknown method", unknown_method, peer)
        checks.run("a deadline ends both sides", deadline, peer, f"deadline-{unique}")
        checks.run("a cancel reaches the service", cancelled, peer, f"cancel-{unique}")
        checks.run("many at once", at_once, peer)
        if settings.denied:
            checks.run("what no rule allows: PERMISSION_DENIED and an id", denied, peer)
    if settings.go:
        with connect(settings.go, settings.ca) as channel:
            checks.run("to grpc-go's server", to_go, channel)
            if settings.unrouted:
                checks.run("what has no route: UNIMPLEMENTED and an id", unrouted, channel)
    checks.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--ca")
    parser.add_argument("--caller")
    parser.add_argument("--denied", action="store_true")
    parser.add_argument("--go")
    parser.add_argument("--unrouted", action="store_true")
    run(parser.parse_args())
