"""Chebyshev (L-infinity) distance."""

import numpy as np

from exporter.drift.statistic import CATEGORY, Statistic, shares, three_hundred
from exporter.summaries import ComponentSummary


def chebyshev(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return the largest |q - p| of any category; 0 to 1, symmetric. It needs 300 values."""
    p, q = shares(reference.bins()), shares(window.bins())
    return float(np.abs(q - p).max())


CHEBYSHEV = Statistic(chebyshev, CATEGORY, threshold=0.15, needs=three_hundred)
