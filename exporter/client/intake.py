"""The callers' side of a log: takes records down and queues them, or writes them where the log is durable."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from exporter.client.backlog import Backlog
from exporter.client.files import File, total
from exporter.client.finish import Finisher, Task
from exporter.client.limits import PATIENCE, TASKS
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
    to it themselves, records whose parts were taken; for that, a log must be `plain`.
    """

    def __init__(
        self, origin: Origin, codec: Codec, finisher: Finisher, backlog: Backlog, tally: Tally, *, durable: bool
    ) -> None:
        self.swift: list[Record] | None = None
        self.model, self.version, self.fraction = origin
        self.take = codec.take
        self.idle = True
        self.queue: list[Record] = []
        self.lines: list[bytes] = []
        self.tasks: deque[Task] = deque()
        self.plain = self.fraction is None and not durable and not finisher.asks
        self.rouse: Callable[[], object] = self.clear  # the flusher puts its own here
        self.tally = tally
        self._put: Callable[[Record, list[File]], None] = (
            self._through if durable else self._for_work if finisher.asks else self._enqueue
        )
        self._codec = codec
        self._finisher = finisher
        self._backlog = backlog
        self._waiting = 0  # bytes of lines; threads may lose a few of each other's, until they are taken out
        self._unfinished = 0  # bytes of tasks

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

    def empty(self) -> tuple[list[Record], list[bytes]]:
        """Take out all records, and all lines; more may come meanwhile."""
        self._waiting = 0
        records, lines = self.queue[:], self.lines[:]
        del self.queue[: len(records)], self.lines[: len(lines)]
        return records, lines

    def task(self) -> Task:
        """Take out the oldest task; IndexError where there is none."""
        task = self.tasks.popleft()
        self._unfinished = self._unfinished - task.size if self.tasks else 0
        return task

    def clear(self) -> int:
        """Forget everything; returns how many records that were."""
        self._waiting = 0
        records = len(self.queue) + len(self.lines)
        self.queue.clear()
        self.lines.clear()
        while self.tasks:
            task = self.task()
            self._finisher.forgo(task)
            records += bool(task.record)
        return records

    def close(self) -> None:
        """From now on drop and count what is handed over."""
        self.swift, self._put = None, self._refuse

    def _refuse(self, record: Record, _: list[File]) -> None:
        self.tally.drop("closed", f"record {record.id}")

    def _enqueue(self, record: Record, files: list[File]) -> None:
        line = self._codec.line(record, files)
        if files:
            self._work(line, files, len(line))
        else:
            self._line(line)

    def _for_work(self, record: Record, files: list[File]) -> None:
        for name in PARTS:
            part = getattr(record, name)
            if part is not None:
                setattr(record, name, self._codec.take(part, name, record.id, files))
        parts = (getattr(record, name) for name in PARTS)
        self._work(record, files, sum(len(part) for part in parts if type(part) is msgspec.Raw))

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
            self._work(b"", files, 0)

    def _work(self, record: Record | bytes, files: list[File], size: int) -> None:
        """Queue a task; where too much of that waits already, the record goes without files and without findings."""
        if len(self.tasks) < TASKS and self._unfinished + size <= self._backlog.limit:
            task = Task(record, files, size, total(files))
            self._unfinished += size
            self._finisher.expect(task)
            self.tasks.append(task)
            return
        self.tally.fault("busy", "too many records wait for their files or their validation")
        if files:
            self.tally.drop("file", "too many records wait for their files", len(files))
        self._line(record if isinstance(record, bytes) else self._codec.line(record, []))

    def _line(self, line: bytes) -> None:
        if line and self._backlog.admits(line, self._waiting):
            self._waiting += len(line)
            self.lines.append(line)
