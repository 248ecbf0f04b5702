"""Area under the ROC curve."""

import math

import numpy as np

from exporter.batch import Floats
from exporter.scores.intervals import weighted
from exporter.scores.ranked import RANKED, classes
from exporter.scores.score import Measurement, Score
from exporter.summaries import ComponentSummary

FEW = 100


def roc_auc(summary: ComponentSummary) -> Measurement:
    """Return the chance that a positive record has a higher score than a negative one, and the rarer class; 0 to 1.

    Two records in one bin count as a tie, so it is wrong by at most half the share of pairs that share their bin. The
    interval is Wilson's for as many records as have the variance of DeLong; below 100 records of the rarer class, where
    that is too small, the mean of it and of Hanley and McNeil's, which is too large.
    """
    negative, positive = classes(summary)
    n0, n1 = float(negative.sum()), float(positive.sum())
    samples = round(min(n0, n1))
    if not samples:
        return Measurement(math.nan, 0)
    below = (np.cumsum(negative) - negative / 2) / n0
    above = 1 - (np.cumsum(positive) - positive / 2) / n1
    value = min(float(positive @ below) / n1, 1.0)
    variance = _spread(positive, below) + _spread(negative, above)
    if samples < FEW:
        variance = (variance + _hanley(value, n0, n1)) / 2
    return weighted(value, samples, variance)


def _spread(counts: Floats, values: Floats) -> float:
    """Return the variance of the mean of values, each as often as it counts."""
    n = counts.sum()
    deviations = values - counts @ values / n
    return float(counts @ deviations**2 / max(n - 1, 1.0) / n)


def _hanley(value: float, n0: float, n1: float) -> float:
    one, other = value / (2 - value) - value**2, 2 * value**2 / (1 + value) - value**2
    return (value * (1 - value) + (n1 - 1) * one + (n0 - 1) * other) / (n0 * n1)


ROC_AUC = Score(roc_auc, "high", RANKED, estimate="counts")
