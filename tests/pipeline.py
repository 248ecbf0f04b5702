"""A retraining pipeline for tests: a real HTTP server that keeps what it is asked and answers as it is told."""

import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from stack import eventually


@dataclass
class Pipeline:
    """`requests` are (path, headers, body) in order; `answers` are statuses or functions of the handler, then 200."""

    address: str = ""
    requests: list = field(default_factory=list)
    answers: list = field(default_factory=list)

    def asked(self, count, seconds=10):
        """Wait until there were so many requests, and return them."""
        eventually(f"{count} requests", lambda: len(self.requests) >= count, seconds)
        return self.requests


@contextmanager
def pipeline(address="127.0.0.1:0"):
    """Run a pipeline at an address."""
    line = Pipeline()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = line.answers.pop(0) if line.answers else 200
            line.requests.append((self.path, dict(self.headers.items()), body))
            if callable(answer):
                answer(self)
                return
            self.send_response(answer)
            if answer == 302:
                self.send_header("Location", f"http://{line.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815 - the base class's names

        def log_message(self, *_):
            pass

    host, port = address.rsplit(":", 1)
    with http.server.ThreadingHTTPServer((host, int(port)), Handler) as server:
        line.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield line
        finally:
            server.shutdown()
            thread.join()
