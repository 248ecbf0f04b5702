"""95 % intervals of scores from counts and moments: of shares, of means, and of what the delta method reaches."""

import math

import numpy as np

from exporter.batch import Floats
from exporter.scores.score import Measurement, measured
from exporter.summaries import ComponentSummary, Moments

Z = 1.959963984540054  # of the normal distribution, 2.5 % are beyond it


def share(part: float, whole: int) -> Measurement:
    """Return a share of whole records with Wilson's interval; undefined of nothing."""
    if not whole:
        return Measurement(math.nan, 0)
    return Measurement(part / whole, whole, *wilson(part / whole, whole))


def wilson(value: float, n: float) -> tuple[float, float]:
    """Return Wilson's limits of a share of n records, which hold the share itself; n need not be whole."""
    square = Z * Z / n
    middle = (value + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(max(value * (1 - value), 0.0) / n + square / (4 * n))
    return max(min(middle - half, value), 0.0), min(max(middle + half, value), 1.0)


def weighted(value: float, samples: int, variance: float) -> Measurement:
    """Return a share that is not of single records with Wilson's interval for as many as have its variance."""
    inner = value * (1 - value)
    return Measurement(value, samples, *wilson(value, inner / variance if inner > 0 and variance > 0 else samples))


def average(moments: Moments, least: float = -math.inf, most: float = math.inf) -> Measurement:
    """Return the mean with Student's interval, which is not beyond the `least` and the `most` that a value can be."""
    half = student(moments.n) * moments.deviation / math.sqrt(max(moments.n, 1))
    low, high = moments.mean - half, moments.mean + half  # NaN stays NaN in max() where it comes first
    return Measurement(moments.mean, moments.n, max(low, least), min(high, most))


def student(n: int) -> float:
    """Return the quantile 0.975 of Student's t with n - 1 degrees of freedom; NaN below two values.

    Fisher's expansion, to 1e-5 from 30 values; of fewer, no score is shown. Source: Abramowitz and Stegun 26.7.5.
    """
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return math.nan
    v = n - 1
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / v + second / v**2 + third / v**3


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # of numbers whose squares no float holds
def deviation_of_squares(summary: ComponentSummary, unit: float, centre: float = 0.0) -> float:
    """Return the standard deviation of y^2, y = (x - centre) / unit, where `unit` makes 1 of the mean of y^2.

    In each fine bin a square stands as far between the least and the largest that the bin can hold as makes their mean
    1, which it is.
    """
    if summary.histogram is None:
        raise ValueError("the score needs numbers")
    low, high = ((end - centre) / unit for end in bounds(summary))
    counts, n = summary.histogram.counts, summary.histogram.n
    least = np.where(low * high <= 0, 0.0, np.minimum(np.abs(low), np.abs(high))) ** 2
    most = np.maximum(np.abs(low), np.abs(high)) ** 2
    part = (n - float(counts @ least)) / float(counts @ (most - least)) if (counts @ (most - least)) > 0 else 0.0
    squares = least + min(max(part, 0.0), 1.0) * (most - least)
    return math.sqrt(float(counts @ (squares - 1) ** 2) / n)


def bounds(summary: ComponentSummary) -> tuple[Floats, Floats]:
    """Return the least and the largest value that can be in each fine bin, of those that are finite."""
    moments, histogram = measured(summary), summary.histogram
    if histogram is None:
        raise ValueError("the score needs numbers")
    edges, atoms = histogram.grid.edges, histogram.grid.atoms
    high = np.append(edges, max(moments.high, edges[-1]))
    low = np.insert(edges, 0, min(moments.low, edges[0]))
    return np.where(atoms, high, low), high
