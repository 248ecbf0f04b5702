"""A receiver of Alertmanager's webhook that prints and shows each alert, and what a pipeline would be asked for."""

import argparse
import html
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import msgspec

BODY_BYTES = 1 << 20
SHOWN = 100
REMEMBERED = 10_000
SILENCE = 180.0
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="10"><title>Alerts</title>
<style>body{{font:1rem/1.5 sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}}li{{margin:.5rem 0}}</style>
</head>
<body><h1>Alerts, newest first</h1>
<p>{watchdog}</p>
{alerts}</body></html>
"""


class Alert(msgspec.Struct, frozen=True):
    """One alert of a notification. Other fields are ignored, so that a newer Alertmanager is understood."""

    status: str = "unknown"
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    startsAt: str = ""  # noqa: N815 - the field's name in Alertmanager

    @property
    def resolved(self) -> bool:
        """Whether it is over."""
        return self.status == "resolved"


class Notification(msgspec.Struct, frozen=True):
    """The body of Alertmanager's webhook, version 4, as far as it is shown."""

    alerts: tuple[Alert, ...]


class Receiver(ThreadingHTTPServer):
    """Takes notifications at POST /alerts and keeps the latest lines.

    A notification repeats all alerts of its group; an alert is told again only when it has fired anew or is over.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self._latest: deque[str] = deque(maxlen=SHOWN)
        self._told: dict[tuple[tuple[str, str], ...], tuple[str, str]] = {}
        self._heard: float | None = None
        self._lock = Lock()

    def take(self, body: bytes) -> None:
        """Print and keep the alerts of a notification; msgspec.DecodeError when it is none."""
        notification = msgspec.json.decode(body, type=Notification)
        now = datetime.now(UTC)
        with self._lock:
            for alert in filter(self._is_news, notification.alerts):
                self._latest.appendleft(line(alert, now))
                print(self._latest[0], flush=True)  # noqa: T201 - the log of a container

    def hear(self, _: bytes) -> None:
        """Take note that the Watchdog has come."""
        with self._lock:
            self._heard = time.monotonic()

    def retrain(self, body: bytes) -> None:
        """Print and keep what a pipeline is asked for; msgspec.DecodeError when it is no JSON."""
        asked = msgspec.json.encode(msgspec.json.decode(body)).decode()
        text = _UNPRINTABLE.sub(" ", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC PIPELINE asked for: {asked}")
        with self._lock:
            self._latest.appendleft(text)
            print(text, flush=True)  # noqa: T201 - the log of a container

    def _is_news(self, alert: Alert) -> bool:
        key, state = tuple(sorted(alert.labels.items())), (alert.status, alert.startsAt)
        news = self._told.pop(key, None) != state
        self._told[key] = state  # the least recent is first
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return news

    def page(self) -> str:
        """Return the page of the latest alerts."""
        with self._lock:
            return page(self._latest, None if self._heard is None else time.monotonic() - self._heard)


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    server: Receiver

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(HTTPStatus.OK, self.server.page(), "text/html")
        elif self.path == "/-/healthy":
            self._answer(HTTPStatus.OK, "OK\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "Alerts are at /\n")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        server = self.server
        take = {"/alerts": server.take, "/watchdog": server.hear, "/pipeline": server.retrain}.get(self.path)
        if take is None:
            self._answer(HTTPStatus.NOT_FOUND, "Alerts are taken at /alerts and /watchdog, orders at /pipeline\n")
        elif not length.isdecimal():
            self._answer(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing\n")
        elif int(length) > BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {BODY_BYTES} bytes\n")
        else:
            self._take(take, self.rfile.read(int(length)))

    def _take(self, take: Callable[[bytes], None], body: bytes) -> None:
        try:
            take(body)
        except msgspec.DecodeError as error:
            self._answer(HTTPStatus.BAD_REQUEST, f"Not what is taken here: {error}\n")
        else:
            self._answer(HTTPStatus.OK, "OK\n")

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing about requests: the log is for alerts."""


def line(alert: Alert, now: datetime) -> str:
    """Return an alert in plain words, without anything that could break or fake a line."""
    labels, notes = alert.labels, alert.annotations
    what = notes.get("description") or notes.get("summary") or ", ".join(f"{k}={v}" for k, v in sorted(labels.items()))
    words = [
        f"{now:%Y-%m-%d %H:%M:%S} UTC {alert.status.upper()}",
        f"{labels.get('alertname', 'an alert without a name')} ({labels.get('severity', 'no severity')}):",
        f"No longer true: {what}" if alert.resolved else what,
    ]
    if "runbook_url" in notes and not alert.resolved:
        words.append(f"What to do: {notes['runbook_url']}")
    return _UNPRINTABLE.sub(" ", " ".join(words))


def page(lines: Iterable[str], silence: float | None) -> str:
    """Return the page that lists the lines, escaped; `silence` is the seconds since the Watchdog came."""
    items = "".join(f"<li>{html.escape(text)}</li>\n" for text in lines)
    alerts = f"<ul>\n{items}</ul>\n" if items else "<p>None yet.</p>\n"
    return _PAGE.format(alerts=alerts, watchdog=watchdog(silence))


def watchdog(silence: float | None) -> str:
    """Say whether alerts could arrive: the Watchdog comes every minute as long as they can."""
    if silence is None:
        return "The Watchdog has not come yet: wait a minute."
    if silence > SILENCE:
        return f"<strong>The Watchdog has not come for {silence / 60:.0f} minutes: alerts do not arrive.</strong>"
    return f"The Watchdog came {silence:.0f} seconds ago: alerts would arrive."


def receiver(address: str) -> Receiver:
    """Bind `:9095` or `host:9095`; ValueError for another form, OSError when it cannot be had."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError(f"listen address {address!r}: want :port or host:port")
    return Receiver(host, int(port))


def serve(address: str) -> None:
    """Receive alerts at the address until the process is told to end."""
    with receiver(address) as server:
        print(f"Waiting for alerts at port {server.server_port}", flush=True)  # noqa: T201 - the log of a container
        server.serve_forever()


def _end(*_: object) -> None:
    sys.exit(0)


def main() -> None:
    """Run `python -m exporter.demo.receiver`."""
    parser = argparse.ArgumentParser(prog="python -m exporter.demo.receiver", description=__doc__)
    parser.add_argument("--listen-address", default=":9095", help="default: %(default)s")
    arguments = parser.parse_args()
    # Process 1 of a container ignores signals that nobody handles.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    serve(arguments.listen_address)


if __name__ == "__main__":
    main()
