"""The prediction log as a model server sees it: calls that neither wait, nor fail, nor pile up."""

import os
from collections.abc import Mapping
from gc import is_tracked
from pathlib import Path
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from exporter.client.lifecycle import catch_sigterm
from exporter.client.limits import CALM
from exporter.client.profile import Profile
from exporter.client.tally import Tally
from exporter.client.text import as_id
from exporter.client.trace import Trace

if TYPE_CHECKING:
    from exporter.client.files import File

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
        from exporter.client.assembly import Options, assemble  # noqa: PLC0415 - importing the client must be cheap

        options = Options(
            model=model,
            version=version,
            profile=profile,
            sample=sample,
            durable=durable,
            rotate_bytes=rotate_bytes,
            rotate_seconds=rotate_seconds,
            keep=keep,
            image_bytes=image_bytes,
            buffer_bytes=buffer_bytes,
            flush_seconds=flush_seconds,
        )
        options.check()
        place = str(Path(path).absolute())
        self._tally = Tally(place)
        self._intake, self._flusher = assemble(place, options, self._tally)
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
    ) -> str:
        """Hand a prediction over; returns its id, which is made up where it is missing."""
        moment = time()
        name = request_id if isinstance(request_id, str) and request_id else as_id(request_id)
        intake = self._intake
        queue = intake.swift
        try:
            if queue is None or error is not None or len(queue) >= CALM:
                record = intake.record(name, moment, intake.model, intake.version, input, output, latency_seconds, tags)
                if queue is None or error is not None:
                    intake.predicted(record, error, [])
                else:
                    intake.encode(record)
                return name
            files: list[File] = []
            # what `take` does with dicts of constants is written out: it is most of what a prediction costs
            if input.__class__ is dict and not is_tracked(input):
                input = input.copy()  # noqa: A001 - the record's word
            else:
                input = intake.take(input, "input", name, files)  # noqa: A001 - as above
            if output.__class__ is dict and not is_tracked(output):
                output = output.copy()
            else:
                output = intake.take(output, "output", name, files)
            labels: object = tags
            if labels.__class__ is dict and not is_tracked(labels):
                labels = labels.copy()
            else:
                labels = intake.take(labels, "tags", name, files)
            record = intake.record(name, moment, intake.model, intake.version, input, output, latency_seconds, labels)
            if files:
                intake.submit(record, files)
            else:
                queue.append(record)
        except Exception as fault:  # noqa: BLE001 - logging must not fail a prediction
            self._tally.drop("failed", fault)
        return name

    def actual(self, request_id: object, actual: object = None, *, tags: Mapping[str, object] | None = None) -> None:
        """Hand over what turned out to be true of a prediction, at any time later and from any process.

        It is not written for a prediction that is not sampled, so give the log there the same `sample`.
        """
        moment = time()
        intake = self._intake
        try:
            if request_id is None:
                self._tally.drop("no_id", "an actual without the id of its prediction")
            elif intake.keeps(name := as_id(request_id)):
                record = intake.record(name, moment, intake.model, intake.version, actual=actual, tags=tags)
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
