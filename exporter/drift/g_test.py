"""The G statistic of homogeneity, a likelihood ratio."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.chi_square import noise
from exporter.drift.statistic import BOTH, Statistic, homogeneous, tail, twenty_a_bin
from exporter.summaries import Stack


def g_test(reference: Stack, window: Stack) -> Floats:
    """Return 2 sum of o ln(o / e) over the bins of both samples; 0 to infinity, symmetric.

    e is what each sample would hold if both were drawn from one distribution. Without drift B - 1: read the p-value. It
    needs 20 values a bin. Source: Sokal and Rohlf, Biometry (1981).
    """
    total = np.zeros(len(reference.bins))
    for counts, expected in homogeneous(reference, window):
        ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
        total = total + 2 * (counts * np.log(ratio)).sum(axis=1)
    return np.where((reference.n > 0) & (window.n > 0), np.maximum(total, 0.0), np.nan)


def p_value(reference: Stack, window: Stack) -> Floats:
    """Return the upper tail of the chi-square distribution."""
    return tail(g_test(reference, window), noise(reference, window))


G_TEST = Statistic(g_test, BOTH, threshold=50.0, needs=twenty_a_bin, noise=noise, p_value=p_value)
