"""What is known of each slice of a segment: traffic, and the same summaries as of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Codes, Column, Floats
from exporter.segments.coder import Coder, Rows
from exporter.segments.definition import MISSING, Segment
from exporter.segments.vocabulary import OTHER
from exporter.summaries import Measure
from exporter.windows import Correction, Stream, WindowSpec

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Predictions (failed ones included), failures and latency of a slice, and the streams of its components.

    `estimates` are what scores are estimated from.
    """

    count: int
    failures: int
    timed: int
    seconds: float
    predictions: Stream
    outcomes: Stream
    estimates: Stream


Slices = Mapping[str, Slice]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A segment as it is kept.

    `predicted` and `joined` are the places of its components among those of predictions and outcomes; each is
    summarised by its measure. `estimates` are the measures of what scores are estimated from.
    """

    segment: Segment
    predicted: tuple[int, ...]
    joined: tuple[int, ...]
    measures: tuple[Measure, ...]
    outcome_measures: tuple[Measure, ...]
    windows: tuple[WindowSpec, ...]
    estimates: tuple[Measure, ...] = ()

    def empty(self) -> Slice:
        """Return the slice of no rows."""
        several = self.measures, self.outcome_measures, self.estimates
        return Slice(0, 0, 0, 0.0, *(Stream.of(measures, self.windows) for measures in several))


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """Columns of rows that arrived at `now`, or that each have their own time (Unix seconds)."""

    columns: Sequence[Column]
    now: float
    times: Floats | None

    def add(self, stream: Stream, places: Sequence[int], rows: Rows) -> Stream:
        """Add some rows of some columns to a stream."""
        if not len(rows):
            return stream
        times = None if self.times is None else self.times[rows]
        return stream.add([self.columns[place][rows] for place in places], self.now, times)


@dataclass(frozen=True, slots=True, eq=False)
class Cutter:
    """Adds rows to the slices of a segment."""

    cut: Cut
    coder: Coder

    def predicted(
        self, slices: Slices, codes: Codes, arrived: Arrived, *, failed: Mask, latency: Floats
    ) -> dict[str, Slice]:
        """Add predictions, given what slice each is of, whether it failed and its latency, each of shape (rows,)."""
        found = self._kept(slices)
        for label, rows in self.coder.split(codes):
            old = found.get(label) or self.cut.empty()
            sound = rows[~failed[rows]]
            known = latency[rows]
            known = known[np.isfinite(known)]
            found[label] = replace(
                old,
                count=old.count + len(rows),
                failures=old.failures + len(rows) - len(sound),
                timed=old.timed + len(known),
                seconds=old.seconds + float(known.sum()),
                predictions=arrived.add(old.predictions, self.cut.predicted, sound),
            )
        return found

    def estimated(self, slices: Slices, codes: Codes, arrived: Arrived) -> dict[str, Slice]:
        """Add what the scores of sound predictions are estimated from, given what slice each is of."""
        found = dict(slices)
        for label, rows in self.coder.split(codes):
            estimates = arrived.add(found[label].estimates, range(len(self.cut.estimates)), rows)
            found[label] = replace(found[label], estimates=estimates)
        return found

    def joined(self, slices: Slices, codes: Codes, arrived: Arrived) -> dict[str, Slice]:
        """Add outcomes, given what slice the prediction of each is of."""
        found = dict(slices)
        for label, rows in self.coder.split(codes):
            old = found.get(label) or self.cut.empty()
            found[label] = replace(old, outcomes=arrived.add(old.outcomes, self.cut.joined, rows))
        return found

    def corrected(self, slices: Slices, codes: Codes, correction: Correction) -> dict[str, Slice]:
        """Correct outcomes, given what slice the prediction of each is of; one that is not kept any more has none."""
        found = dict(slices)
        for label, rows in self.coder.split(codes):
            if label in found:
                outcomes = found[label].outcomes.correct(correction.select(rows, self.cut.joined))
                found[label] = replace(found[label], outcomes=outcomes)
        return found

    def _kept(self, slices: Slices) -> dict[str, Slice]:
        """Return the slices without those that have lost their place."""
        if self.coder.vocabulary is None:
            return dict(slices)
        shown = {*self.coder.labels.values(), OTHER, MISSING}
        return {label: one for label, one in slices.items() if label in shown}
