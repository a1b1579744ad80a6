"""Python's own `http.server`, with HTTP/1.1 switched on. It knows lengths and
no chunks, so it closes behind a request that has any."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from note import note


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        note(self.command, self.path)
        self.close_connection |= self.headers.get("Transfer-Encoding") is not None
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    def send_error(self, code, *words):
        # A line that is no request: that it came here at all is the finding.
        note("BAD", repr(self.raw_requestline))
        super().send_error(code, *words)

    def log_message(self, *words):
        pass

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
