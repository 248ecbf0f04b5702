"""One log file that many processes append to, and that any of them rotates."""

import contextlib
import errno
import fcntl
import math
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from exporter.client.limits import LINE_BYTES

VERIFY_SECONDS = 1.0  # another process may have renamed the file: looked at so often
RETRY_SECONDS = 60.0  # a rotation that failed (a directory that cannot be written) is tried again so late
HEAD_BYTES = 1024  # readers know a file by its first bytes, so these stay as they are
NOWHERE = (0, 0)
UNKNOWN = -1
NEWLINE = b"\n"


class Rotation(NamedTuple):
    """When a log is renamed to `.1`: once it has `size` bytes, and when a new period of `seconds` (UTC) begins.

    `keep` renamed files are kept.
    """

    size: float
    seconds: float | None
    keep: int


class LogFile:
    """Appends whole lines, each batch with one write at the file's end. For one thread at a time.

    The kernel keeps appends of several processes apart, so no lock is taken and nobody waits for a process that was
    stopped. A process that is killed within a write leaves a part of a line, to which the next write is glued: whoever
    made that one blanks the line and appends its own record again.
    """

    def __init__(self, path: str, rotation: Rotation, fault: Callable[[str, object], None]) -> None:
        self.path = path
        self._rotation = rotation
        self._fault = fault
        self._descriptor = -1
        self._key = NOWHERE
        self._limit = rotation.size
        self._end = UNKNOWN  # where the last write of this process ended
        self._verify_at = self._retry = -math.inf

    def append(self, lines: bytes) -> int:
        """Write whole lines; return how many bytes of them, in whole lines, the disk had room for. Raises OSError."""
        if self._descriptor < 0 or time.monotonic() >= self._verify_at:
            self._verify()
        descriptor = self._descriptor
        written = os.write(descriptor, lines)
        end = os.lseek(descriptor, 0, os.SEEK_CUR)
        start = end - written
        if start not in (self._end, 0):  # another process has written
            self._mend(descriptor, start, lines[: lines.find(NEWLINE, 0, written) + 1])
        if written < len(lines):
            return lines.rfind(NEWLINE, 0, written) + 1
        self._end = end
        if end >= self._limit:
            self._rotate()
        return written

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._key, self._end = -1, NOWHERE, UNKNOWN

    def _verify(self) -> None:
        """Have the file open that is at the path, rotated first where its period is over."""
        status = self._status()
        if status is not None and status.st_size and self._period(status.st_mtime) != self._period(time.time()):
            self._open_at(status)
            if self._key == _key(status):
                self._rotate()
        self._open_at(status)
        self._verify_at = time.monotonic() + VERIFY_SECONDS

    def _period(self, moment: float) -> float:
        return moment // self._rotation.seconds if self._rotation.seconds else 0

    def _status(self) -> os.stat_result | None:
        try:
            return os.stat(self.path)  # noqa: PTH116 - a path that is asked for at every write
        except FileNotFoundError:
            return None

    def _open_at(self, status: os.stat_result | None) -> None:
        """Have the file open that is at the path now; create it, and its directory, where there is none."""
        if self._descriptor >= 0 and status is not None and _key(status) == self._key:
            return
        self.close()
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)  # noqa: PTH103, PTH120 - as above
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        self._key = _key(os.fstat(self._descriptor))

    def _mend(self, descriptor: int, start: int, line: bytes) -> None:
        """Undo the damage where the first line of a write, which landed at `start`, follows a part of another.

        Appends come one after the other, so nobody is going to end that part. Every byte stays where it is, so a
        reader's place in the file holds.
        """
        if not line or os.pread(descriptor, 1, start - 1) == NEWLINE:
            return
        self._fault("torn_line", "a process was killed within a write, or the disk was full")
        before = os.pread(descriptor, min(start, LINE_BYTES), max(start - LINE_BYTES, 0))
        torn = len(before) - before.rfind(NEWLINE) - 1
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if start - torn >= HEAD_BYTES:
            _blank(descriptor, start - torn, torn + len(line) - 1)

    def _rotate(self) -> None:
        """Rename the file, unless another process is at it or was: who holds the lock and sees it at the path may."""
        if time.monotonic() < self._retry:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = self._status()
            if status is not None and _key(status) == self._key:
                self._shift()
        except BlockingIOError:
            pass
        except OSError as error:
            self._retry = time.monotonic() + RETRY_SECONDS
            self._fault("rotation", error)
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            return
        self.close()

    def _shift(self) -> None:
        numbers = range(1, self._rotation.keep)
        free = next((n for n in numbers if not os.path.lexists(f"{self.path}.{n}")), self._rotation.keep)
        for number in range(free, 1, -1):
            os.replace(f"{self.path}.{number - 1}", f"{self.path}.{number}")  # noqa: PTH105 - as above
        os.replace(self.path, f"{self.path}.1")  # noqa: PTH105 - as above


def _blank(descriptor: int, start: int, length: int) -> None:
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_APPEND)  # with it, pwrite appends
    try:
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, b" " * length, start)
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
