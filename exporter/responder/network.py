"""Connections to hosts on the allow-list alone, whatever the names resolve to and however slowly they answer."""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from threading import Timer
from urllib.parse import SplitResult

from exporter.responder.action import Allowed

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NotAllowedError(Exception):
    """A host that is not on the allow-list, or whose address may not be connected to."""


def is_allowed(url: SplitResult, allowed: Allowed) -> bool:
    """Say whether the host of a URL is on the allow-list, by its name alone or with its port."""
    return bool(_forms(url) & (allowed.hosts | allowed.private_hosts))


def _forms(url: SplitResult) -> set[str]:
    host = (url.hostname or "").lower()
    return {host, f"{host}:{_port(url)}"}


def _port(url: SplitResult) -> int:
    return url.port or _PORTS[url.scheme]


@contextmanager
def connected(
    url: SplitResult, allowed: Allowed, seconds: float, authority: Path | None
) -> Iterator[http.client.HTTPConnection]:
    """Give a connection that is cut after so many seconds; NotAllowedError or OSError where there can be none.

    The address that was judged is the one that is connected to: a name cannot resolve to another in between.
    """
    stream = _stream(socket.create_connection((_address(url, allowed), _port(url)), seconds), url, authority)
    cut = Timer(seconds, _cut, [stream])
    cut.daemon = True
    cut.start()
    try:
        if isinstance(stream, ssl.SSLSocket):
            stream.do_handshake()
        connection = http.client.HTTPConnection(url.hostname or "", _port(url), timeout=seconds)
        connection.sock = stream
        yield connection
    finally:
        cut.cancel()
        stream.close()


def _cut(stream: socket.socket) -> None:
    """End a connection in the middle of whatever its thread waits for."""
    with suppress(OSError):
        socket.socket.shutdown(stream, socket.SHUT_RDWR)


def _stream(plain: socket.socket, url: SplitResult, authority: Path | None) -> socket.socket:
    if url.scheme == "http":
        return plain
    try:
        context = ssl.create_default_context(cafile=None if authority is None else str(authority))
        return context.wrap_socket(plain, server_hostname=url.hostname, do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise


def _address(url: SplitResult, allowed: Allowed) -> str:
    """Resolve the host and return its first address; none of them may be forbidden."""
    if not is_allowed(url, allowed):
        raise NotAllowedError(f"{url.hostname} is not among the allowed hosts")
    found = socket.getaddrinfo(url.hostname, _port(url), type=socket.SOCK_STREAM)
    addresses = [str(address[4][0]) for address in found]
    private = bool(_forms(url) & allowed.private_hosts)
    for address in addresses:
        if not _reachable(address, private=private):
            raise NotAllowedError(f"{url.hostname} resolves to {address}, which may not be connected to")
    return addresses[0]


def _reachable(text: str, *, private: bool) -> bool:
    """Say whether an address may be connected to; link-local ones, where clouds keep credentials, never."""
    address = _innermost(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return private or address.is_global


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return address.ipv4_mapped or address.sixtofour or translated or address
