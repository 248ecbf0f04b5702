"""Wasserstein distance in units of the reference's standard deviation."""

import sys

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, three_hundred
from exporter.summaries import Stack


def wasserstein(reference: Stack, window: Stack) -> Floats:
    """Return the first Wasserstein distance over the reference's standard deviation; 0 to infinity.

    The integral of |P - Q|, each bin of the fine grid standing at its middle, and never less than the difference of
    the exact means, which sees how far values beyond the reference's range have gone. Undefined for a constant
    reference. It needs 300 values. Source: Vallender, Theory of Probability and its Applications 18 (1974).
    """
    unit = np.where((reference.deviation > 0) & np.isfinite(reference.deviation), reference.deviation, np.nan)
    steps = np.diff(reference.points, axis=1)
    binned = (np.abs(reference.cumulative - window.cumulative)[:, :-1] * steps).sum(axis=1)
    moved = np.nan_to_num(np.abs(window.mean - reference.mean))
    result: Floats = np.minimum(np.maximum(binned, moved) / unit, sys.float_info.max)
    return result


WASSERSTEIN = Statistic(wasserstein, NUMERIC, threshold=0.3, needs=three_hundred)
