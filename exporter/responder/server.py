"""The HTTP side: takes notifications at POST /alerts and answers /metrics and questions about health."""

import hmac
import logging
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import msgspec

from exporter.responder import secret
from exporter.responder.notification import Notification, decode

BODY_BYTES = 4 << 20
_CONNECTIONS = 64
_SECONDS = 20.0
_logger = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """Serves on `:8771`, `127.0.0.1:8771` or `[::1]:8771`; ValueError for another form, OSError when it is taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, address: str, take: Callable[[Notification], None], metrics: Callable[[], bytes], token_file: Path | None
    ) -> None:
        host, port = _host_and_port(address)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.take = take
        self.metrics = metrics
        self.token_file = token_file
        self._free = BoundedSemaphore(_CONNECTIONS)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name that the base class makes."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's types
        """Give the connection a thread, or close it where there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's types
        """Serve the connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - the base class's signature
        """Log what a connection ended with."""
        _logger.debug("a connection from %s ended with %r", client_address[0], sys.exception())


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS
    server: Server

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, self.server.metrics(), "text/plain; version=0.0.4; charset=utf-8")
        elif self.path in ("/-/healthy", "/-/ready"):
            self._answer(HTTPStatus.OK, b"OK\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"Alertmanager posts to /alerts; metrics are at /metrics\n")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/alerts":
            self._answer(HTTPStatus.NOT_FOUND, b"Alerts are taken at /alerts\n")
        elif not self._is_known():
            self._answer(HTTPStatus.UNAUTHORIZED, b"The token is missing or wrong\n")
        elif not (length.isascii() and length.isdecimal()):
            self._answer(HTTPStatus.LENGTH_REQUIRED, b"Content-Length is missing\n")
        elif int(length) > BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {BODY_BYTES} bytes\n".encode())
        else:
            self._take(self.rfile.read(int(length)))

    def _is_known(self) -> bool:
        if self.server.token_file is None:
            return True
        try:
            expected = f"Bearer {secret.read(self.server.token_file)}"
        except (OSError, ValueError):
            _logger.exception("the token cannot be read, so nobody is believed")
            return False
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected.encode())

    def _take(self, body: bytes) -> None:
        try:
            self.server.take(decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._answer(HTTPStatus.BAD_REQUEST, f"Not a notification of Alertmanager, version 4: {error}\n".encode())
        except OSError:
            _logger.exception("a notification could not be kept")
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"It cannot be kept now; send it again\n")
        else:
            self._answer(HTTPStatus.OK, b"OK\n")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log what the base class reports."""
        _logger.debug("%s %r", self.client_address[0], format % args)


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF or (":" in host and not bracketed):  # noqa: PLR2004 - a port
        raise ValueError(f"listen address {address!r}: want :port, host:port or [IPv6 address]:port")
    return host.strip("[]"), int(port)
