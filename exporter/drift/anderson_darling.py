"""Anderson-Darling distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, exact_steps, pooled, sampling, three_hundred
from exporter.summaries import Stack


def anderson_darling(reference: Stack, window: Stack) -> Floats:
    """Return the integral of (P - Q)^2 / (H (1 - H)) over the pooled distribution H; 0 to infinity, symmetric.

    As Cramer-von Mises, but the tails weigh as much as the middle. At the edges of the fine grid, without the values
    above the last: a lower bound of the exact one where the tails have moved. Without drift about 1/n + 1/m. It
    needs 300 values. Source: Pettitt, Biometrika 63 (1976).
    """
    share = pooled(reference, window)
    upto = np.cumsum(share, axis=1)
    spread = upto * (1 - upto)
    squares = (reference.cumulative - window.cumulative) ** 2 * share
    parts = np.divide(squares, spread, out=np.zeros_like(squares), where=spread > ROUNDING)
    result: Floats = np.where((reference.n > 0) & (window.n > 0), parts.sum(axis=1), np.nan)
    return result


ROUNDING = 1e-12


def noise(reference: Stack, window: Stack) -> Floats:
    """Return 1/n + 1/m."""
    return sampling(reference, window)


def exact(reference: Floats, window: Floats) -> float:
    """Return the integral over the pooled values themselves."""
    gap, upto, weight, _ = exact_steps(reference, window)
    inner = upto * (1 - upto) > ROUNDING
    return float((gap[inner] ** 2 / (upto[inner] * (1 - upto[inner]))) @ weight[inner])


ANDERSON_DARLING = Statistic(anderson_darling, NUMERIC, threshold=0.06, needs=three_hundred, noise=noise, exact=exact)
