"""What a prediction log could not keep or had to change, counted by reason and said once."""

import logging
import threading
from contextlib import suppress

logger = logging.getLogger("exporter.client")


class Tally:
    """Counts by reason, from any thread; the first of each reason is logged as a warning."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.RLock()  # a signal handler may count while its own thread does
        self._dropped: dict[str, int] = {}
        self._faults: dict[str, int] = {}

    @property
    def dropped(self) -> dict[str, int]:
        """How many records or files were lost, by reason."""
        return dict(self._dropped)

    @property
    def faults(self) -> dict[str, int]:
        """How many things went wrong without a loss, by reason."""
        return dict(self._faults)

    def drop(self, reason: str, detail: object = "", amount: int = 1) -> None:
        """Count records or files that are lost."""
        self._count(self._dropped, reason, detail, amount)

    def fault(self, reason: str, detail: object = "") -> None:
        """Count what went wrong without a loss."""
        self._count(self._faults, reason, detail, 1)

    def reset(self) -> None:
        """Begin at zero, in a process that was forked off."""
        self._lock = threading.RLock()
        self._dropped, self._faults = {}, {}

    def _count(self, counts: dict[str, int], reason: str, detail: object, amount: int) -> None:
        with self._lock:
            first = reason not in counts
            counts[reason] = counts.get(reason, 0) + amount
        if first:
            self._say("lost" if counts is self._dropped else "trouble", reason, detail)

    def _say(self, what: str, reason: str, detail: object) -> None:
        with suppress(Exception):  # an application's log handler must not fail a prediction
            logger.warning("prediction log %s, %s: %s: %s (said once, then counted)", self._path, what, reason, detail)
