"""Addresses and connections: what a client may take, what it may send, and how a server ends."""

import contextlib
import gc
import logging
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import Gate, ask, eventually, place, send, serving, site

from exporter.web import listener
from exporter.web.server import Server


def ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


# -- requests that are too much


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414 "),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431 "),
        (b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431 "),
        (b"GET /metrics HTTP/9.9\r\n\r\n", b"505 "),
        (b"nonsense\r\n\r\n", b"400 "),
        (b"GET /metrics HTTP/x\r\n\r\n", b"400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", b"400 "),
    ],
)
def test_a_request_beyond_the_limits_is_refused_in_plain_text(request_bytes, status):
    with serving(site()) as server:
        answer = send(server, request_bytes)
        assert ask(server).status == 200
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Content-Type: text/plain; charset=utf-8\r\n" in answer
    assert b"nonsense" not in answer
    assert b"Server:" not in answer


def test_a_request_without_a_version_is_answered_with_headers():
    with serving(site()) as server:
        assert send(server, b"GET /-/healthy\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_goes_away_in_the_middle_is_no_error(caplog):
    with serving(site(metrics=lambda _: b"x" * 20_000_000)) as server:
        for request in (b"", b"GET /met", b"GET /metrics HTTP/1.1\r\n\r\n"):
            with socket.create_connection(place(server)) as connection:
                connection.sendall(request)
        assert ask(server, "/-/healthy").status == 200
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


def test_clients_that_send_slowly_block_nobody_and_are_cut(monkeypatch, caplog):
    monkeypatch.setattr(listener, "_SECONDS", 0.3)
    with serving(site()) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(place(server), timeout=10)) for _ in range(30)]
        for connection in slow:
            connection.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert ask(server).status == 200
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < began + 5:  # every byte is in time, but the whole is not
                slow[0].sendall(b"x")
                time.sleep(0.02)
        assert time.monotonic() < began + 3
        for connection in slow[1:]:
            assert connection.recv(1) == b""
    assert caplog.records == []


def test_a_client_that_does_not_take_its_response_is_cut(monkeypatch, caplog):
    monkeypatch.setattr(listener, "_SECONDS", 0.3)
    sent = 50_000_000
    with serving(site(metrics=lambda _: b"x" * sent)) as server:
        with socket.create_connection(place(server), timeout=10) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            eventually(lambda: connection.recv(1, socket.MSG_PEEK))
            eventually(lambda: not server._listeners[0]._connections)
            with contextlib.suppress(ConnectionError):
                assert sum(map(len, iter(lambda: connection.recv(1 << 20), b""))) < sent
        assert ask(server, "/-/healthy").status == 200
    assert caplog.records == []


def test_a_deadline_that_has_passed_closes_the_connection_and_is_no_error(monkeypatch, caplog):
    monkeypatch.setattr(listener, "_SECONDS", -1)
    with serving(site()) as server:
        assert send(server, b"") == b""
    assert caplog.records == []


def test_the_time_of_a_rendering_is_not_the_clients(monkeypatch):
    monkeypatch.setattr(listener, "_SECONDS", 0.1)
    with serving(site(metrics=lambda _: time.sleep(0.2) or b"up 1\n")) as server:
        assert ask(server).body == b"up 1\n"


def test_more_connections_than_the_limit_are_closed_and_the_rest_lives(monkeypatch):
    monkeypatch.setattr(listener, "_CONNECTIONS", 2)
    monkeypatch.setattr(listener, "_GRACE_SECONDS", 0.1)
    with serving(site()) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(socket.create_connection(place(server)))
            eventually(lambda: len(server._listeners[0]._connections) == 2)
            with contextlib.suppress(ConnectionError):
                assert send(server, b"GET /-/healthy HTTP/1.1\r\n\r\n") == b""
        eventually(lambda: not server._listeners[0]._connections)
        assert ask(server).status == 200


def test_a_connection_for_which_there_is_no_thread_is_closed_and_forgotten(monkeypatch):
    with serving(site()) as server:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no thread")))
            assert send(server, b"") == b""
        assert not server._listeners[0]._connections
        assert ask(server).status == 200


# -- addresses


def test_several_addresses_are_served_with_their_real_ports():
    with serving(site(), "127.0.0.1:0", "localhost:0", "0.0.0.0:0", ":0") as server:
        ports = [int(address.rpartition(":")[2]) for address in server.addresses]
        assert len(set(ports)) == 4
        for port in ports:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
                assert connection.recv(12) == b"HTTP/1.1 200"
    assert server.addresses == ()


def test_an_ipv6_address_is_served_and_written_in_brackets_or_refused_by_its_name():
    if not ipv6():
        with pytest.raises(OSError, match=re.escape("cannot listen on [::1]:0: ")):
            Server(["[::1]:0"], site()).start()
        return
    with serving(site(), "[::1]:0") as server:
        assert re.fullmatch(r"\[::1\]:\d+", server.addresses[0])
        assert ask(server).status == 200


def test_a_name_with_addresses_of_both_kinds_means_the_ipv4_one(monkeypatch):
    kinds = {socket.AF_INET6: ("::1", 0, 0, 0), socket.AF_INET: ("127.0.0.1", 0)}
    found = [(kind, socket.SOCK_STREAM, 0, "", where) for kind, where in kinds.items()]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with serving(site(), "both:0") as server:
        assert server.addresses[0].startswith("127.0.0.1:")


def test_a_name_that_cannot_be_found_is_an_error_that_shows_it(monkeypatch):
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(OSError, match="cannot listen on nobody:8770: Name or service not known"):
        Server(["nobody:8770"], site()).start()


@pytest.mark.parametrize("address", ["", "8770", "localhost", "host:port", ":70000", "::1:8770", ":-1"])
def test_an_address_of_another_form_is_an_error_that_shows_it(address):
    with pytest.raises(ValueError, match=re.escape(repr(address))):
        Server([address], site())


def test_an_address_that_is_taken_is_an_error_that_names_it_and_leaves_nothing_open():
    with serving(site()) as first:
        taken = first.addresses[0]
        second = Server(["127.0.0.1:0", taken], site())
        with pytest.raises(OSError, match=f"cannot listen on {taken}: Address already in use"):
            second.start()
        assert second.addresses == ()
        second.stop()
    gc.collect()  # an open socket would be a ResourceWarning here


# -- the end


def test_stop_lets_a_response_under_way_finish():
    gate = Gate()
    with serving(site(metrics=gate)) as server, ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(ask, server)
        eventually(lambda: gate.calls)
        accepting = server._listeners[0]._thread
        stopping = pool.submit(server.stop)
        accepting.join(10)
        time.sleep(0.1)  # long enough to be cut, were there no grace
        gate.open.set()
        assert waiting.result(10).body == b"up 1\n"
        stopping.result(10)


def test_stop_does_not_wait_for_a_client_that_sends_nothing(monkeypatch):
    monkeypatch.setattr(listener, "_GRACE_SECONDS", 0.1)
    with serving(site()) as server, socket.create_connection(place(server), timeout=10) as connection:
        eventually(lambda: server._listeners[0]._connections)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        assert connection.recv(1) == b""


def test_a_server_starts_again_after_it_was_stopped():
    server = Server(["127.0.0.1:0"], site())
    for _ in range(2):
        server.start()
        assert ask(server).status == 200
        server.stop()
    server.stop()
