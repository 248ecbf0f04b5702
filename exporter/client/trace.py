"""One prediction while it is made: what goes in, what comes out, how long it takes and how it ends."""

from collections.abc import Mapping
from gc import is_tracked
from time import perf_counter, time
from types import TracebackType
from typing import Self

from exporter.client.files import File
from exporter.client.intake import Intake
from exporter.client.limits import CALM
from exporter.client.record import Record


class Trace:
    """A context manager, from `PredictionLog.trace`: measures the time it is open, records an exception as the error.

    Set `output`; set `error` where the prediction fails without an exception. The input is taken down at once, the
    output when the trace is closed. `seconds` is the latency, once it is.
    """

    output: object = None
    error: object = None
    seconds: float | None = None
    _input: object = None
    _tags: Mapping[str, object] | None = None
    _attributions: object = None
    _data: dict[str, object] | None = None
    _files: list[File] | None = None
    _open = True

    def __init__(self, intake: Intake, request_id: str, datum: object, tags: Mapping[str, object] | None) -> None:
        self.time = time()
        self.id = request_id
        self._intake = intake
        swift = intake.swift is not None
        if swift and type(datum) is dict and not is_tracked(datum):
            self._input = datum.copy()
        elif datum is not None:
            self.input(datum)
        if swift and type(tags) is dict and not is_tracked(tags):
            self._tags = tags.copy()
        elif tags is not None:
            self.tag(tags)
        self._began = perf_counter()

    def input(self, datum: object) -> None:
        """Take down the input, where it was not known when the trace began."""
        try:
            self._input = self._taken(datum, "input")
        except Exception as fault:  # noqa: BLE001 - logging must not fail a prediction
            self._intake.tally.drop("failed", fault)

    def tag(self, tags: Mapping[str, object] | None = None, /, **more: object) -> None:
        """Add tags, by which the traffic can be sliced."""
        try:
            self._tags = {**(self._tags or {}), **(tags or {}), **more}
        except Exception as fault:  # noqa: BLE001 - as above
            self._intake.tally.drop("failed", fault)

    def explain(self, attributions: Mapping[str, object]) -> None:
        """Take down what each feature contributed to the prediction."""
        try:
            self._attributions = self._taken(attributions, "attributions")
        except Exception as fault:  # noqa: BLE001 - as above
            self._intake.tally.drop("failed", fault)

    def log(self, name: str, value: object) -> None:
        """Add anything else worth keeping: an intermediate image, a score; it is taken down at once."""
        try:
            self._data = {**(self._data or {}), name: self._taken(value, name)}
        except Exception as fault:  # noqa: BLE001 - as above
            self._intake.tally.drop("failed", fault)

    def close(self, error: object = None) -> None:
        """End the trace and hand its record over; only the first time counts."""
        if not self._open:
            return
        self._open, self.seconds = False, perf_counter() - self._began
        if error is not None:
            self.error = error
        try:
            self._hand_over(self._intake)
        except Exception as fault:  # noqa: BLE001 - as above
            self._intake.tally.drop("failed", fault)

    def discard(self) -> None:
        """End the trace without a record: it was no prediction."""
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(error)

    def _taken(self, value: object, name: str) -> object:
        """Return what does not change with a value; of what is not sampled the value, as only an error will need it."""
        if not self._intake.keeps(self.id):
            return value
        if self._files is None:
            self._files = []
        return self._intake.take(value, name, self.id, self._files)

    def _hand_over(self, intake: Intake) -> None:
        record = Record(
            self.id, self.time, intake.model, intake.version, self._input, self.output, self.seconds, self._tags
        )
        queue, output = intake.swift, record.output
        if (
            queue is not None
            and len(queue) < CALM
            and self.error is None
            and self._data is None
            and self._attributions is None
            and not self._files
            and type(output) is dict
            and not is_tracked(output)
            and not is_tracked(record.tags)
        ):
            record.output = output.copy()
            queue.append(record)
            return
        record.data, record.attributions = self._data, self._attributions
        intake.predicted(record, self.error, self._files or [])
