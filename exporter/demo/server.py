"""The pretended model server: answers requests at random times and writes what happened to a log that it rotates."""

import heapq
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from time import time

import msgspec
import numpy as np

from exporter.demo.data import CONFIG, LOG, PID_FILE, configuration, replace, trained, write
from exporter.demo.records import SEED, Model, Record, request, stamped
from exporter.demo.story import CYCLE, Schedule, scheduled, turn

DELAY = (3.0, 5.0)  # seconds until the actual of a prediction is known, at speed 1
PATIENCE = 1.0  # seconds of requests that are made up for after the machine was asleep
LOG_BYTES = 5_000_000
LOGS_KEPT = 2


class RotatingLog:
    """A log of JSON lines, one write a line, renamed to `.1`, `.2` and so on when it is full."""

    def __init__(self, path: Path, limit: int = LOG_BYTES, keep: int = LOGS_KEPT) -> None:
        self.path = path
        self._limit = limit
        self._keep = keep
        self._open()
        if self._size:
            self._rotate()

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = os.fstat(self._descriptor).st_size

    def write(self, record: Record) -> None:
        """Append a record; the line is complete as soon as it can be seen."""
        line = msgspec.json.encode(record) + b"\n"
        if self._size + len(line) > self._limit:
            self._rotate()
        self._size += os.write(self._descriptor, line)

    def _rotate(self) -> None:
        self.close()
        for number in range(self._keep, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._open()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something to do at a Unix time; the number keeps the order of what is due at once."""

    time: float
    number: int
    action: Callable[[float], None] = field(compare=False)


class ModelServer:
    """Serves models until the schedule is over; each has its own random numbers, so timing does not change the data."""

    def __init__(
        self,
        models: Sequence[Model],
        log: RotatingLog,
        schedule: Schedule,
        *,
        speed: float,
        rng: np.random.Generator,
        say: Callable[[str], None],
    ) -> None:
        self._log = log
        self._say = say
        self._schedule = schedule
        self._speed = speed
        self._numbers = count()
        self._agenda: list[Due] = []
        for model, own in zip(models, rng.spawn(len(models)), strict=True):
            self._later(schedule.start, partial(self._request, model, own))
        self._later(schedule.start, self._tell)

    def run(self, stop: Event) -> None:
        """Do what is due when it is due, until the end of the schedule or until `stop` is set."""
        while not self._schedule.over(self._agenda[0].time) and not stop.wait(max(0.0, self._agenda[0].time - time())):
            due = heapq.heappop(self._agenda)
            due.action(due.time)

    def _later(self, when: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._agenda, Due(when, next(self._numbers), action))

    def _request(self, model: Model, rng: np.random.Generator, due: float) -> None:
        now = time()
        due = max(due, now - PATIENCE)
        gap, delay = rng.exponential() / (model.rate * self._speed), rng.uniform(*DELAY) / self._speed
        identifier = f"{model.name}-{self._schedule.start:.0f}-{next(self._numbers)}"
        record, actual = request(model, int(rng.integers(model.size)), rng, self._schedule.blurs(now))
        self._log.write(stamped(record, identifier, now))
        if actual is not None:
            self._later(now + delay, partial(self._learn, identifier, actual))
        self._later(due + gap, partial(self._request, model, rng))

    def _learn(self, identifier: str, actual: Record, _: float) -> None:
        self._log.write(stamped(actual, identifier, time()))

    def _tell(self, due: float) -> None:
        self._say(turn(self._schedule.phase(due), due - self._schedule.start))
        self._later(self._schedule.next_turn(due), self._tell)


def serve(directory: Path, speed: float, duration: float | None, *, stop: Event, say: Callable[[str], None]) -> None:
    """Write the files of the demo, exporter.yml last, then serve; the schedule counts from that file's time."""
    (directory / CONFIG).unlink(missing_ok=True)
    rng = np.random.default_rng(SEED)
    models = trained(rng)
    write(directory, models, rng, time())
    replace(directory / PID_FILE, f"{os.getpid()}\n".encode())
    log = RotatingLog(directory / LOG)
    replace(directory / CONFIG, configuration(models, duration or CYCLE, speed).encode())
    schedule = scheduled(started(directory), duration)
    ModelServer(models, log, schedule, speed=speed, rng=rng, say=say).run(stop)
    log.close()
    (directory / PID_FILE).unlink(missing_ok=True)


def started(directory: Path) -> float:
    """Return the Unix time at which the server of a directory began to serve; FileNotFoundError before that."""
    return (directory / CONFIG).stat().st_mtime
