"""Average precision."""

import math

import numpy as np

from exporter.batch import Floats
from exporter.scores.intervals import weighted
from exporter.scores.ranked import RANKED, classes
from exporter.scores.score import Measurement, Score
from exporter.summaries import ComponentSummary

FEW = 12  # positive records of which the delta method sees too little: found by simulation
STEPS = 64  # places within a bin at which precision is taken where more positive records than that are in it


def average_precision(summary: ComponentSummary) -> Measurement:
    """Return the mean precision at the score of each positive record, and the number of these; 0 to 1.

    Negative records lie evenly between the positive ones of their bin. It is wrong by at most what their order in the
    bins can change: from all of them first to all of them last. The interval is Wilson's for as many records as have
    the variance of the delta method, 1 + 12 / positives times.
    """
    negative, positive = (counts[::-1] for counts in classes(summary))
    n1 = float(positive.sum())
    if not n1:
        return Measurement(math.nan, 0)
    precision = _precision(negative, positive)
    value = min(float(positive @ precision) / n1, 1.0)
    return weighted(value, int(n1), _variance(negative, positive, precision, value))


def _precision(negative: Floats, positive: Floats) -> Floats:
    """Return the mean precision at the positive records of each bin, the bins by descending score."""
    hits, false = np.cumsum(positive) - positive, np.cumsum(negative) - negative
    steps = np.clip(positive, 1, STEPS)
    place = np.arange(STEPS)[:, None]
    used = place < steps
    rank = (place + 0.5) * positive / steps + 0.5  # of a positive record among those of its bin
    found = hits + rank
    passed = false + negative * (rank - 0.5) / np.maximum(positive, 1)
    found_precision: Floats = (found / (found + passed) * used).sum(axis=0) / steps
    return found_precision


def _variance(negative: Floats, positive: Floats, precision: Floats, value: float) -> float:
    """Return the variance: what each record adds by itself, and to the precision of all that come after it."""
    n1 = positive.sum()
    passed = np.maximum(np.cumsum(positive + negative), 1)
    share = positive / passed
    later = np.cumsum((share * (1 - precision))[::-1])[::-1] - share * (1 - precision) / 2
    burden = np.cumsum((share * precision)[::-1])[::-1] - share * precision / 2
    own = (precision - value + later) / n1
    return float(positive @ own**2 + negative @ (burden / n1) ** 2) * (1 + FEW / float(n1))


AVERAGE_PRECISION = Score(average_precision, "high", RANKED)
