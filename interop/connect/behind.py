"""A server under test for connectconformance that is already there: reference
servers behind the gateway.

Usage: behind.py CERTIFICATE HTTP1 HTTP2 HTTP1-LIMITED HTTP2-LIMITED, the four
ports of the gateway. The runner writes one ServerCompatRequest to standard
input, after its length in four bytes; a ServerCompatResponse of the same form
tells it where to go.
"""

import signal
import sys

HTTP_VERSION, MESSAGE_RECEIVE_LIMIT = 2, 6


def varint(data):
    """The first varint of `data`, and what comes behind it."""
    value = shift = 0
    for place, byte in enumerate(data):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, data[place + 1 :]
    raise ValueError("a varint without an end")


def read(data):
    """The numbers of a Protobuf message by field; texts are passed over."""
    fields = {}
    while data:
        key, data = varint(data)
        if key & 7 == 0:
            fields[key >> 3], data = varint(data)
        elif key & 7 == 2:
            length, data = varint(data)
            data = data[length:]
        else:
            raise ValueError(f"wire type {key & 7}")
    return fields


def write(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def text(field, value):
    return write(field << 3 | 2) + write(len(value)) + value


def main(certificate, *ports):
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    request = read(sys.stdin.buffer.read(length))
    version = request.get(HTTP_VERSION, 0)
    if version not in (1, 2):
        sys.exit(f"HTTP version {version} is not there")
    limited = 2 if request.get(MESSAGE_RECEIVE_LIMIT, 0) else 0
    port = int(ports[version - 1 + limited])
    with open(certificate, "rb") as file:
        pem = file.read()
    response = text(1, b"127.0.0.1") + write(2 << 3) + write(port) + text(3, pem)
    sys.stdout.buffer.write(len(response).to_bytes(4, "big") + response)
    sys.stdout.buffer.flush()
    # The runner ends this by a signal when it is done with the server.
    signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main(*sys.argv[1:])
