"""The audit log: a JSON line for every decision and every attempt, on the disk before the next step is taken."""

import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec

_logger = logging.getLogger(__name__)


class Audit:
    """Appends to a file, and to the log of the program; without a path to the latter alone.

    The file may be renamed at any time by whoever rotates logs: each line opens it anew. What cannot be written is
    logged and costs no action.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, event: str, **facts: object) -> None:
        """Write one line: the time, what happened, and the facts."""
        _logger.info(event, extra=facts)
        if self._path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = msgspec.json.encode({"time": now, "event": event, **facts}) + b"\n"
        try:
            with self._lock, self._path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            _logger.exception("the audit log %s cannot be written", self._path)
