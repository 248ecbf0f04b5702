"""Cramer-von Mises distance."""

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, exact_steps, pooled, sampling, three_hundred
from exporter.summaries import Stack


def cramer_von_mises(reference: Stack, window: Stack) -> Floats:
    """Return the integral of (P - Q)^2 over the pooled distribution H; 0 to 1, symmetric.

    The differences are taken at the edges of the fine grid: the error is at most twice the largest share that H has in
    one bin. nm / (n + m) times it is Anderson's statistic T. Without drift about (1/n + 1/m) / 6: it needs 300 values.
    Source: Anderson, Annals of Mathematical Statistics 33 (1962).
    """
    result: Floats = ((reference.cumulative - window.cumulative) ** 2 * pooled(reference, window)).sum(axis=1)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return (1/n + 1/m) / 6."""
    return sampling(reference, window) / 6


def exact(reference: Floats, window: Floats) -> float:
    """Return the integral over the pooled values themselves."""
    gap, _, weight, _ = exact_steps(reference, window)
    return float(gap**2 @ weight)


CRAMER_VON_MISES = Statistic(cramer_von_mises, NUMERIC, threshold=0.01, needs=three_hundred, noise=noise, exact=exact)
