"""Jensen-Shannon distance."""

import math

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, shares, twenty_a_bin
from exporter.summaries import ComponentSummary


def jensen_shannon(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return the square root of the Jensen-Shannon divergence to base 2; 0 to 1, symmetric.

    The divergence is (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2 and no smoothing. Without drift it is about
    (B - 1)(1/n + 1/m) / (8 ln 2): it needs 20 values a bin. Source: Lin, IEEE Trans. Information Theory 37 (1991).
    """
    p, q = shares(reference.bins()), shares(window.bins())
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def _relative_entropy(p: Floats, q: Floats) -> float:
    some = p != 0
    return float(p[some] @ np.log2(p[some] / q[some]))


JENSEN_SHANNON = Statistic(jensen_shannon, BOTH, threshold=0.2, needs=twenty_a_bin)
