"""The exporter's own counters and gauges, written by the shell and read by a scrape."""

import threading

Series = tuple[str, tuple[tuple[str, str], ...]]


class Telemetry:
    """Counters and gauges by name and labels; a small lock makes each call atomic.

    The shell calls it once a batch, never once a record.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Series, float] = {}

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Add to a counter; an amount of 0 makes the series exist."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[name, tuple(labels.items())] = value

    def forget(self, name: str, /, **labels: str) -> None:
        """Remove a series; one that is not there is no error."""
        with self._lock:
            self._values.pop((name, tuple(labels.items())), None)

    def snapshot(self) -> dict[Series, float]:
        """Return all values as of now."""
        with self._lock:
            return dict(self._values)
