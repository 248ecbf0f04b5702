"""Chi-square distance, with the test of a single window for having left a tolerance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.chi_square import chi_square
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack

TOLERANCE = 0.01


def chi_square_distance(reference: Stack, window: Stack) -> Floats:
    """Return sum over bins of (q - p)^2 / p, which is about the PSI; 0 to infinity.

    p and q are the shares of reference and window with half a count added to each bin. Without drift about
    (B - 1)(1/n + 1/m): it needs 20 values a bin.
    """
    p, q = reference.smoothed, window.smoothed
    result: Floats = ((q - p) ** 2 / p).sum(axis=1)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return (B - 1)(1/n + 1/m)."""
    return (reference.bins - 1) * sampling(reference, window)


def p_value(reference: Stack, window: Stack) -> Floats:
    """Return how likely such a window is while the distance of what it is drawn from is TOLERANCE at most.

    By the noncentral chi-square distribution of the statistic of homogeneity: an alarm of one window alone, where the
    evidence of all of them is not to be had. Source: Potgieter et al., arXiv 2307.11878.
    """
    from scipy.special import chndtr  # noqa: PLC0415 - the exporter starts without scipy

    freedom = ((reference.counts + window.counts) > 0).sum(axis=1) - 1
    moved = TOLERANCE / sampling(reference, window)
    result: Floats = 1 - chndtr(chi_square(reference, window), np.where(freedom > 0, freedom, np.nan), moved)
    return result


CHI_SQUARE_DISTANCE = Statistic(
    chi_square_distance, BOTH, threshold=0.25, needs=twenty_a_bin, noise=noise, p_value=p_value
)
