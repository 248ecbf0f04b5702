"""A server for a test, and a client that sees statuses, headers and bodies as they are."""

import contextlib
import http.client
import socket
import threading
import time
from dataclasses import dataclass

from exporter.web.pages import Site
from exporter.web.server import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def site(**changes):
    """A site with one gauge."""
    parts = {"title": "Prediction exporter", "version": "1.2.3", "metrics": lambda _: b"up 1\n", "ready": lambda: True}
    return Site(**(parts | changes))


@contextlib.contextmanager
def serving(shown, *addresses, web_config=None):
    """Run a server; on the way out, see that its threads are gone."""
    before = set(threading.enumerate())
    server = Server(addresses or ("127.0.0.1:0",), shown, web_config)
    server.start()
    try:
        yield server
    finally:
        server.stop()
    assert set(threading.enumerate()) <= before


def place(server):
    """Host and port of a server's first address, as a socket wants them."""
    host, _, port = server.addresses[0].rpartition(":")
    return host.strip("[]"), int(port)


def ask(server, path="/metrics", method="GET", body=None, tls=None, **headers):
    """Send one request and return the answer; `Accept_Encoding` stands for the header `Accept-Encoding`."""
    host, port = place(server)
    if tls:
        client = http.client.HTTPSConnection(host, port, timeout=10, context=tls)
    else:
        client = http.client.HTTPConnection(host, port, timeout=10)
    with contextlib.closing(client):
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        with client.getresponse() as response:
            return Answer(response.status, response.headers, response.read())


def send(server, data):
    """Send bytes and return all that comes back."""
    with socket.create_connection(place(server), timeout=10) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def eventually(condition, seconds=10):
    """Wait until a condition holds, and fail when it does not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


class Gate:
    """A rendering that waits at a gate, and counts how often it was begun."""

    def __init__(self):
        self.open = threading.Event()
        self.calls = []

    def __call__(self, fmt):
        self.calls.append(fmt)
        assert self.open.wait(10)
        return b"up 1\n"
