"""Hellinger distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def hellinger(reference: Stack, window: Stack) -> Floats:
    """Return sqrt(sum (sqrt p - sqrt q)^2 / 2) over bins, no smoothing; 0 to 1, symmetric.

    Without drift its square is about (B - 1)(1/n + 1/m) / 8: it needs 20 values a bin. Source: Hellinger, Journal fuer
    die reine und angewandte Mathematik 136 (1909).
    """
    squares = ((np.sqrt(reference.shares) - np.sqrt(window.shares)) ** 2).sum(axis=1) / 2
    result: Floats = np.sqrt(np.minimum(squares, 1.0))
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return the root of the square that is to be expected, (B - 1)(1/n + 1/m) / 8."""
    result: Floats = np.sqrt((reference.bins - 1) * sampling(reference, window) / 8)
    return result


HELLINGER = Statistic(hellinger, BOTH, threshold=0.17, needs=twenty_a_bin, noise=noise)
