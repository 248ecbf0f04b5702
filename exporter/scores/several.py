"""Averages over the classes of a confusion matrix, with the delta method's intervals."""

import math
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats
from exporter.scores.intervals import wilson
from exporter.scores.score import Measurement, Reads, counted
from exporter.summaries import ComponentSummary

CONFUSED = (Reads((), of=("confusion",)),)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of each class: `hits` times its right predictions by all `predicted` as it and all `actual` of it."""

    hits: float
    predicted: float
    actual: float


PRECISION, RECALL, F1 = Ratio(1, 1, 0), Ratio(1, 0, 1), Ratio(2, 1, 1)


def matrix(summary: ComponentSummary) -> Floats:
    """Return the records by predicted and actual class, shape (classes + 1,) * 2, the last of each every other class.

    Records of which both are another class are in no cell.
    """
    cells = counted(summary).counts.astype(np.float64)
    width = math.isqrt(len(cells))
    if width * width != len(cells):
        raise ValueError("the score needs a component of confusion")
    cells[-1] = 0.0
    return cells.reshape(width, width)


def averaged(summary: ComponentSummary, ratio: Ratio, *, by_size: bool) -> Measurement:
    """Return the mean of a ratio over the classes that were predicted or are actual, and the number of records.

    Classes weigh alike, or `by_size` as many as are actual. A ratio of nothing is 0, as it is in scikit-learn. The
    interval adds the squared distances from each class to its Wilson limits, as Newcombe's of two shares does, times
    what the delta method finds that the classes have in common.
    """
    cells = matrix(summary)
    rows, columns = cells.sum(axis=1)[:-1], cells.sum(axis=0)[:-1]
    weights = columns if by_size else (rows + columns > 0).astype(np.float64)
    if not weights.sum():
        return Measurement(math.nan, round(cells.sum()))
    weights = weights / weights.sum()
    ratios, hits = _ratios(cells, ratio), np.diag(cells)[:-1]
    value = min(float(weights @ ratios), 1.0)
    shared = _shared(cells, ratio, weights, float(columns.sum()) if by_size else math.inf)
    ends = np.array(
        [_limits(*one, ratio) for one in zip(hits, ratio.predicted * rows + ratio.actual * columns, strict=True)]
    )
    below, above = (math.sqrt(float(weights**2 @ (end - ratios) ** 2) * shared) for end in ends.T)
    return Measurement(value, round(cells.sum()), max(value - below, 0.0), min(value + above, 1.0))


def _whole(cells: Floats, ratio: Ratio) -> Floats:
    """Return the denominator of each class, 1 where it is nothing."""
    whole = ratio.predicted * cells.sum(axis=1)[:-1] + ratio.actual * cells.sum(axis=0)[:-1]
    floored: Floats = np.maximum(whole, 1)
    return floored


def _ratios(cells: Floats, ratio: Ratio) -> Floats:
    ratios: Floats = ratio.hits * np.diag(cells)[:-1] / _whole(cells, ratio)
    return ratios


def _limits(hits: float, whole: float, ratio: Ratio) -> tuple[float, float]:
    """Return Wilson's limits of a share, of an F1 score those of Jaccard's ratio."""
    union = max(whole - (ratio.hits - 1) * hits, 1.0)
    low, high = wilson(hits / union, union)
    return ratio.hits * low / (1 + (ratio.hits - 1) * low), ratio.hits * high / (1 + (ratio.hits - 1) * high)


def _shared(cells: Floats, ratio: Ratio, weights: Floats, sized: float) -> float:
    """Return the variance of the mean by the sum of those of the classes: what a record adds to several counts twice.

    A record adds to the class of its row, to that of its column, and to how much the latter weighs among `sized`.
    """
    ratios, whole, hits = _ratios(cells, ratio), _whole(cells, ratio), np.diag(cells)[:-1]
    right = weights * ratio.hits / whole
    row, column = (-weights * ratios * part / whole for part in (ratio.predicted, ratio.actual))
    rows, columns = cells.sum(axis=1)[:-1], cells.sum(axis=0)[:-1]
    apart = hits @ (right + row + column) ** 2 + (rows - hits) @ row**2 + (columns - hits) @ column**2
    influence = np.append(row, 0.0)[:, None] + np.append(column + (ratios - weights @ ratios) / sized, 0.0)
    influence += np.diag(np.append(right, 0.0))
    together = float((cells * influence**2).sum())
    return together / float(apart) if apart > 0 else 1.0
