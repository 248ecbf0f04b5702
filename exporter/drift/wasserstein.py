"""Wasserstein distance in units of the reference's standard deviation."""

import math
import sys

import numpy as np

from exporter.drift.statistic import NUMERIC, Statistic, cumulative_shares, three_hundred
from exporter.summaries import ComponentSummary


def wasserstein(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return the first Wasserstein distance over the reference's standard deviation; 0 to infinity.

    The integral of |P - Q|, each bin of the fine grid standing at its middle, and never less than the difference of
    the exact means, which sees how far values beyond the reference's range have gone. Undefined for a constant
    reference. It needs 300 values. Source: Vallender, Theory of Probability and its Applications 18 (1974).
    """
    if reference.histogram is None or window.histogram is None or reference.moments is None or window.moments is None:
        return math.nan
    deviation = reference.moments.deviation
    if not 0 < deviation < math.inf:
        return math.nan
    p, q = cumulative_shares(reference.histogram.counts), cumulative_shares(window.histogram.counts)
    steps = np.diff(reference.histogram.points())
    binned = float(np.abs(p - q)[:-1] @ steps)
    return min(max(binned, abs(window.moments.mean - reference.moments.mean)) / deviation, sys.float_info.max)


WASSERSTEIN = Statistic(wasserstein, NUMERIC, threshold=0.3, needs=three_hundred)
