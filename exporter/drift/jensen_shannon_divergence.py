"""Jensen-Shannon divergence."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.jensen_shannon import divergence
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def jensen_shannon_divergence(reference: Stack, window: Stack) -> Floats:
    """Return the Jensen-Shannon divergence to base 2, the square of the distance; 0 to 1, symmetric.

    (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, no smoothing. Without drift about (B - 1)(1/n + 1/m) / (8 ln 2):
    it needs 20 values a bin. Source: Lin, IEEE Trans. Information Theory 37 (1991).
    """
    return divergence(reference, window)


def noise(reference: Stack, window: Stack) -> Floats:
    """Return (B - 1)(1/n + 1/m) / (8 ln 2)."""
    result: Floats = (reference.bins - 1) * sampling(reference, window) / (8 * np.log(2))
    return result


JENSEN_SHANNON_DIVERGENCE = Statistic(jensen_shannon_divergence, BOTH, threshold=0.04, needs=twenty_a_bin, noise=noise)
