"""Takes batches of one model into its state: totals, windows and what waits for its actual.

The state is a frozen value that the one writer replaces; whoever reads it needs no lock.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Batch, Column, Fault, Floats, Kind, absent
from exporter.joins import Joiner, Match, Tallies, Waiting
from exporter.plan import EvalStep, ModelPlan
from exporter.quality import Inspector, Quality
from exporter.segments import Arrived, Coder, Cutter, Slices
from exporter.summaries import ComponentSummary
from exporter.windows import Stream, TimeRing

Mask = NDArray[np.bool_]
_PREDICTION, _ACTUAL, _FAILED = Kind.PREDICTION.value, Kind.ACTUAL.value, Kind.FAILED.value  # plain ints are fast


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that is known of one model: what a scrape shows and an evaluation compares."""

    predictions: Stream
    outcomes: Stream
    count: int
    failures: int
    last_prediction: float
    latency: ComponentSummary
    delay: ComponentSummary
    tallies: Tallies
    pending: int
    extractor_failures: Counter[str]
    segments: tuple[Slices, ...] = ()
    quality: Quality = field(default_factory=Quality)

    @property
    def late(self) -> dict[str, int]:
        """Return by window how many rows of predictions and outcomes it is without, as they came too late."""
        late: Counter[str] = Counter()
        for rings_of_stream in (self.predictions.rings, self.outcomes.rings):
            for label, ring in rings_of_stream.items():
                if isinstance(ring, TimeRing) and not ring.lag:
                    late[label] += ring.late
        return late


class Engine:
    """The writer's side of one model: `state` is replaced by each batch."""

    def __init__(self, plan: ModelPlan) -> None:
        self.plan = plan
        self._joiner = Joiner(plan.wait, plan.pending)
        self._cutters = tuple(Cutter(cut, Coder(cut.segment)) for cut in plan.cuts)
        inputs = [i for i, component in enumerate(plan.prediction_components) if component.role == "input"]
        self._inspector = Inspector(len(plan.prediction_components), inputs, plan.expectations)
        self._extractor_failures: Counter[str] = Counter()
        self._time_before = math.nan
        self.state = State(
            predictions=Stream.of([c.measure for c in plan.prediction_components], plan.windows),
            outcomes=Stream.of([c.measure for c in plan.outcome_components], plan.windows),
            count=0,
            failures=0,
            last_prediction=math.nan,
            latency=plan.latency.empty(),
            delay=plan.delay.empty(),
            tallies=Tallies(),
            pending=0,
            extractor_failures=Counter(),
            segments=tuple({} for _ in plan.cuts),
        )

    @property
    def cutters(self) -> tuple[Cutter, ...]:
        """Return what knows the slices of each segment."""
        return self._cutters

    @property
    def inspector(self) -> Inspector:
        """Return what watches the records."""
        return self._inspector

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """Return what waits by id."""
        return self._joiner.places

    @property
    def time_before(self) -> float:
        """Return the time of the last record, Unix seconds, by which one without a time is placed."""
        return self._time_before

    def resume(self, state: State, time_before: float) -> None:
        """Go on from a state; what waits by id is taken up at each place of `waiting`."""
        self._joiner.resume(state.tallies)
        self._extractor_failures = state.extractor_failures.copy()
        self._time_before = time_before
        self.state = state

    @np.errstate(all="ignore")
    def ingest(self, batch: Batch, now: float) -> Counter[str]:
        """Take a batch that arrived at `now` (Unix seconds) into the state; returns rejected records by reason."""
        rejects: Counter[str] = Counter()
        if not batch.rows:
            return rejects
        moment = now
        if batch.times is not None:
            times = _known(batch.times, self._time_before, now)
            self._time_before, moment = float(times[-1]), float(times.max())
            self._inspector.read(batch, self.plan.extra, now)
            batch = replace(batch, times=times)
        else:
            self._inspector.read(batch, self.plan.extra, now)
        self._take(self._fresh(self._coded(batch), rejects), now, moment)
        return rejects

    def _coded(self, batch: Batch) -> Batch:
        """Return the batch with a column more for each segment: what slice each row is of."""
        if not self._cutters:
            return batch
        read = {key: batch.columns[place] for key, place in self.plan.extra.items()}
        codes = (cutter.coder.codes(batch.tags, read) for cutter in self._cutters)
        return replace(batch, columns=(*batch.columns, *codes), tags={})

    def _take(self, batch: Batch, now: float, moment: float) -> None:
        predicted, failed = _kind(batch, Kind.PREDICTION), _kind(batch, Kind.FAILED)
        sound, old = predicted & ~failed, self.state
        predictions = old.predictions
        if sound.any():
            columns = _rows([batch.columns[i] for i in self.plan.predicted], sound)
            predictions = predictions.add(columns, now, None if batch.times is None else batch.times[sound])
            self._inspector.watch(columns)
        segments = self._predicted(batch, predicted, failed, now)
        outcomes, segments, delays = self._outcomes(batch, sound, failed, segments, now)
        self._joiner.expire(moment)
        self.state = State(
            predictions=predictions,
            outcomes=outcomes,
            count=old.count + int(predicted.sum()),
            failures=old.failures + int(failed.sum()),
            last_prediction=self._last(batch, predicted, now),
            latency=old.latency + self.plan.latency.of(batch.latency[predicted]),
            delay=old.delay + self.plan.delay.of(delays),
            tallies=self._joiner.tallies(),
            pending=self._joiner.pending,
            extractor_failures=self._extractor_failures.copy(),
            segments=segments,
            quality=self._inspector.known(),
        )

    def _predicted(self, batch: Batch, rows: Mask, failed: Mask, now: float) -> tuple[Slices, ...]:
        """Return the slices of each segment with the predictions of a batch."""
        if not (self._cutters and rows.any()):
            return self.state.segments
        columns = _rows([batch.columns[i] for i in self.plan.predicted], rows)
        arrived = Arrived(columns, now, None if batch.times is None else batch.times[rows])
        failed, latency = failed[rows], batch.latency[rows]
        cut = zip(self._cutters, self.state.segments, self._codes(batch.columns), strict=True)
        return tuple(
            cutter.predicted(slices, codes[rows], arrived, failed=failed, latency=latency)
            for cutter, slices, codes in cut
        )

    def _codes(self, columns: Sequence[Column]) -> Sequence[Column]:
        return columns[len(self.plan.schema.fields) :]

    def _last(self, batch: Batch, predicted: Mask, now: float) -> float:
        """Return the newest time of a prediction; one ahead of the clock would hide that predictions have stopped."""
        old = self.state.last_prediction
        if not predicted.any():
            return old
        newest = batch.newest if batch.times is None else float(batch.times[predicted].max())
        return max(min(now, newest), old)  # in this order NaN gives way

    def _fresh(self, batch: Batch, rejects: Counter[str]) -> Batch:
        """Leave out predictions whose id has been seen; a repeated one that carries an actual is that actual alone."""
        if batch.ids is None:
            return batch
        kinds = batch.kinds.copy()
        seen: tuple[set[str], set[str]] = (set(), set())
        known = self._joiner.known, self._joiner.failed
        for row, (key, kind) in enumerate(zip(batch.ids, batch.kinds.tolist(), strict=True)):
            if key is None or not kind & _PREDICTION:
                continue
            failed = kind & _FAILED != 0
            if key in seen[failed] or known[failed](key):
                kinds[row] &= _ACTUAL
            seen[failed].add(key)
        keep = kinds != 0
        if keep.all():
            return replace(batch, kinds=kinds)
        rejects["duplicate_id"] += batch.rows - int(keep.sum())
        return Batch(
            kinds[keep],
            tuple(_rows(batch.columns, keep)),
            batch.latency[keep],
            batch.newest,
            None if batch.times is None else batch.times[keep],
            [key for key, kept in zip(batch.ids, keep.tolist(), strict=True) if kept],
        )

    def _outcomes(
        self, batch: Batch, sound: Mask, failed: Mask, segments: tuple[Slices, ...], now: float
    ) -> tuple[Stream, tuple[Slices, ...], Floats]:
        """Join what can be joined and add it to the outcomes and slices; returns them with the delays in seconds."""
        outcomes, delays, times = self.state.outcomes, np.empty(0), batch.times
        if batch.ids is None or not self.plan.outcome_components:
            return outcomes, segments, delays
        labelled = _kind(batch, Kind.ACTUAL)
        both = sound & labelled
        self._joiner.fail(_ids(batch, failed), _at(times, failed, now))
        if both.any():
            self._joiner.together(_ids(batch, both), _at(times, both, now))
            arrived = Arrived(_rows(batch.columns, both), now, None if times is None else times[both])
            outcomes, segments = self._joined(outcomes, segments, arrived)
        matches = self._matches(batch, sound & ~labelled, labelled & ~both, now)
        if matches:
            met = None if times is None else np.array([moment for *_, moment in matches])
            arrived = Arrived(self._matched_columns(matches), now, met)
            outcomes, segments = self._joined(outcomes, segments, arrived)
            delays = np.array([delay for _, _, delay, _ in matches])
        return outcomes, segments, delays

    def _joined(
        self, outcomes: Stream, segments: tuple[Slices, ...], arrived: Arrived
    ) -> tuple[Stream, tuple[Slices, ...]]:
        """Add joined rows, given in the columns of predictions and actuals."""
        computed = replace(arrived, columns=self._outcome_columns(arrived.columns))
        cut = zip(self._cutters, segments, self._codes(arrived.columns), strict=True)
        slices = tuple(cutter.joined(old, codes, computed) for cutter, old, codes in cut)
        return outcomes.add(computed.columns, computed.now, computed.times), slices

    def _matches(self, batch: Batch, waiting: Mask, late: Mask, now: float) -> list[Match]:
        matches: list[Match] = []
        for mask, places, join in (
            (waiting, self.plan.kept, self._joiner.predict),
            (late, self.plan.actual, self._joiner.label),
        ):
            if mask.any():
                rows = zip(*(batch.columns[i][mask].tolist() for i in places), strict=True) if places else repeat(())
                matches += join(_ids(batch, mask), rows, _at(batch.times, mask, now))
        return matches

    def _matched_columns(self, matches: Sequence[Match]) -> list[Column]:
        """Return columns in the order of the schema; those that no outcome reads are left empty."""
        fields = self.plan.schema.fields
        columns = [np.empty(0)] * (len(fields) + len(self._cutters))
        for places, side in ((self.plan.kept, 0), (self.plan.actual, 1)):
            for i, values in zip(places, zip(*(match[side] for match in matches), strict=True), strict=True):
                numeric = i < len(fields) and fields[i].levels is None
                columns[i] = np.array(values, np.float64 if numeric else np.int32)
        return columns

    def _outcome_columns(self, columns: Sequence[Column]) -> list[Column]:
        return [*(columns[i] for i in self.plan.actual), *(self._compute(step, columns) for step in self.plan.evals)]

    def _compute(self, step: EvalStep, columns: Sequence[Column]) -> Column:
        """Compute an eval component; an extractor that fails costs its own values only."""
        try:
            return _of_length(step.compute(columns[step.output], columns[step.actual]), len(columns[step.output]))
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
            self._extractor_failures[step.extractor] += 1
            rows = len(columns[step.output])
            if step.component.measure.grid is None:
                return np.full(rows, -int(Fault.EXTRACTOR), np.int32)
            return np.full(rows, absent(Fault.EXTRACTOR))


def _of_length(column: Column, rows: int) -> Column:
    if column.shape != (rows,):
        raise ValueError(f"{column.shape} values of {rows} rows")
    return column


def _known(times: Floats, before: float, now: float) -> Floats:
    """Return the time of each row; one that is unknown, or ahead of the clock, is that of the row before.

    A single row from the future, or a row of today in a log of last year, would push all others out of the windows.
    """
    known = (times >= 0) & (times <= now)
    if math.isnan(before):
        before = float(times[known.argmax()]) if known.any() else now
    newest = np.maximum.accumulate(np.where(known, np.arange(len(times)), -1))
    return np.where(newest < 0, before, times[newest])


def _kind(batch: Batch, kind: Kind) -> Mask:
    mask: Mask = (batch.kinds & kind.value) != 0
    return mask


def _rows(columns: Sequence[Column], mask: Mask) -> list[Column]:
    return list(columns) if mask.all() else [column[mask] for column in columns]


def _ids(batch: Batch, mask: Mask) -> list[str | None]:
    ids = batch.ids or ()
    return list(ids) if mask.all() else [ids[i] for i in np.flatnonzero(mask).tolist()]


def _at(times: Floats | None, mask: Mask, now: float) -> Iterable[float]:
    return repeat(now) if times is None else times[mask].tolist()
