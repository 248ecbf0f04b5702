"""Sums over predictions of the chances of their outcomes, and the score that these lead to, with its interval."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from exporter.batch import Column, Floats
from exporter.estimate.outcomes import Outcomes, Places
from exporter.scores.intervals import Z
from exporter.scores.score import Measurement
from exporter.summaries import ComponentSummary

STEP = 1e-6  # of all records: how far a count is moved to see what the score makes of it
FEW = 4.0  # records of which the delta method sees too little: found by simulation
LOOSE = 4.0  # times fewer records, of which the score's own interval holds all that the score can be
CLEAR = 1e12  # records for each one that there is: an outcome that is certain leaves nothing to chance
Measuring = Callable[[ComponentSummary], Measurement]


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Estimates the scores of an eval component whose values are counted.

    A row is its group and the chances c of that group's J outcomes. What adds up, for each group, are c and the
    products of any two: from these follow the expected counts, and how far the true ones may be from them.
    """

    outcomes: Outcomes
    rows: int

    @property
    def width(self) -> int:
        """Return how many sums there are."""
        groups, several = self.outcomes.cells.shape
        return int(groups * (several + several * (several + 1) // 2))

    def weigh(self, column: Column) -> tuple[Floats, int]:
        """Return the sums of rows, shape (rows, 1 + J), the group first and NaN where there is none, and the rows."""
        groups, several = self.outcomes.cells.shape
        valid = column[~np.isnan(column).any(axis=1)]
        group, chances = valid[:, 0].astype(np.intp), valid[:, 1:]
        first, second = np.triu_indices(several)
        weights = [*chances.T, *(chances[:, i] * chances[:, j] for i, j in zip(first, second, strict=True))]
        return np.concatenate([np.bincount(group, weight, groups) for weight in weights]), len(valid)

    def counts(self, sums: Floats) -> Floats:
        """Return the expected counts of the component, shape (size,)."""
        groups, several = self.outcomes.cells.shape
        found = np.zeros(self.outcomes.size)
        found[self.outcomes.cells] = sums.reshape(-1, groups)[:several].T
        return found

    def score(self, measure: Measuring, sums: Floats) -> Measurement:
        """Return a score of the expected counts; its interval holds the score that the actuals will give.

        How wide it is comes from the variance that the chances leave open, by the delta method with the derivatives of
        the score in each count; what the calibration may be wrong by adds rows / reference rows to it, and what the
        method leaves out of few records 4 / records behind the score. How much of that
        is below the score, and what it cannot be, are those of the score's own interval of as many records as have this
        variance.
        """
        groups, several = self.outcomes.cells.shape
        parts = sums.reshape(-1, groups)
        chances, counts = parts[:several].T, self.counts(sums)
        found = measure(self.outcomes.summary(counts))
        samples, rows = round(found.samples), counts.sum()
        if math.isnan(found.value):
            return Measurement(math.nan, samples)
        slopes = self._slopes(measure, counts, found.value)
        sampled = float(counts @ slopes**2 - (counts @ slopes) ** 2 / rows)
        steep = slopes[self.outcomes.cells]
        open_ = float((chances * steep**2).sum() - (_products(parts[several:], several) * _outer(steep)).sum())
        variance = max(open_, 0.0) * (1 + rows / self.rows) * (1 + FEW / max(samples, 1))
        ratio = sampled / max(variance, sampled / CLEAR) if sampled > 0 else 1.0
        own, limits = (measure(self.outcomes.summary(counts * part)) for part in (ratio, ratio / LOOSE))
        stretch = 2 * Z * math.sqrt(variance) / (own.upper - own.lower) if own.upper > own.lower else 1.0
        lower, upper = (found.value + (end - found.value) * stretch for end in (own.lower, own.upper))
        return Measurement(found.value, samples, max(lower, limits.lower), min(upper, limits.upper))

    def _slopes(self, measure: Measuring, counts: Floats, value: float) -> Floats:
        """Return the derivative of the score in each count, 0 where none is expected."""
        slopes, step = np.zeros(len(counts)), STEP * float(counts.sum())
        for place in np.flatnonzero(counts > 0).tolist():
            moved = counts.copy()
            moved[place] += step
            slopes[place] = (measure(self.outcomes.summary(moved)).value - value) / step
        return slopes


def _products(upper: Floats, several: int) -> Floats:
    """Return the sums of products of chances, shape (G, J, J), from those above the diagonal."""
    found = np.empty((upper.shape[1], several, several))
    first, second = np.triu_indices(several)
    found[:, first, second] = found[:, second, first] = upper.T
    return found


def _outer(steep: Floats) -> Floats:
    found: Floats = steep[:, :, None] * steep[:, None, :]
    return found


def laid_out(outcomes: Outcomes, chances: Floats, output: Column) -> Floats:
    """Return rows as `weigh` reads them: the group and the chances of its outcomes, NaN where anything is missing."""
    group: Places = outcomes.group(output)
    return np.column_stack([np.where(group < 0, np.nan, group), outcomes.chances(chances, output)])
