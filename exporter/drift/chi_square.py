"""Pearson's chi-square statistic of homogeneity."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, homogeneous, tail, twenty_a_bin
from exporter.summaries import Stack


def chi_square(reference: Stack, window: Stack) -> Floats:
    """Return sum of (o - e)^2 / e over the bins of both samples; 0 to infinity, symmetric.

    e is what each sample would hold if both were drawn from one distribution: the reference is a sample too, never
    taken as exact. Without drift B - 1, whatever the sizes, so it grows with them where there is any drift: read the
    p-value. It needs 20 values a bin. Source: Pearson, Philosophical Magazine 50 (1900).
    """
    total = np.zeros(len(reference.bins))
    for counts, expected in homogeneous(reference, window):
        total = total + np.divide(
            (counts - expected) ** 2, expected, out=np.zeros_like(counts), where=expected > 0
        ).sum(axis=1)
    return np.where((reference.n > 0) & (window.n > 0), total, np.nan)


def noise(reference: Stack, window: Stack) -> Floats:
    """Return the degrees of freedom: bins that are not empty, less 1."""
    result: Floats = np.maximum(((reference.counts + window.counts) > 0).sum(axis=1) - 1.0, 0.0)
    return result


def p_value(reference: Stack, window: Stack) -> Floats:
    """Return the upper tail of the chi-square distribution."""
    return tail(chi_square(reference, window), noise(reference, window))


CHI_SQUARE = Statistic(chi_square, BOTH, threshold=50.0, needs=twenty_a_bin, noise=noise, p_value=p_value)
