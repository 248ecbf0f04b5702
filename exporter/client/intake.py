"""The callers' side of a log: takes records down and queues them, or writes them where the log is durable."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from exporter.client.backlog import Backlog
from exporter.client.files import File
from exporter.client.finish import Finisher, Task
from exporter.client.limits import CALM, PATIENCE, TASKS
from exporter.client.record import PARTS, Codec, Record
from exporter.client.sampling import sampled
from exporter.client.tally import Tally
from exporter.client.text import error_text


class Origin(NamedTuple):
    """Whose records these are, and which share of them is logged; None for all."""

    model: str | None
    version: str | None
    fraction: float | None


class Intake:
    """What is handed over and not in the hands of the flusher yet: records and lines of them, and tasks.

    While `idle` nobody looks after the queues, and `rouse` is called. `swift` is the queue while callers may append
    to it themselves, records whose parts are copies of dicts of constants; for that, a log must be `plain`.
    """

    def __init__(
        self, origin: Origin, codec: Codec, finisher: Finisher, backlog: Backlog, tally: Tally, *, durable: bool
    ) -> None:
        self.swift: list[Record] | None = None
        self.record = Record
        self.model, self.version, self.fraction = origin
        self.take = codec.take
        self.idle = True
        self.queue: list[Record] = []
        self.lines: list[bytes] = []
        self.tasks: deque[Task] = deque()
        self.plain = self.fraction is None and not durable and not finisher.asks
        self.rouse: Callable[[], object] = self.clear  # the flusher puts its own here
        self.tally = tally
        self._put = self._through if durable else self._for_work if finisher.asks else self._enqueue
        self._codec = codec
        self._finisher = finisher
        self._backlog = backlog
        self._waiting = 0  # bytes of lines; threads may lose a few of each other's, until they are taken out

    def keeps(self, request_id: str) -> bool:
        """Say whether a prediction is among the sampled."""
        return self.fraction is None or sampled(request_id, self.fraction)

    def predicted(self, record: Record, error: object, files: list[File]) -> None:
        """Take in a prediction: always where it failed, else where it is sampled."""
        if error is not None:
            record.error = error_text(error)
        elif self.fraction is not None:
            if not sampled(record.id, self.fraction):
                return
            record.sampled = self.fraction
        self.submit(record, files)

    def submit(self, record: Record, files: list[File]) -> None:
        """Take in a record; its parts may still be the caller's own. `files` are those of parts already taken."""
        self._put(record, files)
        if self.idle and (self.queue or self.lines or self.tasks):
            self.rouse()

    def encode(self, record: Record) -> None:
        """Take in a record in a storm: as a line, whose bytes can be counted."""
        files: list[File] = []
        self._line(self._codec.line(record, files))
        if files:
            self._task(None, files)

    def empty(self) -> tuple[list[Record], list[bytes]]:
        """Take out all records, and all lines; more may come meanwhile."""
        self._waiting = 0
        records, lines = self.queue[:], self.lines[:]
        del self.queue[: len(records)], self.lines[: len(lines)]
        return records, lines

    def clear(self) -> int:
        """Forget everything; returns how many records that were."""
        records = len(self.queue) + len(self.lines)
        self.queue.clear()
        self.lines.clear()
        while self.tasks:
            record, files = self.tasks.popleft()
            self._finisher.forgo(files)
            records += record is not None
        return records

    def close(self) -> None:
        """From now on drop and count what is handed over."""
        self.swift, self._put = None, self._refuse

    def _refuse(self, record: Record, files: list[File]) -> None:
        self._finisher.forgo(files)
        self.tally.drop("closed", f"record {record.id}")

    def _enqueue(self, record: Record, files: list[File]) -> None:
        if len(self.queue) >= CALM and not files:
            self.encode(record)
            return
        self._take(record, files)
        if files:
            self._task(record, files)
        else:
            self.queue.append(record)

    def _for_work(self, record: Record, files: list[File]) -> None:
        self._take(record, files)
        self._task(record, files)

    def _through(self, record: Record, files: list[File]) -> None:
        """Write a record; its files follow. What the disk does not take is queued."""
        if self._finisher.asks:
            self._finisher.validate(record, files)
        rest = self._codec.line(record, files)
        if rest and self._backlog.lock.acquire(timeout=PATIENCE):
            try:
                rest = self._backlog.through(rest)
            finally:
                self._backlog.lock.release()
        if rest:
            self._line(rest)
        if files:
            self._task(None, files)

    def _take(self, record: Record, files: list[File]) -> None:
        for name in PARTS:
            part = getattr(record, name)
            if part is not None:
                setattr(record, name, self._codec.take(part, name, record.id, files))

    def _task(self, record: Record | None, files: list[File]) -> None:
        """Queue a record with files to write or a profile to ask; where too many wait already it goes without."""
        if len(self.tasks) < TASKS:
            self.tasks.append(Task(record, files))
            return
        self.tally.fault("busy", f"{TASKS} records wait for their files or their validation")
        self._finisher.forgo(files)
        if files:
            self.tally.drop("file", "too many records wait for their files", len(files))
        if record is not None:
            self._line(self._codec.line(record, []))

    def _line(self, line: bytes) -> None:
        if line and self._backlog.admits(line, self._waiting):
            self._waiting += len(line)
            self.lines.append(line)
