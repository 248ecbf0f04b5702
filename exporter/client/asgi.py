"""Logs the requests of chosen routes of an ASGI application (FastAPI, Starlette, Litestar, ...) as predictions."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from fnmatch import fnmatchcase
from typing import Any

from exporter.client.log import PredictionLog
from exporter.client.trace import Trace

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HEADER = b"x-request-id"
ID_CHARACTERS = 128
REFUSED = 400
FAILED = 500


class PredictionLogMiddleware:
    """Opens a trace for each request of `routes` (paths, with `*` for any characters), tagged by method and route.

    The application finds it as `request.state.trace`, or `scope["state"]["trace"]`, to set input and output. The
    trace ends with the answer's last byte; an exception or an answer of 500 and above is its error, and one from 400
    to 499 no prediction at all. The id is the request's `x-request-id` or a new one, and comes back with the answer.
    """

    def __init__(self, app: Application, log: PredictionLog, routes: Iterable[str] = ("/predict",)) -> None:
        self._app = app
        self._log = log
        self._routes = tuple(routes)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self._route(scope)
        if route is None:
            await self._app(scope, receive, send)
            return
        trace = self._log.trace(_request_id(scope), tags={"method": scope["method"], "path": route})
        scope.setdefault("state", {})["trace"] = trace
        with trace:
            await self._app(scope, receive, _Answer(send, trace).send)

    def _route(self, scope: Message) -> str | None:
        """Return the route that a request belongs to, which unlike its path is one of a few."""
        if scope["type"] != "http":
            return None
        return next((route for route in self._routes if fnmatchcase(scope["path"], route)), None)


class _Answer:
    """Sends the answer to one request on, and closes its trace with it."""

    def __init__(self, send: Send, trace: Trace) -> None:
        self._send = send
        self._trace = trace

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._trace.close()

    def _begin(self, message: Message) -> None:
        message["headers"] = [*message.get("headers", ()), (HEADER, self._trace.id.encode("latin-1", "replace"))]
        status = message["status"]
        if status >= FAILED:
            self._trace.error = self._trace.error or f"HTTP {status}"
        elif status >= REFUSED:
            self._trace.discard()


def _request_id(scope: Message) -> str | None:
    """Return the id that a request brings, unless it is too long or not printable."""
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name.lower() == HEADER]
    return values[0] if values and len(values[0]) <= ID_CHARACTERS and values[0].isprintable() else None
