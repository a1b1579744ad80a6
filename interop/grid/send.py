"""Sends every case of the corpus to every target, each on a connection of its
own, and prints what came back: one JSON object for each. Bytes go out as the
corpus has them; no HTTP library is asked.

    send.py PLAN CORPUS [CORPUS2]

PLAN is JSON: a list of targets with `entry`, `backend`, `address`, `host`,
`sni` and maybe `cert` and `key`; without `sni` there is no TLS."""

import codecs
import concurrent.futures
import json
import re
import socket
import ssl
import sys
import time

import frames

SENDERS = 12
PATIENCE = 10.0
# For an answer to half a request, which may never come.
CUT_PATIENCE = 1.0
# After the last wanted answer: for one that nobody asked for.
GRACE = 0.15


def cases(path):
    """`name | wants | bytes` on each line; `#` begins a comment."""
    with open(path, encoding="ascii") as corpus:
        for line in corpus:
            if line.strip() and not line.startswith("#"):
                name, wants, text = line.rstrip("\n").split(" | ", 2)
                yield name, wants, text


def spelled(text, tag, host):
    """The bytes of a case: escapes, `{tag}`, `{host}`, `{3*abc}`; a list, cut
    where `{wait}` stands."""
    text = re.sub(r"\{(\d+)\*([^}]*)\}", lambda m: int(m[1]) * m[2], text)
    text = text.replace("{tag}", f"/g/{tag}").replace("{host}", host)
    return [codecs.escape_decode(part)[0] for part in text.split("{wait}")]


def dial(target, alpn):
    stream = socket.create_connection(tuple(target["address"]), timeout=PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not target.get("sni"):
        return stream
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    if target.get("cert"):
        context.load_cert_chain(target["cert"], target["key"])
    stream = context.wrap_socket(stream, server_hostname=target["sni"])
    if stream.selected_alpn_protocol() != alpn:
        raise RuntimeError(f"{target['entry']} speaks {stream.selected_alpn_protocol()}")
    return stream


def statuses(heard, heads):
    """The final answers in what was heard, by their own framing: statuses, and
    whether the last one is whole. `heads` says which answer a HEAD."""
    found = []
    while True:
        head, end, rest = heard.partition(b"\r\n\r\n")
        if not end:
            return found, heard == b""
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        if status < 200:
            heard = rest
            continue
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip().lower()
        bodiless = status in (204, 304) or (len(found) < len(heads) and heads[len(found)])
        if bodiless:
            heard = rest
        elif fields.get(b"transfer-encoding") == b"chunked":
            end = re.search(rb"(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n", rest)
            if not end:
                return found, False
            heard = rest[end.end():]
        else:
            length = int(fields.get(b"content-length", b"0"))
            if len(rest) < length:
                return found, False
            heard = rest[length:]
        found.append(status)


def converse(stream, parts, wants, heads):
    """Sends the parts, hears what comes; says what and whether it closed."""
    heard, closed = b"", False
    deadline = time.monotonic() + (CUT_PATIENCE if wants == "cut" else PATIENCE)

    def hear(until):
        nonlocal heard, closed
        while not closed and not until() and time.monotonic() < deadline:
            try:
                more = stream.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                more = b""
            heard, closed = heard + more, more == b""

    stream.settimeout(0.05)
    for at, part in enumerate(parts):
        if at:
            before = len(heard)
            hear(lambda: len(heard) > before)
        try:
            stream.settimeout(PATIENCE)
            stream.sendall(part)
        except OSError:
            pass
        stream.settimeout(0.05)
    count = int(wants) if wants.isdigit() else 1
    hear(lambda: len(statuses(heard, heads)[0]) >= count)
    deadline = min(deadline, time.monotonic() + GRACE)
    hear(lambda: False)
    return heard, closed


def http1(target, number, case):
    name, wants, text = case
    tag = f"{target['entry']}{number}"
    parts = spelled(text, tag, target["host"])
    # An answer to HEAD has no body, whatever its fields say.
    heads = [line.startswith(b"HEAD ") for line in b"".join(parts).split(b"\r\n")
             if re.match(rb"[A-Z]+ [^ ]+ HTTP/1", line)]
    told = {"case": name, "wants": wants, "tag": tag, **place(target)}
    with dial(target, "http/1.1") as stream:
        told["from"] = "%s:%d" % stream.getsockname()[:2]
        heard, told["closed"] = converse(stream, parts, wants, heads)
    told["statuses"], told["whole"] = statuses(heard, heads)
    return told


def http2(target, number, case):
    name, wants, text = case
    tag = f"{target['entry']}-h2-{number}"
    told = {"case": f"h2 {name}", "wants": wants, "tag": tag, **place(target)}
    with dial(target, "h2") as stream:
        told["from"] = "%s:%d" % stream.getsockname()[:2]
        said = frames.spell(text.replace("{tag}", f"/g/{tag}").replace("{host}", target["host"]))
        told["statuses"], told["closed"] = frames.converse(stream, said, wants, PATIENCE, GRACE)
    return told


def place(target):
    return {"entry": target["entry"], "backend": target["backend"]}


def main():
    plan, corpus, *corpus2 = sys.argv[1:]
    with open(plan, encoding="utf-8") as file:
        targets = json.load(file)
    work = [(http1, target, at, case) for at, case in enumerate(cases(corpus), 1)
            for target in targets]
    for path in corpus2:
        work += [(http2, target, at, case) for at, case in enumerate(cases(path), 1)
                 for target in targets]
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        for told in pool.map(lambda item: item[0](*item[1:]), work):
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
