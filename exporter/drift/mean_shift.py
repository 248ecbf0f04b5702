"""Shift of the mean in units of the reference's standard deviation."""

import sys

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, deviation_of, sampling, three_hundred, unit
from exporter.summaries import Stack


def mean_shift(reference: Stack, window: Stack) -> Floats:
    """Return |mean of the window - mean of the reference| / sd of the reference, of the finite values; 0 to infinity.

    Undefined for a constant reference. Without drift about 0.8 sqrt(1/n + 1/m): it needs 300 values. The p-value is
    that of Welch, Biometrika 34 (1947).
    """
    result: Floats = np.minimum(np.abs(window.mean - reference.mean) / unit(reference), sys.float_info.max)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return sqrt(2 / pi) sqrt(1/n + 1/m)."""
    result: Floats = np.sqrt(2 / np.pi * sampling(reference, window))
    return result


def p_value(reference: Stack, window: Stack) -> Floats:
    """Return Welch's two-sided p-value, with the degrees of freedom of Satterthwaite."""
    from scipy.special import stdtr  # noqa: PLC0415 - the exporter starts without scipy

    parts = [stack.deviation**2 / stack.finite for stack in (reference, window)]
    t = np.abs(window.mean - reference.mean) / np.sqrt(parts[0] + parts[1])
    each = [part**2 / (stack.finite - 1) for part, stack in zip(parts, (reference, window), strict=True)]
    result: Floats = 2 * stdtr((parts[0] + parts[1]) ** 2 / (each[0] + each[1]), -t)
    return result


def exact(reference: Floats, window: Floats) -> float:
    """Return the shift of the values themselves."""
    return abs(float(np.mean(window) - np.mean(reference))) / deviation_of(reference)


MEAN_SHIFT = Statistic(
    mean_shift, NUMERIC, threshold=0.5, needs=three_hundred, noise=noise, p_value=p_value, exact=exact
)
