"""Keeps the fleet's state in a file: taken up at the start, written every second of work and at the end."""

import logging
import time
from pathlib import Path

from exporter import catalog
from exporter.app.fleet import Fleet
from exporter.state import Checkpoint, Store

logger = logging.getLogger(__name__)

SECONDS = 1.0
COUNTERS = frozenset(
    metric.name
    for metric in (
        catalog.RECORDS,
        catalog.RECORDS_REJECTED,
        catalog.SOURCE_EVENTS,
        catalog.FILES_REFUSED,
    )
)


class Keeper:
    """Writes what has changed to the state file; for the writer's thread. StateError where the file cannot be used.

    While it cannot be written, serving goes on, it is tried again every second, and nothing is thought written.
    """

    def __init__(self, path: Path, fleet: Fleet) -> None:
        self._fleet = fleet
        self._checkpoint = Checkpoint(Store(path))
        self._positions: dict[str, object] = {}
        self._next = time.monotonic() + SECONDS
        self._dirty = self._failing = False
        for model in fleet.models:
            self._checkpoint.resume(model.watch)
        for name, labels, value in self._checkpoint.counters():
            fleet.telemetry.count(name, value, **dict(labels))
        fleet.telemetry.count(catalog.CHECKPOINT_FAILURES.name, 0)
        fleet.telemetry.gauge(catalog.STATE_BYTES.name, self._checkpoint.bytes)

    def position(self, source: str) -> object:
        """Return where a source went on before the restart, None where it was not read."""
        return self._checkpoint.position(source)

    def note(self, source: str, position: object) -> None:
        """Take note of what was taken in of a source, and where it goes on, None where it cannot."""
        if position is not None:
            self._positions[source] = position
        self._dirty = True

    def keep(self) -> None:
        """Write, where something has changed and the last time is a second ago."""
        if self._dirty and time.monotonic() >= self._next:
            self._write()

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._write()
        self._checkpoint.close()

    def _write(self) -> None:
        telemetry = self._fleet.telemetry
        counters = [(name, labels, value) for (name, labels), value in telemetry.snapshot().items() if name in COUNTERS]
        try:
            self._checkpoint.commit([model.watch for model in self._fleet.models], self._positions, counters)
        except OSError as error:
            telemetry.count(catalog.CHECKPOINT_FAILURES.name)
            if not self._failing:
                logger.warning("the state cannot be written, and is tried again every second: %s", error)
            self._failing = True
        else:
            self._failing = self._dirty = False
            telemetry.gauge(catalog.CHECKPOINT.name, time.time())
            telemetry.gauge(catalog.STATE_BYTES.name, self._checkpoint.bytes)
        self._next = time.monotonic() + SECONDS
