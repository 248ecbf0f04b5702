"""Chebyshev (L-infinity) distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import CATEGORY, Statistic, three_hundred
from exporter.summaries import Stack


def chebyshev(reference: Stack, window: Stack) -> Floats:
    """Return the largest |q - p| of any category; 0 to 1, symmetric. It needs 300 values."""
    result: Floats = np.abs(window.shares - reference.shares).max(axis=1)
    return result


CHEBYSHEV = Statistic(chebyshev, CATEGORY, threshold=0.15, needs=three_hundred)
