"""Total variation distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import CATEGORY, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def total_variation(reference: Stack, window: Stack) -> Floats:
    """Return half the sum of |q - p| over categories: the share of values that would have to change; 0 to 1, symmetric.

    Without drift about the sum of sqrt(p (1 - p) (1/n + 1/m) / (2 pi)): it needs 20 values a category.
    """
    result: Floats = np.abs(window.shares - reference.shares).sum(axis=1) / 2
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return the sum of sqrt(p (1 - p) (1/n + 1/m) / (2 pi))."""
    p = reference.shares
    result: Floats = np.sqrt(p * (1 - p) * sampling(reference, window)[:, None] / (2 * np.pi)).sum(axis=1)
    return result


TOTAL_VARIATION = Statistic(total_variation, CATEGORY, threshold=0.15, needs=twenty_a_bin, noise=noise)
