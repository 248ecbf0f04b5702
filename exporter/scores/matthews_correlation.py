"""Matthews correlation coefficient."""

import math

import numpy as np

from exporter.scores.intervals import Z
from exporter.scores.score import BINARY, CELLS, Measurement, Score, counted
from exporter.summaries import ComponentSummary


def matthews_correlation(summary: ComponentSummary) -> Measurement:
    """Return the correlation of predicted and actual class, and the number of records of the rarer class; -1 to 1.

    Undefined where only one class was predicted or is actual. The interval is that of phi's variance (Bishop, Fienberg
    and Holland, 1975) with half a record more in each cell, on Fisher's z.
    """
    cells = np.array([counted(summary)[cell] for cell in CELLS], np.float64)
    samples = round(min(cells[0] + cells[2], cells[1] + cells[3]))
    value, _ = _phi(cells)
    if math.isnan(value):
        return Measurement(math.nan, samples)
    middle, variance = _phi(cells + 0.5)
    half = Z * math.sqrt(max(variance, 0.0)) / (1 - middle**2)
    lower, upper = (math.tanh(math.atanh(middle) + side) for side in (-half, half))
    return Measurement(value, samples, min(lower, value), max(upper, value))


def _phi(cells: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float]:
    """Return the coefficient and its variance."""
    hits, false, missed, rest = (cells / max(cells.sum(), 1.0)).tolist()
    claimed, real = hits + false, hits + missed
    spread, actual = claimed * (1 - claimed), real * (1 - real)
    if min(spread, actual) <= 0 or not cells.sum():
        return math.nan, math.nan
    value = min(max((hits * rest - false * missed) / math.sqrt(spread * actual), -1.0), 1.0)
    one, other = (2 * claimed - 1) / math.sqrt(spread), (2 * real - 1) / math.sqrt(actual)
    tilt = value * (1 + value**2 / 2) * one * other - 0.75 * value**2 * (one**2 + other**2)
    return value, (1 - value**2 + tilt) / float(cells.sum())


MATTHEWS_CORRELATION = Score(matthews_correlation, "high", BINARY, estimate="counts")
