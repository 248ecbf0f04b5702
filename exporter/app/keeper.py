"""Keeps the fleet's state in a file: taken up at the start, written every second of work and at the end."""

import logging
import threading
import time

from exporter import catalog
from exporter.app.fleet import Fleet
from exporter.state import Checkpoint, Passing, Store

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

    While it cannot be written, serving goes on, it is tried again every second, and nothing is thought written. While
    it cannot be read, the writer's thread waits; after `stop`, what it has not taken in is left to the next start.
    Where no file keeps the state, it is only written to be handed to the next configuration.
    """

    def __init__(self, store: Store | Passing, fleet: Fleet) -> None:
        self.store = store
        self._file = store if isinstance(store, Store) else None
        self._fleet = fleet
        self._stopped, self._torn = threading.Event(), False
        self._checkpoint = Checkpoint(store)
        self._positions = self._checkpoint.positions()
        self._next = time.monotonic() + SECONDS
        self._dirty = self._failing = False
        for model in fleet.models:
            self._checkpoint.resume(model.watch)

    def start(self) -> None:
        """Take charge of the store."""
        if self._file is not None:
            self._file.again = self._again
            self._fleet.telemetry.count(catalog.CHECKPOINT_FAILURES.name, 0)
            self._fleet.telemetry.gauge(catalog.STATE_BYTES.name, self._file.bytes)

    def count(self) -> None:
        """Set the counters to what they were before the restart."""
        for name, labels, value in self._checkpoint.counters():
            self._fleet.telemetry.count(name, value, **dict(labels))

    def position(self, source: str) -> object:
        """Return where a source goes on, None where that is not known."""
        return self._positions.get(source)

    def note(self, source: str, position: object) -> None:
        """Take note of what was taken in of a source, and where it goes on, None where it cannot."""
        if position is not None:
            self._positions[source] = position
        self._dirty = True

    def keep(self) -> None:
        """Write, where something has changed and the last time is a second ago."""
        if self._file is not None and self._dirty and time.monotonic() >= self._next:
            self._write()

    def hand_over(self) -> None:
        """Write what is left for the next configuration; OSError where that cannot be."""
        self._write()
        if self._failing:
            raise OSError("the state cannot be written")

    def stop(self) -> None:
        """Wait no longer for a file that cannot be read; for any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._file is not None:
            self._write()
            self._file.close()

    def _again(self, reason: str) -> bool:
        """Wait a second after pages could not be read; False if that has no end."""
        self._failed(f"the state cannot be read, and nothing is taken in until it can: {reason}")
        self._torn = self._stopped.wait(SECONDS)
        return not self._torn

    def _failed(self, text: str) -> None:
        self._fleet.telemetry.count(catalog.CHECKPOINT_FAILURES.name)
        if not self._failing:
            logger.warning("%s", text)
        self._failing = True

    def _write(self) -> None:
        if self._torn:
            self._failing = True
            return
        telemetry = self._fleet.telemetry
        counters = [(name, labels, value) for (name, labels), value in telemetry.snapshot().items() if name in COUNTERS]
        try:
            self._checkpoint.commit([model.watch for model in self._fleet.models], self._positions, counters)
        except OSError as error:
            self._failed(f"the state cannot be written, and is tried again every second: {error}")
        else:
            if self._failing:
                logger.info("the state is written again, and nothing is missing in it")
            self._failing = self._dirty = False
            if self._file is not None:
                telemetry.gauge(catalog.CHECKPOINT.name, time.time())
                telemetry.gauge(catalog.STATE_BYTES.name, self._file.bytes)
        self._next = time.monotonic() + SECONDS
