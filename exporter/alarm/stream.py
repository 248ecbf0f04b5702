"""One stream of counts that is watched: what it is expected to be, and what each row says against that."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.alarm.alternatives import alternatives, normal_scores, row_scores
from exporter.batch import Floats

UNREFUTED = 0.01  # the chance that the reference's sample misleads any of the streams
SMALL = 3000  # below it the bound on the reference's error is widened: measured, see docs/calibration.md
CERTAIN = 0.999  # no share is so high that it cannot rise
PSEUDO_ROWS = 5.0  # in a bin that the reference does not have
WORSE_BY = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64])

Kind = Literal["shape", "missing", "new", "loss"]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What is agreed for a stream: its share of all errors, as if one of so many `streams`, and how far it may move.

    `tolerance` is a distance on the scale of the population stability index.
    """

    streams: float
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Counts in B bins are expected at shares `expected`; `scores` and `log_weights` are of J alternatives.

    `radius` squared is the tolerated chi-square distance. `worse` is what each bin says of harm, shape (B,): rows of
    which the mean is not above 0 are not worse than the reference; all 1 where any change counts. `dispersion` is how
    many rows of the log carry the information of one independent row, `samples` the size of the reference in such.
    """

    expected: Floats
    scores: Floats
    log_weights: Floats
    radius: float
    worse: Floats
    dispersion: float
    samples: float


def shape(
    counts: Floats,
    terms: Terms,
    *,
    ordered: bool,
    upward: bool = False,
    dispersion: float = 1.0,
    season: float = 0.0,
) -> Stream:
    """Watch a distribution, whose reference has `counts`, shape (B,), for leaving a ball around the reference.

    The ball holds every distribution with sum (p - p0)^2 / p0 <= radius^2, where radius^2 is the tolerance, or how far
    the reference's own sample may be off, or how far the reference itself moves over time (`season`) if that is more.
    """
    samples = counts.sum() / dispersion
    expected = np.where(counts > 0, counts, PSEUDO_ROWS * dispersion)
    expected = expected / expected.sum()
    widened = 1.25 if samples < SMALL else 1.0
    error = widened * 2 * math.log(terms.streams * len(counts) / UNREFUTED) / samples
    radius = math.sqrt(max(terms.tolerance, season, error))
    against, weights = alternatives(expected, ordered=ordered, upward=upward)
    scores, kept = row_scores(against, expected, radius)
    worse = normal_scores(expected) if upward else np.ones(len(expected))
    return Stream(expected, scores, _normalised(weights[kept]), radius, worse, dispersion, samples)


def share(hits: float, rows: float, terms: Terms, *, slack: float, dispersion: float = 1.0) -> Stream:
    """Watch a share, of which the reference has `hits` of `rows`, for rising: bins are the others and the hits.

    The share may be up to `slack` above the reference's, or what the reference's own sample leaves open if that is
    more. The likelihood ratio of two shares is an e-value for every share below the lower one.
    """
    samples = rows / dispersion
    limit = max(_upper(hits / rows, samples, math.log(terms.streams / UNREFUTED)), hits / rows + slack)
    limit = min(limit, CERTAIN)
    against = limit + WORSE_BY
    against = np.append(against[against < 1], (1 + limit) / 2)
    scores = np.column_stack([np.log((1 - against) / (1 - limit)), np.log(against / limit)])
    middle = (hits / rows + limit) / 2
    weights = np.zeros(len(against))
    worse, expected = np.array([-middle, 1 - middle]), np.array([1 - limit, limit])
    return Stream(expected, scores, _normalised(weights), 0.0, worse, dispersion, samples)


def _normalised(weights: Floats) -> Floats:
    return weights if not len(weights) else weights - math.log(np.exp(weights).sum())


def _upper(found: float, samples: float, confidence: float) -> float:
    """Return the largest share under which a share as low as that found has a chance of at least exp(-confidence).

    By Chernoff's bound: it is at or above the exact limit of Clopper and Pearson, and equal where nothing was found.
    """
    low, high = found, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if samples * _divergence(found, middle) > confidence:
            high = middle
        else:
            low = middle
    return high


def _divergence(p: float, q: float) -> float:
    terms: Sequence[tuple[float, float]] = ((p, q), (1 - p, 1 - q))
    return sum(a * math.log(a / b) if b > 0 else math.inf for a, b in terms if a > 0)
