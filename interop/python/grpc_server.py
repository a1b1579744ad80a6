"""A gRPC service by grpcio: all four shapes, on raw bytes, so that no generated
code is needed.

Usage: grpc_server.py PORT. What it saw of calls that their caller left is kept
and told by `Events`.
"""

import json
import sys
import threading
import time
from concurrent import futures

import grpc

SEEN = {}
LOCK = threading.Lock()
LARGEST = 32 * 1024 * 1024


def note(name, fact):
    with LOCK:
        SEEN.setdefault(name, []).append(fact)


def metadata(context):
    return dict(context.invocation_metadata())


def echo(request, context):
    """Gives back the bytes, and the metadata that begin with `x-`, twice."""
    pairs = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-")]
    context.send_initial_metadata([("x-first", "yes"), *pairs])
    told = [(f"x-last-{k[2:]}", v) for k, v in pairs]
    given = metadata(context)
    for name in ("postern-caller", "user-agent", "te"):
        if name in given:
            told.append((f"x-seen-{name}", given[name]))
    context.set_trailing_metadata(told)
    if given.get("x-compress") == "gzip":
        context.set_compression(grpc.Compression.Gzip)
    return request


def fail(request, context):
    """Ends without a message: trailers only."""
    wanted = json.loads(request)
    context.set_trailing_metadata([("x-why", wanted["message"].encode().hex())])
    context.set_code(getattr(grpc.StatusCode, wanted["code"]))
    context.set_details(wanted["message"])
    return b""


def count(request, context):
    """Sends so many messages of such a size, then fails if it is told to."""
    wanted = json.loads(request)
    for number in range(wanted["count"]):
        yield number.to_bytes(4, "big") + bytes(wanted["size"])
    context.set_trailing_metadata([("x-sent", str(wanted["count"]))])
    if "code" in wanted:
        context.abort(getattr(grpc.StatusCode, wanted["code"]), "after the last one")


def total(requests, context):
    messages = bytes_seen = 0
    for request in requests:
        messages += 1
        bytes_seen += len(request)
    context.set_trailing_metadata([("x-messages", str(messages))])
    return json.dumps({"messages": messages, "bytes": bytes_seen}).encode()


def chat(requests, context):
    """Speaks first, then answers each message before it reads the next."""
    yield b"hello"
    messages = 0
    for request in requests:
        messages += 1
        yield b"re: " + request
    context.set_trailing_metadata([("x-messages", str(messages))])


def sleep(request, context):
    """Waits for the caller to give up, and notes what it was told of time."""
    name = request.decode()
    note(name, {"remaining": context.time_remaining()})
    gone = threading.Event()
    context.add_callback(gone.set)
    began = time.monotonic()
    gone.wait(20)
    note(name, {"gone_after": time.monotonic() - began})
    return b""


def forever(request, context):
    """A message each 50 ms until the caller is gone."""
    name = request.decode()
    context.add_callback(lambda: note(name, {"gone": True}))
    number = 0
    while context.is_active():
        yield b"tick %d" % number
        number += 1
        time.sleep(0.05)


def events(request, context):
    with LOCK:
        return json.dumps(SEEN.get(request.decode(), [])).encode()


def peer():
    unary = grpc.unary_unary_rpc_method_handler
    return grpc.method_handlers_generic_handler(
        "interop.Peer",
        {
            "Echo": unary(echo),
            "Fail": unary(fail),
            "Sleep": unary(sleep),
            "Events": unary(events),
            "Count": grpc.unary_stream_rpc_method_handler(count),
            "Forever": grpc.unary_stream_rpc_method_handler(forever),
            "Total": grpc.stream_unary_rpc_method_handler(total),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        },
    )


def secret():
    """A service that no rule lets anybody call."""
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }
    return grpc.method_handlers_generic_handler("interop.Secret", handlers)


def serve(port):
    options = [
        ("grpc.max_receive_message_length", LARGEST),
        ("grpc.max_send_message_length", LARGEST),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=options)
    server.add_generic_rpc_handlers((peer(), secret()))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("serving", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
