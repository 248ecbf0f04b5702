"""Watches the records of one model for what is wrong with the data, whatever their distribution."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exporter.batch import Batch, Column, Kind, value_of
from exporter.quality.clock import Clock, Silence
from exporter.quality.expectation import Check, Expectation, Key
from exporter.quality.flagged import Flag, Flagged, Origin
from exporter.quality.outliers import Outliers, OutlierStep, Tally
from exporter.quality.repeats import Repeats
from exporter.quality.runs import Runs
from exporter.quality.shape import Shape
from exporter.summaries import Measure


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of the data: runs of equal values by component, and counts since the start.

    `changes` are of the fields of records, by path and kind of change; `checks` are (name, checks, failures);
    `flagged` are the latest predictions with an invalid value and the latest outliers, which a restart forgets;
    `outliers` are in the order of the plan's detectors. `gaps` are too long silences; `missing` are (name, numbers left
    out) of the sequences among the checks.
    """

    runs: tuple[int, ...] = ()
    repeats: int = 0
    future: int = 0
    disordered: int = 0
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    checks: tuple[tuple[str, int, int], ...] = ()
    flagged: tuple[Flag, ...] = ()
    outliers: tuple[Tally, ...] = ()
    gaps: int = 0
    missing: tuple[tuple[str, int], ...] = ()


class Inspector:
    """Takes the records of a model in the order of the log.

    `inputs` are the places of inputs among the components; flagged predictions have their values where these are
    `shown`.
    """

    def __init__(
        self,
        components: Sequence[tuple[str, Measure]],
        inputs: Sequence[int],
        expectations: Sequence[Expectation] = (),
        detectors: Sequence[OutlierStep] = (),
        *,
        shown: bool = False,
        longest_gap: float = math.nan,
    ) -> None:
        self._inputs = inputs
        self._runs = Runs(len(components))
        self._flagged = Flagged(components, values=shown)
        self._outliers = Outliers(detectors)
        self._repeats = Repeats()
        self._shape = Shape()
        self._clock = Clock()
        self._silence = Silence(longest_gap)
        self._checks = tuple(Check(expectation) for expectation in expectations)

    def read(self, batch: Batch, extra: Mapping[Key, int], now: float) -> None:
        """Look at a batch as it was logged, at `now`; `extra` are the places of columns that checks read."""
        self._clock.add(np.array([batch.newest]) if batch.times is None else batch.times, now)
        self._silence.add(batch, now)
        for record in batch.samples:
            self._shape.add(record)
        if self._checks:
            rows = (batch.kinds & Kind.PREDICTION.value) != 0
            columns = {key: value_of(batch.columns[place]) for key, place in extra.items()}
            for check in self._checks:
                check.add(columns, batch.tags, rows)

    @property
    def outliers(self) -> Outliers:
        """Return what scores outliers."""
        return self._outliers

    def watch(self, columns: Sequence[Column], origin: Origin) -> None:
        """Look at the components of sound predictions, each of shape (rows,), that come from rows of a batch."""
        self._flagged.add(columns, origin, self._outliers.add(columns))
        self._runs.add(columns)
        self._repeats.add([columns[place] for place in self._inputs])

    def known(self) -> Quality:
        """Return what is known."""
        return Quality(
            tuple(self._runs.lengths),
            self._repeats.count,
            self._clock.future,
            self._clock.disordered,
            dict(self._shape.changes),
            tuple((check.name, check.checks, check.failures) for check in self._checks),
            self._flagged.latest(),
            self._outliers.tallies,
            self._silence.gaps,
            tuple((check.name, check.missing) for check in self._checks if check.missing is not None),
        )

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        checks = tuple((check.name, check.save()) for check in self._checks)
        parts = (self._runs, self._repeats, self._shape, self._clock, self._silence)
        return *(part.save() for part in parts), checks

    def resume(self, saved: Sequence[Any]) -> None:
        """Go on from what was saved; of checks, those that still have their name."""
        runs, repeats, shape, clock, silence, checks = saved
        self._runs.resume(runs)
        self._repeats.resume(repeats)
        self._shape.resume(shape)
        self._clock.resume(clock)
        self._silence.resume(silence)
        by_name = dict(checks)
        for check in self._checks:
            if check.name in by_name:
                check.resume(by_name[check.name])
