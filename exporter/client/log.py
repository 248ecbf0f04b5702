"""The prediction log as a model server sees it: calls that neither wait, nor fail, nor pile up."""

import math
import os
from collections.abc import Mapping
from datetime import datetime
from gc import is_tracked
from pathlib import Path
from time import time as now
from types import TracebackType
from typing import Self

from exporter.client.backlog import Backlog
from exporter.client.file import LogFile, Rotation
from exporter.client.files import File, Store
from exporter.client.finish import Finisher
from exporter.client.flusher import Flusher
from exporter.client.intake import Intake, Origin
from exporter.client.lifecycle import catch_sigterm
from exporter.client.limits import CALM
from exporter.client.profile import Profile
from exporter.client.record import Codec, Record
from exporter.client.tally import Tally
from exporter.client.text import as_id, clean
from exporter.client.trace import Trace

FLUSH_SECONDS = 5.0


class PredictionLog:
    """A log file that this process, with any others, appends predictions and actuals to.

    Calls hand a record over to a background thread, which writes every `flush_seconds`; with `durable` they write it
    themselves. `sample` is the share of the predictions that is logged, by a hash of their ids; errors always are.
    The file is renamed to `.1` at `rotate_bytes` and whenever a new period of `rotate_seconds` (UTC) begins; None is
    never; `keep` renamed files stay. Images and arrays go to `images/` beside it, up to `image_bytes`. At most
    `buffer_bytes` of lines wait for a disk that does not take them. `on_sigterm` None flushes on SIGTERM where that
    would end the process, True before the application's own handler too, False never. A `profile` judges every datum.

    What could not be kept is counted in `dropped`, what went wrong otherwise in `faults`; each reason is logged once.
    Raises ValueError for options out of range, and nothing from then on.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: str | None = None,
        version: object = None,
        profile: Profile | None = None,
        sample: float = 1.0,
        durable: bool = False,
        rotate_bytes: int | None = 100_000_000,
        rotate_seconds: float | None = 86_400,
        keep: int = 7,
        image_bytes: int = 1_000_000_000,
        buffer_bytes: int = 64_000_000,
        flush_seconds: float = 0.1,
        on_sigterm: bool | None = None,
    ) -> None:
        if not 0 <= sample <= 1:
            raise ValueError(f"sample is {sample}; it is a share, from 0 to 1")
        _check(rotate_bytes=rotate_bytes, rotate_seconds=rotate_seconds, keep=keep)
        _check(image_bytes=image_bytes, buffer_bytes=buffer_bytes, flush_seconds=flush_seconds)
        place = str(Path(path).absolute())
        self._tally = tally = Tally(place)
        store = Store(place, image_bytes, tally)
        file = LogFile(place, Rotation(rotate_bytes or math.inf, rotate_seconds, keep), tally.fault)
        backlog = Backlog(file, buffer_bytes, tally)
        codec = Codec(store, tally)
        finisher = Finisher(codec, store, profile, tally)
        origin = Origin(_text(model), _text(version), None if sample == 1 else float(sample))
        self._intake = Intake(origin, codec, finisher, backlog, tally, durable=durable)
        self._flusher = Flusher(self._intake, codec, finisher, backlog, tally, interval=flush_seconds)
        catch_sigterm(on_sigterm)

    def trace(
        self,
        request_id: object = None,
        *,
        input: object = None,  # noqa: A002 - the record's word
        tags: Mapping[str, object] | None = None,
    ) -> Trace:
        """Begin a prediction; its record is handed over when the trace is closed. A missing id is made up."""
        return Trace(self._intake, as_id(request_id), input, tags)

    def prediction(
        self,
        request_id: object = None,
        *,
        input: object = None,  # noqa: A002 - the record's word
        output: object = None,
        latency_seconds: float | None = None,
        tags: Mapping[str, object] | None = None,
        error: object = None,
        time: float | datetime | None = None,
        attributions: Mapping[str, object] | None = None,
    ) -> str:
        """Hand a prediction over; returns its id, which is made up where it is missing.

        `time` says when it was made, where that is not now: Unix seconds, or a datetime with its zone. `attributions`
        are what each feature contributed to it.
        """
        moment = now()
        name = request_id if type(request_id) is str and request_id else as_id(request_id)
        intake = self._intake
        try:
            if time is not None:
                moment = _seconds(time)
            queue = intake.swift
            if queue is None or error is not None or len(queue) >= CALM:
                record = Record(name, moment, intake.model, intake.version, input, output, latency_seconds, tags)
                record.attributions = attributions
                intake.predicted(record, error, [])
                return name
            files: list[File] = []
            # what `take` does with dicts of constants is written out: it is most of what a prediction costs
            if type(input) is dict and not is_tracked(input):
                input = input.copy()  # noqa: A001 - the record's word
            else:
                input = intake.take(input, "input", name, files)  # noqa: A001 - as above
            if type(output) is dict and not is_tracked(output):
                output = output.copy()
            else:
                output = intake.take(output, "output", name, files)
            labels: object = tags
            if type(labels) is dict and not is_tracked(labels):
                labels = labels.copy()
            else:
                labels = intake.take(labels, "tags", name, files)
            record = Record(name, moment, intake.model, intake.version, input, output, latency_seconds, labels)
            if attributions is not None:
                record.attributions = intake.take(attributions, "attributions", name, files)
            if files:
                intake.submit(record, files)
            else:
                queue.append(record)
        except Exception as fault:  # noqa: BLE001 - logging must not fail a prediction
            self._tally.drop("failed", fault)
        return name

    def actual(
        self,
        request_id: object,
        actual: object = None,
        *,
        tags: Mapping[str, object] | None = None,
        time: float | datetime | None = None,
    ) -> None:
        """Hand over what turned out to be true of a prediction, at any time later and from any process.

        `time` says when it became known, where that is not now. It is not written for a prediction that is not
        sampled, so give the log there the same `sample`.
        """
        moment = now()
        intake = self._intake
        try:
            if request_id is None or actual is None:
                self._tally.drop("empty", "an actual without a value, or without the id of its prediction")
            elif intake.keeps(name := as_id(request_id)):
                if time is not None:
                    moment = _seconds(time)
                record = Record(name, moment, intake.model, intake.version, actual=actual, tags=tags)
                intake.submit(record, [])
        except Exception as fault:  # noqa: BLE001 - as above
            self._tally.drop("failed", fault)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Write what was handed over before this call; returns whether that was done within `timeout` seconds."""
        return self._flusher.flush(timeout)

    def close(self, timeout: float = FLUSH_SECONDS) -> None:
        """Write everything and end the background thread; what is handed over later is dropped and counted."""
        self._flusher.close(timeout)

    @property
    def dropped(self) -> dict[str, int]:
        """How many records (or files) were lost, by reason."""
        return self._tally.dropped

    @property
    def faults(self) -> dict[str, int]:
        """How often something went wrong without a loss, by reason."""
        return self._tally.faults

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _check(**options: float | None) -> None:
    for name, value in options.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")


def _text(name: object) -> str | None:
    return None if name is None else clean(str(name))


def _seconds(moment: float | datetime) -> float:
    """Return a time as Unix seconds; ValueError where it is none."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
        return moment.timestamp()
    seconds = float(moment)
    if not math.isfinite(seconds):
        raise ValueError(f"{moment} is no time")
    return seconds
