"""Takes batches of one model into its state: totals, windows and what waits for its actual.

The state is a frozen value that the one writer replaces; whoever reads it needs no lock.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Batch, Column, Fault, Floats, Kind, Mask, absent, is_later, later, value_of
from exporter.joins import Joined, Joiner, Rows, Tallies
from exporter.plan import EvalStep, ModelPlan
from exporter.profile import MEASURE, explained
from exporter.quality import Inspector, Origin, Quality
from exporter.segments import Arrived, Coder, Cutter, Slices
from exporter.summaries import ComponentSummary
from exporter.windows import Correction, Stream, TimeRing

PAIRED = 4  # predictions, of which one is looked at as a pair of inputs and output: to look at all costs 5 % of ingest


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that is known of one model: what a scrape shows and an evaluation compares.

    `estimates` are what scores are estimated from, of all predictions; `checks` the same of those with an actual.
    `attributions` are the absolute ones of the predictions that carry any, `associations` are of one in four.
    """

    predictions: Stream
    outcomes: Stream
    estimates: Stream
    checks: Stream
    attributions: Stream
    associations: Stream
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
        self._cutters = tuple(Cutter(cut, Coder(cut.segment)) for cut in plan.cuts)
        inputs = [i for i, component in enumerate(plan.prediction_components) if component.role == "input"]
        measured = [(f"{c.role} {c.name}", c.measure) for c in plan.prediction_components]
        watched = plan.expectations, plan.detectors
        gap = plan.profile.longest_gap
        self._inspector = Inspector(measured, inputs, *watched, shown=plan.shown, longest_gap=gap)
        self.joiner = Joiner(plan.waiting, plan.wait, plan.pending)
        self._extractor_failures: Counter[str] = Counter()
        self._time_before = math.nan
        self.state = State(
            predictions=Stream.of([c.measure for c in plan.prediction_components], plan.windows),
            outcomes=Stream.of([c.measure for c in plan.outcome_components], plan.windows),
            estimates=Stream.of([step.measure for step in plan.estimates.steps], plan.windows),
            checks=Stream.of([step.measure for step in plan.estimates.steps], plan.windows),
            attributions=Stream.of([MEASURE] * len(plan.attributions), plan.windows),
            associations=Stream.of([plan.associations.measure] if plan.associations else [], plan.windows),
            count=0,
            failures=0,
            last_prediction=math.nan,
            latency=plan.latency.empty(),
            delay=plan.delay.empty(),
            tallies=Tallies(),
            pending=0,
            extractor_failures=Counter(),
            segments=tuple({} for _ in plan.cuts),
            quality=self._inspector.known(),
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
    def time_before(self) -> float:
        """Return the time of the last record, Unix seconds, by which one without a time is placed."""
        return self._time_before

    def resume(self, state: State, time_before: float, outcomes: int) -> None:
        """Go on from a state, after so many `outcomes`; what waits by id is taken up by the joiner's ledger."""
        self.joiner.tallies, self.joiner.outcomes = state.tallies, outcomes
        self._extractor_failures = state.extractor_failures.copy()
        self._time_before = time_before
        self.state = replace(state, quality=self._inspector.known())

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
        batch = self._expected(self._coded(batch))
        joined = self._join(batch, now)
        if joined is not None:
            batch = _without_repeated(batch, joined.kinds)
            rejects["duplicate_id"] += len(joined.kinds) - batch.rows
            self.joiner.expire(moment)
        self._take(batch, joined, now)
        return +rejects

    def _coded(self, batch: Batch) -> Batch:
        """Return the batch with a column more for each segment: what slice each row is of."""
        if not self._cutters:
            return batch
        read = {key: value_of(batch.columns[place]) for key, place in self.plan.extra.items()}
        codes = (cutter.coder.codes(batch.tags, read) for cutter in self._cutters)
        return replace(batch, columns=(*batch.columns, *codes))

    def _expected(self, batch: Batch) -> Batch:
        """Return the batch with a column more for each loss that is expected of a prediction."""
        losses = self.plan.estimates.expected(batch.columns, self._extractor_failures)
        return replace(batch, columns=(*batch.columns, *losses))

    def _join(self, batch: Batch, now: float) -> Joined | None:
        if batch.ids is None or not self.plan.outcome_components:
            return None
        columns = [batch.columns[i] for i in (*self.plan.kept, *self.plan.actual)]
        return self.joiner.take(batch, columns, np.full(batch.rows, now) if batch.times is None else batch.times)

    def _take(self, batch: Batch, joined: Joined | None, now: float) -> None:
        predicted, failed = _kind(batch, Kind.PREDICTION), _kind(batch, Kind.FAILED)
        sound, old = predicted & ~failed, self.state
        predictions, outcomes, checks, delay = old.predictions, old.outcomes, old.checks, old.delay
        associations = old.associations
        if sound.any():
            columns = _rows([value_of(batch.columns[i]) for i in self.plan.predicted], sound)
            predictions = predictions.add(columns, now, None if batch.times is None else batch.times[sound])
            self._inspector.watch(columns, Origin.of(batch, sound, now))
            associations = self._associated(columns, now, None if batch.times is None else batch.times[sound])
        segments = self._predicted(batch, predicted, failed, now)
        estimates, segments = self._estimated(batch, sound, now, segments)
        if joined is not None:
            outcomes, segments = self._outcomes(joined, segments, now, timed=batch.times is not None)
            checks = self._checked(joined, now, timed=batch.times is not None)
            delay += self.plan.delay.of(joined.delays[~np.isnan(joined.delays)])
        self.state = State(
            predictions=predictions,
            outcomes=outcomes,
            estimates=estimates,
            checks=checks,
            attributions=self._attributed(batch, sound, now),
            associations=associations,
            count=old.count + int(predicted.sum()),
            failures=old.failures + int(failed.sum()),
            last_prediction=self._last(batch, predicted, now),
            latency=old.latency + self.plan.latency.of(batch.latency[predicted]),
            delay=delay,
            tallies=self.joiner.tallies,
            pending=self.joiner.pending,
            extractor_failures=self._extractor_failures.copy(),
            segments=segments,
            quality=self._inspector.known(),
        )

    def _predicted(self, batch: Batch, rows: Mask, failed: Mask, now: float) -> tuple[Slices, ...]:
        """Return the slices of each segment with the predictions of a batch."""
        if not (self._cutters and rows.any()):
            return self.state.segments
        columns = _rows([value_of(batch.columns[i]) for i in self.plan.predicted], rows)
        arrived = Arrived(columns, now, None if batch.times is None else batch.times[rows])
        failed, latency = failed[rows], batch.latency[rows]
        cut = zip(self._cutters, self.state.segments, self._codes(batch.columns), strict=True)
        return tuple(
            cutter.predicted(slices, codes[rows], arrived, failed=failed, latency=latency)
            for cutter, slices, codes in cut
        )

    def _codes(self, columns: Sequence[Column]) -> Sequence[Column]:
        first = len(self.plan.schema.fields)
        return columns[first : first + len(self._cutters)]

    def _estimated(
        self, batch: Batch, rows: Mask, now: float, segments: tuple[Slices, ...]
    ) -> tuple[Stream, tuple[Slices, ...]]:
        """Return what scores are estimated from, of all and of slices, with the predictions of a batch."""
        estimates = self.plan.estimates
        if not (estimates.steps and rows.any()):
            return self.state.estimates, segments
        laid_out = estimates.laid_out(_rows(batch.columns, rows), self._extractor_failures)
        arrived = Arrived(laid_out, now, None if batch.times is None else batch.times[rows])
        cut = zip(self._cutters, segments, self._codes(batch.columns), strict=True)
        slices = tuple(cutter.estimated(old, codes[rows], arrived) for cutter, old, codes in cut)
        return self.state.estimates.add(laid_out, now, arrived.times), slices

    def _associated(self, columns: Sequence[Column], now: float, times: Floats | None) -> Stream:
        """Return how inputs and output go together, with the predictions of a batch whose turn it is."""
        step = self.plan.associations
        if step is None:
            return self.state.associations
        before = self.state.predictions.total[0].presence.rows
        every = slice(-before % PAIRED, None, PAIRED)
        rows = step.pairing.lay_out([columns[place][every] for place in step.places])
        return self.state.associations.add([rows], now, None if times is None else times[every])

    def _attributed(self, batch: Batch, rows: Mask, now: float) -> Stream:
        """Return what predictions are put down to, with those of a batch."""
        columns = [batch.columns[place] for place in self.plan.attributions]
        rows = rows & np.any(~np.isnan(columns), axis=0) if columns else rows
        if not (columns and rows.any()):
            return self.state.attributions
        times = None if batch.times is None else batch.times[rows]
        return self.state.attributions.add(explained(_rows(columns, rows)), now, times)

    def _checked(self, joined: Joined, now: float, *, timed: bool) -> Stream:
        """Return what the scores of predictions that have an actual are estimated from, with what was joined."""
        checks, checked = self.state.checks, self.plan.estimates.checked
        if not self.plan.estimates.steps:
            return checks
        if len(joined.outcomes):
            columns = checked(self._logged(joined.outcomes), self._extractor_failures)
            checks = checks.add(columns, now, np.array(joined.outcomes["at"]) if timed else None)
        for before, after in joined.corrections:
            old, new = (checked(self._logged(rows), self._extractor_failures) for rows in (before, after))
            times, ago = np.array(before["at"]), self.joiner.outcomes - before["row"]
            checks = checks.correct(Correction(old, new, times, ago))
        return checks

    def _last(self, batch: Batch, predicted: Mask, now: float) -> float:
        """Return the newest time of a prediction; one ahead of the clock would hide that predictions have stopped."""
        old = self.state.last_prediction
        if not predicted.any():
            return old
        newest = batch.newest if batch.times is None else float(batch.times[predicted].max())
        return max(min(now, newest), min(old, now))  # in this order NaN gives way

    def _outcomes(
        self, joined: Joined, segments: tuple[Slices, ...], now: float, *, timed: bool
    ) -> tuple[Stream, tuple[Slices, ...]]:
        """Add what was joined to the outcomes and slices, and correct what has changed of earlier ones."""
        outcomes = self.state.outcomes
        if len(joined.outcomes):
            columns = self._logged(joined.outcomes)
            times = np.array(joined.outcomes["at"]) if timed else None
            arrived = Arrived(self._outcome_columns(columns), now, times)
            outcomes = outcomes.add(arrived.columns, now, times)
            cut = zip(self._cutters, segments, self._codes(columns), strict=True)
            segments = tuple(cutter.joined(slices, codes, arrived) for cutter, slices, codes in cut)
        for before, after in joined.corrections:
            outcomes, segments = self._corrected(before, after, outcomes, segments)
        return outcomes, segments

    def _corrected(
        self, before: Rows, after: Rows, outcomes: Stream, segments: tuple[Slices, ...]
    ) -> tuple[Stream, tuple[Slices, ...]]:
        old, new = self._logged(before), self._logged(after)
        correction = Correction(
            self._outcome_columns(old),
            self._outcome_columns(new),
            np.array(before["at"]),
            self.joiner.outcomes - before["row"],
        )
        cut = zip(self._cutters, segments, self._codes(new), strict=True)
        slices = tuple(cutter.corrected(kept, codes, correction) for cutter, kept, codes in cut)
        return outcomes.correct(correction), slices

    def _logged(self, rows: Rows) -> list[Column]:
        """Return columns as predictions have them, codes and expected losses too; those that no id keeps are empty."""
        width = len(self.plan.schema.fields) + len(self._cutters) + len(self.plan.estimates.losses)
        columns = [np.empty(0)] * width
        for i, kept in zip((*self.plan.kept, *self.plan.actual), self.plan.waiting, strict=True):
            columns[i] = np.ascontiguousarray(rows[kept.name])
        return columns

    def _outcome_columns(self, columns: Sequence[Column]) -> list[Column]:
        computed = (self._compute(step, columns) for step in self.plan.evals)
        return [*(value_of(columns[i]) for i in self.plan.actual), *computed]

    def _compute(self, step: EvalStep, columns: Sequence[Column]) -> Column:
        """Compute an eval component; an extractor that fails costs its own values only.

        A value whose actual is still to come is so too.
        """
        awaited = is_later(columns[step.actual])
        try:
            column = _of_length(step.compute(columns[step.output], columns[step.actual]), len(awaited))
            return later(column, awaited)
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
            self._extractor_failures[step.extractor] += 1
            rows = len(awaited)
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


def _without_repeated(batch: Batch, kinds: NDArray[np.uint8]) -> Batch:
    """Leave out repeated predictions; one that carries an actual is that actual alone."""
    keep = kinds != 0
    if keep.all():
        return replace(batch, kinds=kinds)
    times = None if batch.times is None else batch.times[keep]
    ids = None if batch.ids is None else [batch.ids[row] for row in np.flatnonzero(keep).tolist()]
    columns = tuple(_rows(batch.columns, keep))
    tags = {path: [values[row] for row in np.flatnonzero(keep).tolist()] for path, values in batch.tags.items()}
    return Batch(kinds[keep], columns, batch.latency[keep], batch.newest, times, ids, tags)
