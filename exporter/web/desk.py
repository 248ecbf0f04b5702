"""Answers requests for all addresses: who may ask, how many at once, and what happens when a page fails."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus

from exporter.exposition.negotiate import Format
from exporter.web.pages import HEALTH_PATHS, Request, Response, Site, plain, respond
from exporter.web.settings import WebConfig

_logger = logging.getLogger(__name__)

_REQUESTS = 16  # under way at once; a body may be ten megabytes


class Desk:
    """A site behind its web configuration."""

    def __init__(self, site: Site, config: WebConfig) -> None:
        self.config = config
        self._site = replace(site, metrics=_Shared(site.metrics))
        self._slots = threading.BoundedSemaphore(_REQUESTS)
        self._failing: set[str] = set()
        self._failing_lock = threading.Lock()

    @contextmanager
    def answer(self, request: Request, authorization: str | None) -> Iterator[Response]:
        """Give the response; the request is under way until it is sent. Health checks are always answered."""
        if request.path in HEALTH_PATHS:
            yield self._checked(request, authorization)
        elif self._slots.acquire(blocking=False):
            try:
                yield self._checked(request, authorization)
            finally:
                self._slots.release()
        else:
            yield plain(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests at once.", {"Retry-After": "1"})

    def _checked(self, request: Request, authorization: str | None) -> Response:
        users = self.config.current().users
        if users and not users.allow(authorization):
            return plain(HTTPStatus.UNAUTHORIZED, "Unauthorized.", {"WWW-Authenticate": "Basic"})
        try:
            response = respond(request, self._site)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next request may fare better
            self._report(request.path, error)
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "This page failed; the log says why.")
        self._failing.discard(request.path)
        return response

    def _report(self, path: str, error: Exception) -> None:
        """Log the first failure of a row: the same one would come back with every scrape."""
        with self._failing_lock:
            known = path in self._failing
            self._failing.add(path)
        if not known:
            _logger.error("%s failed", path, exc_info=error)


class _Shared:
    """A rendering that all who ask for it while it is being made wait for together."""

    def __init__(self, function: Callable[[Format], bytes]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._running: dict[Format, Future[bytes]] = {}

    def __call__(self, fmt: Format) -> bytes:
        with self._lock:
            future = self._running.get(fmt)
            leads = future is None
            if future is None:
                future = self._running[fmt] = Future()
        if leads:
            self._lead(fmt, future)
        return future.result()

    def _lead(self, fmt: Format, future: Future[bytes]) -> None:
        try:
            future.set_result(self._function(fmt))
        except BaseException as error:  # noqa: BLE001 - it is raised by result(), in every thread that waits
            future.set_exception(error)
        finally:
            with self._lock:
                del self._running[fmt]
