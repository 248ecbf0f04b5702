"""Kolmogorov-Smirnov distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, exact_steps, sampling, three_hundred
from exporter.summaries import Stack


def kolmogorov_smirnov(reference: Stack, window: Stack) -> Floats:
    """Return the largest difference of the two distribution functions at the edges of the fine grid; 0 to 1, symmetric.

    A lower bound of the exact statistic; it is short by at most the largest share that either has in one bin (about
    1/250 of the reference; a point mass has a bin of its own). Without drift about 0.87 sqrt(1/n + 1/m): it needs 300
    values. Source: Smirnov, Annals of Mathematical Statistics 19 (1948).
    """
    result: Floats = np.abs(reference.cumulative - window.cumulative).max(axis=1)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return 0.8687 sqrt(1/n + 1/m), the mean of Kolmogorov's distribution sqrt(pi / 2) ln 2."""
    return 0.8687 * np.sqrt(sampling(reference, window))


def p_value(reference: Stack, window: Stack) -> Floats:
    """Return the upper tail of Kolmogorov's distribution, which is exact in the limit; conservative with ties."""
    from scipy.special import kolmogorov  # noqa: PLC0415 - the exporter starts without scipy

    result: Floats = kolmogorov(kolmogorov_smirnov(reference, window) / np.sqrt(sampling(reference, window)))
    return result


def exact(reference: Floats, window: Floats) -> float:
    """Return the largest difference at any value."""
    return float(np.abs(exact_steps(reference, window)[0]).max())


KOLMOGOROV_SMIRNOV = Statistic(
    kolmogorov_smirnov, NUMERIC, threshold=0.15, needs=three_hundred, noise=noise, p_value=p_value, exact=exact
)
