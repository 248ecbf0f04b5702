"""The pretended model server: answers requests at random times and logs what happened, as a real one does."""

import heapq
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from time import time

import numpy as np

from exporter.client import PredictionLog
from exporter.demo.data import CONFIG, LOG, PID_FILE, configuration, replace, trained, write
from exporter.demo.records import SEED, Model, request
from exporter.demo.story import CYCLE, Schedule, scheduled, turn

DELAY = (15.0, 25.0)  # seconds until the actual of a prediction is known, at speed 1
PATIENCE = 1.0  # seconds of requests that are made up for after the machine was asleep
LOG_BYTES = 5_000_000
LOGS_KEPT = 2


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
        models: Sequence[tuple[Model, PredictionLog]],
        schedule: Schedule,
        *,
        speed: float,
        rng: np.random.Generator,
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._schedule = schedule
        self._speed = speed
        self._numbers = count()
        self._agenda: list[Due] = []
        for (model, log), own in zip(models, rng.spawn(len(models)), strict=True):
            self._later(schedule.start, partial(self._request, model, log, own))
        self._later(schedule.start, self._tell)

    def run(self, stop: Event) -> None:
        """Do what is due when it is due, until the end of the schedule or until `stop` is set."""
        while not self._schedule.over(self._agenda[0].time) and not stop.wait(max(0.0, self._agenda[0].time - time())):
            due = heapq.heappop(self._agenda)
            due.action(due.time)

    def _later(self, when: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._agenda, Due(when, next(self._numbers), action))

    def _request(self, model: Model, log: PredictionLog, rng: np.random.Generator, due: float) -> None:
        now = time()
        due = max(due, now - PATIENCE)
        gap, delay = rng.exponential() / (model.rate * self._speed), rng.uniform(*DELAY) / self._speed
        identifier = f"{model.name}-{self._schedule.start:.0f}-{next(self._numbers)}"
        prediction, actual = request(model, int(rng.integers(model.size)), rng, self._schedule.blurs(now))
        log.prediction(identifier, **prediction)
        if actual is not None:
            self._later(now + delay, partial(self._learn, log, identifier, actual))
        self._later(due + gap, partial(self._request, model, log, rng))

    def _learn(self, log: PredictionLog, identifier: str, actual: Mapping[str, object], _: float) -> None:
        log.actual(identifier, actual)

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
    set_aside(directory / LOG)
    replace(directory / CONFIG, configuration(models, duration or CYCLE, speed).encode())
    schedule = scheduled(started(directory), duration)
    with ExitStack() as logs:
        served = [(model, logs.enter_context(log_of(model, directory / LOG))) for model in models]
        ModelServer(served, schedule, speed=speed, rng=rng, say=say).run(stop)
    (directory / PID_FILE).unlink(missing_ok=True)


def log_of(model: Model, path: Path) -> PredictionLog:
    """Return the log of a model; those of all models are one file."""
    return PredictionLog(path, model=model.name, version=model.version, rotate_bytes=LOG_BYTES, keep=LOGS_KEPT)


def set_aside(log: Path) -> None:
    """Rename the log of an earlier run, which would be taken for a part of this one."""
    if log.exists():
        log.replace(f"{log}.1")


def started(directory: Path) -> float:
    """Return the Unix time at which the server of a directory began to serve; FileNotFoundError before that."""
    return (directory / CONFIG).stat().st_mtime
