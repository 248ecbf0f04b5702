"""Total variation distance."""

import numpy as np

from exporter.drift.statistic import CATEGORY, Statistic, shares, twenty_a_bin
from exporter.summaries import ComponentSummary


def total_variation(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return half the sum of |q - p| over categories: the share of values that would have to change; 0 to 1, symmetric.

    Without drift about the sum of sqrt(p (1 - p) (1/n + 1/m) / (2 pi)): it needs 20 values a category.
    """
    p, q = shares(reference.bins()), shares(window.bins())
    return float(np.abs(q - p).sum() / 2)


TOTAL_VARIATION = Statistic(total_variation, CATEGORY, threshold=0.15, needs=twenty_a_bin)
