"""Expected calibration error."""

import math
from itertools import pairwise

import numpy as np

from exporter.batch import Floats
from exporter.extractors.class_score import EDGES
from exporter.scores.intervals import Z
from exporter.scores.ranked import RANKED, classes
from exporter.scores.score import Measurement, Score
from exporter.summaries import ComponentSummary

GROUPS = 10
MIDDLE = np.array([(low + high) / 2 for low, high in pairwise(EDGES)])
STARTS = np.searchsorted(MIDDLE, np.arange(GROUPS) / GROUPS)


def expected_calibration_error(summary: ComponentSummary) -> Measurement:
    """Return the mean distance of probability and share of positives in ten bins, and the number of records; 0 to 1.

    A probability counts as the middle of a bin of at most 0.01, so it is wrong by at most 0.005. Chance alone makes it
    larger, most where there are few records and the model is right: the lower end of the interval allows for that.
    """
    negative, positive = classes(summary)
    sizes = _grouped(negative + positive)
    n = int(sizes.sum())
    if not n:
        return Measurement(math.nan, 0)
    gaps = _grouped(positive * (1 - MIDDLE) - negative * MIDDLE) / np.maximum(sizes, 1)
    squares = _grouped(positive * (1 - MIDDLE) ** 2 + negative * MIDDLE**2) / np.maximum(sizes, 1)
    noise = np.sqrt(np.maximum(squares - gaps**2, 0.0) / np.maximum(sizes, 1))
    value = float(sizes @ np.abs(gaps)) / n
    half = Z * math.sqrt(float((sizes * noise) @ (sizes * noise))) / n
    excess = float(sizes @ (_folded(np.abs(gaps), noise) - np.abs(gaps))) / n
    return Measurement(value, n, max(value - excess - half, 0.0), min(value + half, 1.0))


def _grouped(values: Floats) -> Floats:
    """Return the sum of values of fine bins in each of the ten bins."""
    return np.add.reduceat(values, STARTS)


def _folded(mean: Floats, noise: Floats) -> Floats:
    """Return the mean of |x|, x normal."""
    far = mean / np.maximum(noise, 1e-300)
    density = np.exp(-(np.minimum(far, 40.0) ** 2) / 2) * math.sqrt(2 / math.pi)
    erf = np.array([math.erf(one / math.sqrt(2)) for one in far])
    folded: Floats = noise * density + mean * erf
    return folded


EXPECTED_CALIBRATION_ERROR = Score(expected_calibration_error, "low", RANKED)
