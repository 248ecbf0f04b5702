"""The server as the rest of the program sees it: addresses, a site, start and stop."""

from collections.abc import Sequence

from exporter.web.desk import Desk
from exporter.web.listener import Listener
from exporter.web.pages import Site
from exporter.web.settings import WebConfig


class Server:
    """Serves a site on several addresses: `:8770` (all interfaces), `127.0.0.1:0` (any free port), `[::1]:8770`.

    ValueError for an address of another form, WebConfigError for a bad `web_config` file, both from the constructor;
    OSError from `start` when an address cannot be had.
    """

    def __init__(self, addresses: Sequence[str], site: Site, web_config: str | None = None) -> None:
        self._wanted = [_host_and_port(address) for address in addresses]
        self._desk = Desk(site, WebConfig(web_config))
        self._listeners: list[Listener] = []

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses in use, with their real ports; empty unless started."""
        return tuple(listener.address for listener in self._listeners)

    def start(self) -> None:
        """Bind all addresses, or none, and serve them in threads."""
        try:
            for host, port in self._wanted:
                self._listeners.append(Listener(host, port, self._desk))
        except OSError:
            for listener in self._listeners:
                listener.server_close()
            self._listeners.clear()
            raise
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Close the addresses, let responses under way finish for a moment, and end all threads."""
        while self._listeners:
            self._listeners.pop().stop()


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF or (":" in host and not bracketed):  # noqa: PLR2004 - a port
        raise ValueError(f"listen address {address!r}: want :port, host:port or [IPv6 address]:port")
    return host.strip("[]"), int(port)
