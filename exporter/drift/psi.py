"""Population stability index."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def psi(reference: Stack, window: Stack) -> Floats:
    """Return sum over bins of (q - p) ln(q / p), natural logarithm; 0 to infinity, symmetric.

    p and q are the shares of reference and window with half a count added to each bin. Without drift it is about
    (B - 1)(1/n + 1/m): it needs 20 values a bin. Source: Yurdakul and Naranjo, Journal of Risk Model Validation 2020.
    """
    p, q = reference.smoothed, window.smoothed
    result: Floats = ((q - p) * np.log(q / p)).sum(axis=1)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return (B - 1)(1/n + 1/m)."""
    return (reference.bins - 1) * sampling(reference, window)


PSI = Statistic(psi, BOTH, threshold=0.25, needs=twenty_a_bin, noise=noise)
