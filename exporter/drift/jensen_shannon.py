"""Jensen-Shannon distance."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, sampling, twenty_a_bin
from exporter.summaries import Stack


def jensen_shannon(reference: Stack, window: Stack) -> Floats:
    """Return the square root of the Jensen-Shannon divergence to base 2; 0 to 1, symmetric.

    The divergence is (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2 and no smoothing. Without drift it is about
    (B - 1)(1/n + 1/m) / (8 ln 2): it needs 20 values a bin. Source: Lin, IEEE Trans. Information Theory 37 (1991).
    """
    result: Floats = np.sqrt(divergence(reference, window))
    return result


def divergence(reference: Stack, window: Stack) -> Floats:
    """Return the Jensen-Shannon divergence to base 2, shape (K,)."""
    p, q = reference.shares, window.shares
    middle = (p + q) / 2
    result: Floats = np.clip((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0.0, 1.0)
    return result


def _relative_entropy(p: Floats, q: Floats) -> Floats:
    ratio = np.divide(p, q, out=np.ones_like(p), where=p != 0)
    result: Floats = (p * np.log2(ratio)).sum(axis=1)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return the root of the divergence that is to be expected, (B - 1)(1/n + 1/m) / (8 ln 2)."""
    result: Floats = np.sqrt((reference.bins - 1) * sampling(reference, window) / (8 * np.log(2)))
    return result


JENSEN_SHANNON = Statistic(jensen_shannon, BOTH, threshold=0.2, needs=twenty_a_bin, noise=noise)
