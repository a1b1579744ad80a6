"""HTTP/2 in frames, as little of it as the grid needs: literal header blocks,
DATA, trailers; and a reader of statuses. No HTTP library is asked."""

import socket
import ssl
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, bits, first=0):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    said, value = [first | most], value - most
    while value >= 128:
        said.append(128 | value & 127)
        value >>= 7
    return bytes([*said, value])


def text(words):
    return integer(len(words), 7) + words


def block(fields):
    """Each field a literal that no table keeps (RFC 7541, section 6.2.2)."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in fields)


def spell(case):
    """The frames of a case: steps joined by ` ; `. `head a=b & c=d` is HEADERS,
    `data words` DATA, `tail a=b` trailers; `end` behind the word ends the
    stream, a number before it is the stream (1 otherwise)."""
    said = b""
    for step in case.split(" ; "):
        word, _, rest = step.partition(" ")
        stream = 1
        if word.isdigit():
            stream = int(word)
            word, _, rest = rest.partition(" ")
        flags = END_STREAM if word.endswith("-end") else 0
        words = rest.encode("latin-1").decode("unicode_escape").encode("latin-1")
        match word.removesuffix("-end"):
            case "head" | "tail":
                pairs = [pair.partition(b"=") for pair in words.split(b" & ") if pair]
                fields = [(name, value) for name, _, value in pairs]
                said += frame(HEADERS, flags | END_HEADERS, stream, block(fields))
            case "data":
                said += frame(DATA, flags, stream, words)
            case other:
                raise ValueError(f"no such step: {other}")
    return said


class Reader:
    """Statuses by stream, out of a header block: the static table's, and
    literals with the name `:status`; answers begin with it (RFC 9113, section
    8.3), so the rest of a block is not read."""

    STATIC = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}

    def status(self, payload):
        while payload and payload[0] & 0xE0 == 0x20:
            payload = payload[1:] if payload[0] & 0x1F < 0x1F else payload[3:]
        first = payload[0]
        if first & 0x80:
            return self.STATIC[first & 0x7F]
        # A literal with an indexed name, and a value of three digits or its
        # Huffman code; a code for three digits takes two or three bytes.
        length, value = payload[1], payload[2:]
        if length & 0x80:
            return huffman_digits(value[: length & 0x7F])
        return int(value[:length])


def huffman_digits(coded):
    """Digits alone (RFC 7541, appendix B): 0 to 2 in five bits, others in six."""
    bits = "".join(f"{byte:08b}" for byte in coded)
    digits = ""
    while len(digits) < 3:
        if bits[:5] in ("00000", "00001", "00010"):
            digits, bits = digits + str(int(bits[:5], 2)), bits[5:]
        else:
            digits, bits = digits + str(int(bits[:6], 2) - 0x19 + 3), bits[6:]
    return int(digits)


def converse(stream, said, wants, patience, grace):
    """Sends, hears; the final statuses in order, resets as 0, and whether the
    connection was closed."""
    settings = frame(SETTINGS, 0, 0)
    stream.sendall(PREFACE + settings + said)
    stream.settimeout(0.05)
    buffer, closed, over = b"", False, {}
    reader, last = Reader(), {}
    count = int(wants) if wants.isdigit() else 1
    deadline = time.monotonic() + patience
    while not closed and time.monotonic() < deadline:
        if len(over) >= count:
            deadline = min(deadline, time.monotonic() + grace)
        try:
            more = stream.recv(65536)
            closed = more == b""
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            closed, more = True, b""
        buffer += more
        while len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big"):
            length = int.from_bytes(buffer[:3], "big")
            kind, flags, at = struct.unpack(">BBI", buffer[3:9])
            payload, buffer = buffer[9:9 + length], buffer[9 + length:]
            if kind == SETTINGS and not flags & ACK:
                send(stream, frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                send(stream, frame(PING, ACK, 0, payload))
            elif kind == HEADERS and at not in last:
                status = reader.status(payload)
                if status >= 200:
                    last[at] = status
            elif kind == RST_STREAM and at not in over:
                over[at] = last.get(at, 0)
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                over[at] = last[at]
    return [over[at] for at in sorted(over)], closed


def send(stream, said):
    try:
        stream.sendall(said)
    except OSError:
        pass
