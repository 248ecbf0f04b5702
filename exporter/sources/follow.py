"""The files of a glob while they are written, rotated and removed: which one is read next, and from where."""

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.sources.pool import Pool
from exporter.sources.position import PREFIX_BYTES, Position, fingerprint, key_of
from exporter.sources.scan import Scanner
from exporter.sources.tail import Tail

logger = logging.getLogger(__name__)

LINGER_SECONDS = 5.0
"""A file that is gone stays open so long after its last line: its writer may not have noticed the rotation yet."""
OPEN_FILES = 128
COPY_SECONDS = 60.0
"""A copy that has not changed for so long beside its original is not one that copytruncate makes."""
PAST_FILES = 1000
"""So many files that were finished, and truncated, are remembered to know their copies."""
REPEAT_SECONDS = 1.0
"""A path that stays unreadable counts as an error so often."""
FORGET_SECONDS = 60.0
"""One that is unreadable again after so long is logged again."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How far files have been read: those that are done or still grow, and those that were truncated."""

    read: list[Position]
    truncated: list[Position]


class Follower:
    """Knows the files of a glob and reads them in turn. For one thread.

    `lag_bytes` are not read of all files; those of gzip files are counted as they are packed. `directory` is where the
    file of the last lines was found first: what lies beside a log stays there when the log is moved.
    """

    def __init__(self, pattern: str, line_bytes: int, *, follow: bool, from_end: bool) -> None:
        self._line_bytes = line_bytes
        self._follow = follow
        self._from_end = from_end and follow
        self._scanner = Scanner(pattern, self._refuse)
        self._tails: dict[tuple[int, int], Tail] = {}
        self._pool = Pool(OPEN_FILES)
        self._finished: deque[Position] = deque(maxlen=PAST_FILES)
        self._truncated: deque[Position] = deque(maxlen=PAST_FILES)
        self._refused: dict[str, float] = {}
        self._events: Counter[str] = Counter()
        self._dropped = 0
        self.lag_bytes = 0
        self.directory = ""

    @property
    def positions(self) -> list[Position]:
        """How far each file has been read."""
        return [tail.position for tail in self._tails.values()]

    @property
    def memory(self) -> Memory:
        """What another follower needs to know to go on behind the last lines."""
        begun = (tail.position for tail in self._tails.values() if tail.begun and not tail.done)
        return Memory([*self._finished, *begun], list(self._truncated))

    def resume(self, memory: Memory) -> None:
        """Go on where another follower has ended; what it has not seen is read from its beginning."""
        self._finished.extend(memory.read)
        self._truncated.extend(memory.truncated)
        self._from_end = False

    @property
    def up(self) -> bool:
        """Whether there is a file that can be read."""
        return any(not tail.failing and tail.gone is None for tail in self._tails.values())

    def take_events(self) -> dict[str, int]:
        """Return the "rotations", "truncations" and "read_errors" since the last call."""
        events = dict(self._events)
        self._events.clear()
        return events

    def take_dropped(self) -> int:
        """Return how many lines were too long since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def close(self) -> None:
        """Close all files."""
        self._pool.close()

    def scan(self) -> None:
        """Look which files there are now."""
        now = time.monotonic()
        found = self._scanner.scan(self._tails.__contains__)
        self._count("rotations", self._scanner.take_rotations())
        for key in self._tails.keys() - {key_of(status) for _, status in found}:
            self._miss(self._tails[key], now)
        for path, status in found:
            self._see(path, status, now)
        self._from_end = False
        self.lag_bytes = sum(tail.unread for tail in self._tails.values())
        self._refused = {path: last for path, last in self._refused.items() if now - last < FORGET_SECONDS}

    def round(self) -> Iterator[bytes]:
        """Read once from each file that has more, but of a log's files only up to the oldest with a backlog.

        Yields whole lines or b"". What is not followed is read one file after the other.
        """
        busy: set[str] = set()
        for tail in list(self._tails.values()):
            while tail.log not in busy and tail.pending:
                lines = self._attempt(tail)
                if lines is None:
                    break
                self.directory = str(Path(tail.home).parent)
                yield lines
                if self._follow:
                    busy |= {tail.log} if tail.backlog else set()
                    break

    def _see(self, path: str, status: os.stat_result, now: float) -> None:
        tail = self._tails.get(key_of(status))
        if tail is None or (tail.look(status, now) and tail.done):  # a finished file that is written to is another file
            tail = self._add(path, status, now)
        tail.path, tail.gone = path, None

    def _add(self, path: str, status: os.stat_result, now: float) -> Tail:
        """Open a new file at once where there is room: then it is read even if it is renamed or deleted."""
        tail = self._tails[key_of(status)] = Tail(path, status, self._line_bytes, now)
        tail.from_end = self._from_end and tail.size > 0
        if self._follow and self._pool.room():
            try:
                self._pool.acquire(tail)
            except OSError as error:
                self._fail(tail, error)
        return tail

    def _miss(self, tail: Tail, now: float) -> None:
        if tail.done:
            del self._tails[tail.key]
        elif tail.gone is None:
            tail.gone = now

    def _attempt(self, tail: Tail) -> bytes | None:
        stays, unread = tail.handle is not None or self._pool.room(), tail.unread
        try:
            self._pool.acquire(tail)
            lines = self._advance(tail, time.monotonic())
            tail.failing = False
        except OSError as error:
            return self._fail(tail, error)
        finally:
            self._dropped += tail.lines.take_dropped()
            self.lag_bytes += tail.unread - unread
            if not stays:
                self._pool.release(tail)
        return lines

    def _advance(self, tail: Tail, now: float) -> bytes | None:
        """Take the next step with a file; None when there is nothing to do now."""
        if not tail.begun:
            start = self._start(tail, now)
            tail.waiting = start is None and tail.size > 0
            if start is None:
                return self._finish(tail) if self._left(tail, now) else None
            tail.begin(start)
        if tail.changed(now):
            return self._restart(tail)
        lines = tail.read()
        return self._finish(tail) if lines is None and self._over(tail, now) else lines

    def _start(self, tail: Tail, now: float) -> int | None:
        """Return the offset where reading begins; None while that cannot be told.

        A copy is read from where its original was read to, which is known once that was truncated or finished.
        """
        head = tail.head()
        if head is None:
            return 0 if self._over(tail, now) else None
        if tail.from_end and tail.inflater is None:
            return tail.last_newline()
        if tail.from_end:
            tail.done = True
            self._pool.release(tail)
            return None
        if any(_is_copy(tail, head, original) for original in self._originals(tail, now)):
            return None
        return next(self._reached(tail, head), 0)

    def _originals(self, tail: Tail, now: float) -> Iterator[Position]:
        """Yield the positions of the files that are still read and that this one may be a copy of."""
        packed, fresh = tail.inflater is not None, now - tail.moved < COPY_SECONDS
        for other in self._tails.values():
            if other.log == tail.log and other.begun and not other.done:
                truncatable = fresh and other.in_place and tail.size <= max(other.size, other.offset)
                if packed or truncatable:
                    yield other.position

    def _reached(self, tail: Tail, head: bytes) -> Iterator[int]:
        """Yield how far a file was read already, itself or as the original of this copy."""
        for position in reversed(self._finished):
            if position.resumes(tail.key, head) or (tail.inflater and _is_copy(tail, head, position)):
                yield position.offset
        for position in reversed(self._truncated):
            if _is_copy(tail, head, position):
                yield position.offset

    def _left(self, tail: Tail, now: float) -> bool:
        """Say whether no more is expected of a file: it is gone, and its writer had time to notice."""
        return not self._follow or (tail.gone is not None and now - max(tail.gone, tail.moved) >= LINGER_SECONDS)

    def _over(self, tail: Tail, now: float) -> bool:
        """Say whether a file that is read to its end is finished; a gzip file may still be on its way."""
        if tail.inflater is None:
            return self._left(tail, now)
        ended = tail.inflater.complete or tail.inflater.broken
        return ended or self._left(tail, now) or now - tail.moved >= LINGER_SECONDS

    def _restart(self, tail: Tail) -> bytes:
        """Read a truncated file anew, after the files that were there before."""
        self._count("truncations")
        self._truncated.append(tail.position)
        self._tails[tail.key] = self._tails.pop(tail.key)
        return tail.restart()

    def _finish(self, tail: Tail) -> bytes:
        """Read a file no more; returns the line that was held."""
        if tail.inflater is not None and tail.size and not tail.waiting and not tail.inflater.complete:
            self._refuse(tail.path, OSError("the gzip file is broken"))
        held = tail.lines.close()
        if tail.begun:
            self._finished.append(replace(tail.position, inode=0) if tail.deleted else tail.position)
        self._pool.release(tail)
        tail.done = True
        if tail.gone is not None:
            del self._tails[tail.key]
        return held

    def _fail(self, tail: Tail, error: OSError) -> bytes | None:
        """Count an error and leave the file for later; one that cannot come back is finished."""
        missing = isinstance(error, FileNotFoundError)
        lost = not self._follow or (missing and tail.gone is not None)
        if not missing or (lost and tail.unread):
            self._refuse(tail.path, error)
            tail.failing = True
        self._pool.release(tail)
        return self._finish(tail) if lost else None

    def _refuse(self, path: str, error: OSError) -> None:
        now = time.monotonic()
        if path not in self._refused:
            logger.warning("cannot read", extra={"path": path, "error": str(error)})
        if now - self._refused.get(path, -REPEAT_SECONDS) >= REPEAT_SECONDS:
            self._refused[path] = now
            self._count("read_errors")

    def _count(self, event: str, amount: int = 1) -> None:
        if amount:
            self._events[event] += amount


def _is_copy(tail: Tail, head: bytes, original: Position) -> bool:
    """Say whether a file is a copy; not of a short one unless it is packed: two short logs may begin alike."""
    enough = tail.inflater is not None or len(head) == PREFIX_BYTES
    return enough and original.is_of_copy(tail.path, fingerprint(head))
