"""Kullback-Leibler divergence."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def kullback_leibler(reference: Stack, window: Stack) -> Floats:
    """Return sum over bins of p ln(p / q), the divergence of the window from the reference; 0 to infinity.

    Natural logarithm; p and q are the shares of reference and window with half a count added to each bin. Without drift
    about (B - 1)(1/n + 1/m) / 2: it needs 20 values a bin. Source: Kullback and Leibler, Annals of Mathematical
    Statistics 22 (1951).
    """
    p, q = reference.smoothed, window.smoothed
    result: Floats = np.maximum((p * np.log(p / q)).sum(axis=1), 0.0)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return (B - 1)(1/n + 1/m) / 2."""
    return (reference.bins - 1) * sampling(reference, window) / 2


KULLBACK_LEIBLER = Statistic(kullback_leibler, BOTH, threshold=0.125, needs=twenty_a_bin, noise=noise)
