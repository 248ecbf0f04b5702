"""Kolmogorov-Smirnov distance."""

import numpy as np

from exporter.drift.statistic import NUMERIC, Statistic, cumulative_shares, three_hundred
from exporter.summaries import ComponentSummary


def kolmogorov_smirnov(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return the largest difference of the two distribution functions at the edges of the fine grid; 0 to 1, symmetric.

    A lower bound of the exact statistic; it is short by at most the largest share that either has in one bin (about
    1/250 of the reference; a point mass has a bin of its own). Without drift about 0.87 sqrt(1/n + 1/m): it needs 300
    values. Source: Smirnov, Annals of Mathematical Statistics 19 (1948).
    """
    if reference.histogram is None or window.histogram is None:
        return float("nan")
    p, q = cumulative_shares(reference.histogram.counts), cumulative_shares(window.histogram.counts)
    return float(np.abs(p - q).max())


KOLMOGOROV_SMIRNOV = Statistic(kolmogorov_smirnov, NUMERIC, threshold=0.15, needs=three_hundred)
