"""Shift of the variance."""

import math
import sys

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, deviation_of, three_hundred
from exporter.summaries import Stack


def variance_shift(reference: Stack, window: Stack) -> Floats:
    """Return |ln(variance of the window / variance of the reference)| of the finite values; 0 to infinity, symmetric.

    0.69 is half or twice the variance. Undefined where either is constant. Heavy tails make it noisy, and without the
    fourth moment there is no p-value. It needs 300 values.
    """
    variances = [np.where(stack.deviation > 0, stack.deviation, np.nan) for stack in (reference, window)]
    result: Floats = np.minimum(2 * np.abs(np.log(variances[1]) - np.log(variances[0])), sys.float_info.max)
    return np.where(np.isfinite(result), result, np.nan)


def exact(reference: Floats, window: Floats) -> float:
    """Return the shift of the values themselves."""
    return 2 * abs(math.log(deviation_of(window)) - math.log(deviation_of(reference)))


VARIANCE_SHIFT = Statistic(variance_shift, NUMERIC, threshold=0.69, needs=three_hundred, exact=exact)
