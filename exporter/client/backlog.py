"""The lines that wait for the disk: written in order, kept while it does not take them, within a limit."""

import threading
from collections import deque

from exporter.client.file import NEWLINE, LogFile
from exporter.client.tally import Tally


class Backlog:
    """Lines of `limit` bytes at most; what is more is counted and dropped.

    Who writes holds `lock`. `held` is how many bytes wait, `failing` whether the last write did not get through.
    """

    def __init__(self, file: LogFile, limit: int, tally: Tally) -> None:
        self.lock = threading.Lock()
        self.held = 0
        self.failing = False
        self._file = file
        self.limit = limit
        self._tally = tally
        self._lines: deque[bytes] = deque()

    def admits(self, lines: bytes, waiting: int = 0) -> bool:
        """Say whether lines may wait too, beside `waiting` bytes elsewhere; where not, they are counted as dropped."""
        if self.held + waiting + len(lines) <= self.limit:
            return True
        self._tally.drop("full", f"more than {self.limit} bytes wait to be written", lines.count(NEWLINE))
        return False

    def keep(self, lines: bytes) -> None:
        """Put lines behind those that wait."""
        if lines and self.admits(lines):
            self._lines.append(lines)
            self.held += len(lines)

    def write(self) -> None:
        """Write what waits, as far as the disk takes it."""
        self.failing = False
        while self._lines and not self.failing:
            lines = self._lines.popleft()
            rest = self.through(lines)
            self.held -= len(lines) - len(rest)
            if rest:
                self._lines.appendleft(rest)

    def through(self, lines: bytes) -> bytes:
        """Write lines at once; return those that could not be written."""
        problem: object = "the disk is full"
        try:
            written = self._file.append(lines)
        except OSError as error:
            written, problem = 0, error
        self.failing = written < len(lines)
        if self.failing:
            self._tally.fault("write", problem)
        return lines[written:]

    def clear(self) -> int:
        """Forget what waits, and close the file; returns how many records that were."""
        records = sum(lines.count(NEWLINE) for lines in self._lines)
        self._lines.clear()
        self.held = 0
        self._file.close()
        return records
