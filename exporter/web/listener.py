"""One address: its connections, their threads and deadlines, and HTTP/1.1 over each of them."""

import io
import logging
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from exporter.web.desk import Desk
from exporter.web.pages import Request, Response, plain

_logger = logging.getLogger(__name__)

_CONNECTIONS = 128  # and their threads, for each address; most of them wait for their client
_SECONDS = 10.0  # for a client to send its request, and again to take the response
_GRACE_SECONDS = 2.0  # for responses under way when the server stops
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Connection": "close"}

# What the base classes leave open: they serve datagrams as well, and any buffer.
_Connection: TypeAlias = Any
_Client: TypeAlias = Any
_Buffer: TypeAlias = Any


class Listener(ThreadingHTTPServer):
    """One address: accepts connections and gives each a thread."""

    request_queue_size = 128
    allow_reuse_port = False

    def __init__(self, host: str, port: int, desk: Desk) -> None:
        self.desk = desk
        self._connections: dict[socket.socket, threading.Thread] = {}
        host = host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104 - what `:8770` means
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            # As Go does: a name such as localhost, that has addresses of both kinds, means the IPv4 one.
            self.address_family, *_, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
            super().__init__(where, _Handler)  # type: ignore[arg-type]  # typeshed knows the IPv4 form alone
        except OSError as error:
            raise OSError(error.errno, f"cannot listen on {_address(host, port)}: {error.strerror}") from error
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="web", daemon=True)

    @property
    def address(self) -> str:
        """The address in use: `127.0.0.1:8770` or `[::1]:8770`."""
        return _address(*self.server_address[:2])

    def start(self) -> None:
        """Accept connections from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, wait for the connections, and cut those that last beyond the grace."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        self._join(_GRACE_SECONDS)
        for connection in list(self._connections):
            with suppress(OSError):
                # The plain method also on TLS connections: their own changes state that the connection's thread uses.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._join(_GRACE_SECONDS)

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in list(self._connections.values()):
            thread.join(max(0.0, deadline - time.monotonic()))

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name that the base class makes, which may take seconds."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, _Client]:
        """Accept a connection; its thread does the TLS handshake, which waits for the client."""
        connection, client = super().get_request()
        tls = self.desk.config.current().tls
        if tls:
            connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, client

    def process_request(self, request: _Connection, client_address: _Client) -> None:
        """Give the connection a thread, or close it when there are too many."""
        if len(self._connections) >= _CONNECTIONS:
            self.shutdown_request(request)
            return
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[request] = thread
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left; the base class closes the connection
            del self._connections[request]
            raise

    def process_request_thread(self, request: _Connection, client_address: _Client) -> None:
        """Serve the connection and forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(request, None)

    def handle_error(self, request: _Connection, client_address: _Client) -> None:  # noqa: ARG002 - the base class's names
        """Log what a connection ended with; a client that went away or failed the handshake is no error of ours."""
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        _logger.log(level, "connection from %s failed", client_address[0], exc_info=True)


class _Stream(io.RawIOBase):
    """A connection whose client has one deadline for all it sends and one for all it takes, however it trickles."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.renew()

    def renew(self) -> None:
        """Start the time again."""
        self._deadline = time.monotonic() + _SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: _Buffer) -> int:
        self._wait()
        return self._connection.recv_into(buffer)

    def write(self, data: _Buffer) -> int:
        """Send everything."""
        rest = memoryview(data)
        while rest:
            self._wait()
            rest = rest[self._connection.send(rest) :]
        return len(data)

    def _wait(self) -> None:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the client is too slow")
        self._connection.settimeout(seconds)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request and sends its response; the limits on its first line and its headers are the base class's."""

    server: Listener
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # a first line without a version is answered with headers too
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Shake hands where there is TLS, and put the deadlines on the connection."""
        super().setup()
        self.rfile.close()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.settimeout(_SECONDS)
            self.connection.do_handshake()
        self._stream = _Stream(self.connection)
        self.rfile = io.BufferedReader(self._stream)
        self.wfile = self._stream  # type: ignore[assignment]  # raw is enough, as its write() sends everything

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, self._joined("Accept"), self._joined("Accept-Encoding"), query)
        with self.server.desk.answer(request, self.headers.get("Authorization")) as response:
            self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _serve  # noqa: N815 - the base class's names

    def _joined(self, name: str) -> str | None:
        """Return a header that may come in several lines."""
        return ", ".join(self.headers.get_all(name, ())) or None

    def _send(self, response: Response) -> None:
        self._stream.renew()
        self.send_response_only(response.status)
        fixed = {
            "Date": self.date_time_string(),
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
        }
        configured = self.server.desk.config.current().headers
        for name, value in {**fixed, **_HEADERS, **(response.headers or {}), **configured}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send a refusal of the base class in the form of all other responses."""
        _logger.debug("refused with %s: %s", code, message or explain)
        status = HTTPStatus(code)
        self._send(plain(status, f"{status.phrase}."))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log what the base class reports."""
        _logger.debug("%s %r", self.client_address[0], format % args)


def _address(host: object, port: int) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
