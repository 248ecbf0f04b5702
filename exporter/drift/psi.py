"""Population stability index."""

import numpy as np

from exporter.drift.statistic import BOTH, Statistic, smoothed, twenty_a_bin
from exporter.summaries import ComponentSummary


def psi(reference: ComponentSummary, window: ComponentSummary) -> float:
    """Return sum over bins of (q - p) ln(q / p), natural logarithm; 0 to infinity, symmetric.

    p and q are the shares of reference and window with half a count added to each bin. Without drift it is about
    (B - 1)(1/n + 1/m): it needs 20 values a bin. Source: Yurdakul and Naranjo, Journal of Risk Model Validation 2020.
    """
    p, q = smoothed(reference.bins()), smoothed(window.bins())
    return float((q - p) @ np.log(q / p))


PSI = Statistic(psi, BOTH, threshold=0.25, needs=twenty_a_bin)
