"""The background thread of a log: makes lines of what is handed over, and writes them."""

import threading
import time

from exporter.client import lifecycle
from exporter.client.backlog import Backlog
from exporter.client.finish import Finisher
from exporter.client.intake import Intake
from exporter.client.limits import LINE_BYTES, PATIENCE
from exporter.client.record import Codec, Record
from exporter.client.tally import Tally

BATCH = 100  # records that are encoded, and written, at once


class Flusher:
    """Empties the intake every `interval` seconds; at the latest when the process ends or the log is closed."""

    def __init__(
        self, intake: Intake, codec: Codec, finisher: Finisher, backlog: Backlog, tally: Tally, *, interval: float
    ) -> None:
        self._intake = intake
        self._codec = codec
        self._finisher = finisher
        self._backlog = backlog
        self._tally = tally
        self._interval = interval
        self._ending = False
        self._begin()
        intake.rouse = self._rouse
        lifecycle.watch(self)

    def _begin(self) -> None:
        self._thread: threading.Thread | None = None
        self._resting = 0  # the thread that holds the lock while it forks
        self._starting = threading.Lock()
        self._running = threading.Lock()  # held until the log is closed; waiting for a lock costs half of an event's
        self._running.acquire()

    def flush(self, timeout: float) -> bool:
        """Write what was handed over before; return whether that was possible within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._drain(deadline - time.monotonic()):
            if self._backlog.failing or time.monotonic() >= deadline:
                return False
        return True

    def close(self, timeout: float) -> None:
        """Write everything and end the thread; what comes later is dropped."""
        self._stand_down()
        self._intake.close()
        if self._running.locked():
            self._running.release()
        if self._thread is not None:
            self._thread.join(timeout)
        self.flush(timeout)
        if lost := self._intake.clear() + self._backlog.clear():
            self._tally.drop("unwritten", "they could not be written before the log was closed", lost)

    def end(self, timeout: float) -> None:
        """Write everything, and from now on at once: the process ends."""
        self._ending = True
        self._stand_down()
        self.flush(timeout)

    def before_fork(self) -> None:
        """Wait for a write that is under way."""
        if self._backlog.lock.acquire(timeout=PATIENCE):
            self._resting = threading.get_ident()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._resting == threading.get_ident():
            self._resting = 0
            self._backlog.lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: what is queued is the parent's to write."""
        self._backlog.lock = threading.Lock()
        self._tally.reset()
        self._stand_down()
        self._intake.clear()
        self._backlog.clear()
        self._begin()

    def _stand_down(self) -> None:
        self._intake.idle, self._intake.swift = True, None

    def _rouse(self) -> None:
        """Start the thread; do its work where there can be none."""
        if self._ending:
            self.flush(PATIENCE)
        elif self._starting.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._starting.release()

    def _start(self) -> None:
        if self._thread is not None:
            return
        lifecycle.watch(self)
        thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter ends, or there are too many threads
            self._tally.fault("thread", error)
            self._drain(PATIENCE)
            return
        self._thread = thread
        self._intake.idle = False

    def _run(self) -> None:
        running, intake, backlog = self._running, self._intake, self._backlog
        while not running.acquire(timeout=self._interval):
            if intake.queue or intake.tasks or intake.lines or backlog.held:
                self._drain(self._interval)

    def _drain(self, seconds: float) -> bool:
        """Write what is queued, and work at tasks for so many seconds; return whether all that there was is done."""
        deadline = time.monotonic() + seconds
        if not self._backlog.lock.acquire(timeout=max(seconds, 0)):
            return False
        try:
            self._write()
            tasks = len(self._intake.tasks)
            if tasks:
                tasks = self._work(tasks, deadline)
                self._backlog.write()
        except Exception as error:  # noqa: BLE001 - the thread must go on
            self._tally.fault("flusher", f"{type(error).__name__}: {error}")
            return False
        else:
            return not (tasks or self._backlog.held)
        finally:
            self._backlog.lock.release()

    def _work(self, tasks: int, deadline: float) -> int:
        """Do so many tasks, as far as there is time; return how many are left."""
        while tasks and time.monotonic() < deadline:
            self._backlog.keep(self._finisher.finish(self._intake.task()))
            tasks -= 1
        self._finisher.tidy()
        return tasks

    def _write(self) -> None:
        records, lines = self._intake.empty()
        self._codec.seen(len(records) + len(lines))
        for place in range(0, len(records), BATCH):
            self._encode(records[place : place + BATCH])
        for place in range(0, len(lines), BATCH):
            self._join(lines[place : place + BATCH])
        swift = self._codec.light and self._intake.plain and not self._intake.idle
        self._intake.swift = self._intake.queue if swift else None
        self._backlog.write()

    def _encode(self, records: list[Record]) -> None:
        lines = self._codec.lines(records)
        if lines is not None:
            self._backlog.keep(lines)
            return
        for record in records:
            self._backlog.keep(self._finisher.line(record, []))

    def _join(self, lines: list[bytes]) -> None:
        joined = b"".join(lines)
        for part in [joined] if len(joined) <= LINE_BYTES else lines:
            self._backlog.keep(part)
