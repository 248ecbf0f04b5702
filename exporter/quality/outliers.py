"""Outliers among predictions: how their scores are distributed, and how many are beyond the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.batch import Column, Floats
from exporter.profile import Detector
from exporter.summaries import ComponentSummary, Grid, Measure

LEVEL = 0.999
KEPT = 100  # outliers of a batch, the last ones, that are looked at one by one
NAMED = 3  # components that a score is put down to


@dataclass(frozen=True, slots=True, eq=False)
class OutlierStep:
    """A detector, the places of its components among those of predictions, and the score from which on one is flagged.

    `expected` is the share of sound predictions that is beyond it, on average.
    """

    detector: Detector
    places: tuple[int, ...]
    threshold: float
    expected: float
    measure: Measure

    @property
    def edges(self) -> list[float]:
        """Return the bucket edges of the scores."""
        return [] if self.measure.grid is None else self.measure.grid.outer_edges.tolist()

    def columns(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns of the detector's components."""
        return [columns[place] for place in self.places]


@dataclass(frozen=True, slots=True)
class Outlier:
    """A flagged row: its score by the name of the detector, and the share of it that each of few components has."""

    row: int
    detector: str
    score: float
    shares: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The scores of one detector, and how many were beyond its threshold."""

    scores: ComponentSummary
    outliers: int = 0


def step_of(detector: Detector, components: Sequence[str], level: float) -> OutlierStep:
    """Plan a detector, given the names of the components of predictions; buckets are the reference's quantiles."""
    edges = np.unique(np.array(detector.quantiles))
    grid = Grid(edges, np.arange(len(edges)), np.zeros(len(edges) + 1, np.bool_))
    return OutlierStep(
        detector,
        tuple(components.index(name) for name in detector.components),
        detector.quantile(level),
        detector.expected(level),
        Measure(grid),
    )


class Outliers:
    """Scores predictions by each of some detectors; `tallies` are in their order."""

    def __init__(self, steps: Sequence[OutlierStep]) -> None:
        self._steps = steps
        self.tallies = tuple(Tally(step.measure.empty()) for step in steps)

    def add(self, columns: Sequence[Column]) -> list[Outlier]:
        """Score rows, each column of shape (rows,); returns the last of those that are outliers."""
        scored = [step.detector.scores(step.columns(columns)) for step in self._steps]
        beyond = [np.flatnonzero(scores > step.threshold) for step, scores in zip(self._steps, scored, strict=True)]
        self.tallies = tuple(
            Tally(tally.scores + step.measure.of(scores), tally.outliers + len(rows))
            for tally, step, scores, rows in zip(self.tallies, self._steps, scored, beyond, strict=True)
        )
        found = zip(self._steps, scored, beyond, strict=True)
        return [one for step, scores, rows in found if len(rows) for one in _named(step, columns, scores, rows[-KEPT:])]

    def resume(self, place: int, tally: Tally) -> None:
        """Go on from what a detector had counted."""
        self.tallies = (*self.tallies[:place], tally, *self.tallies[place + 1 :])


def _named(
    step: OutlierStep, columns: Sequence[Column], scores: Floats, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]"
) -> list[Outlier]:
    shares = step.detector.shares([column[rows] for column in step.columns(columns)])
    named = step.detector.components
    return [
        Outlier(row, step.detector.name, score, {named[place]: part[place] for place in _largest(part)})
        for row, score, part in zip(rows.tolist(), scores[rows].tolist(), shares.T.tolist(), strict=True)
    ]


def _largest(shares: Sequence[float]) -> list[int]:
    """Return the places of the largest shares, the largest first, each more than an equal part of all."""
    ranked = sorted(range(len(shares)), key=lambda place: -shares[place])[:NAMED]
    return [place for place in ranked if place == ranked[0] or shares[place] > 1 / len(shares)]
