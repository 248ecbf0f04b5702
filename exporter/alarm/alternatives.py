"""The ways in which a component may leave its reference, and how much a row in each bin speaks for one of them."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats

LOCATION = np.array([0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5])
SCALE = np.array([0.05, 0.1, 0.15, 0.2, 0.3])
MASS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
TAILS = MASS[:5]
MOVED = np.array([0.02, 0.05, 0.1, 0.2])
MOVED_BETWEEN = 6  # the largest categories
ORDERED_BINS = 4  # fewer have no shape to tilt
GRID = np.linspace(0, 1, 401)[1:-1]
HALVINGS = 12


def alternatives(expected: Floats, *, ordered: bool, upward: bool = False) -> tuple[Floats, Floats]:
    """Return distributions around the expected one, shape (J, B), and the logarithms of their weights, shape (J,).

    Ordered bins are shifted, spread and given tails; single bins gain or lose mass; between categories mass moves. With
    `upward`, of losses, only what never speaks for a lower bin more than for a higher one, so that no fall is evidence.
    Weights are equal within a family and of families.
    """
    families = [f for f in (_risen(expected) if upward else _changed(expected, ordered=ordered)) if len(f)]
    every = np.concatenate(families)
    weights = np.concatenate([np.full(len(f), -math.log(len(families) * len(f))) for f in families])
    return every / every.sum(axis=1, keepdims=True), weights


def _changed(expected: Floats, *, ordered: bool) -> list[Floats]:
    if len(expected) < ORDERED_BINS:
        return [_bins(expected)]
    return [*_tilted(expected), _bins(expected)] if ordered else [_bins(expected), _transfers(expected)]


def _risen(expected: Floats) -> list[Floats]:
    """Return distributions whose ratio to the expected one never falls from a bin to a higher one."""
    upper = (np.triu(np.ones((len(expected), len(expected)))) * expected)[1:]
    upper /= upper.sum(axis=1, keepdims=True)
    raised = ((1 - MASS[:, None, None]) * expected + MASS[:, None, None] * upper).reshape(-1, len(expected))
    if len(expected) < ORDERED_BINS:
        return [raised]
    return [expected * np.exp(LOCATION[:, None] * normal_scores(expected)), raised]


def normal_scores(expected: Floats) -> Floats:
    """Return the standardised normal scores of the bins' mid-ranks: what a bin says of the location, shape (B,)."""
    ranks = np.clip(np.cumsum(expected) - expected / 2, 1e-6, 1 - 1e-6)
    return _standardised(np.array([NormalDist().inv_cdf(rank) for rank in ranks.tolist()]), expected)


def _standardised(values: Floats, expected: Floats) -> Floats:
    centred = values - expected @ values
    result: Floats = centred / math.sqrt(expected @ (centred * centred))
    return result


def _tilted(expected: Floats) -> list[Floats]:
    location = normal_scores(expected)
    spread = _standardised(location * location - 1 - (expected @ location**3) * location, expected)
    tails = np.zeros(len(expected))
    tails[0] = tails[-1] = 0.5
    return [
        np.concatenate([expected * np.exp(sign * LOCATION[:, None] * location) for sign in (-1, 1)]),
        np.concatenate([expected * np.exp(sign * SCALE[:, None] * spread) for sign in (-1, 1)]),
        (1 - TAILS[:, None]) * expected + TAILS[:, None] * tails,
    ]


def _bins(expected: Floats) -> Floats:
    each = MASS[:, None, None] * np.eye(len(expected))
    more = (1 - MASS[:, None, None]) * expected + each
    less = (expected - each)[expected > 1.25 * MASS[:, None]]
    return np.concatenate([more.reshape(-1, len(expected)), less])


def _transfers(expected: Floats) -> Floats:
    largest = np.argsort(-expected)[:MOVED_BETWEEN]
    found = [np.empty((0, len(expected)))]
    for source in largest:
        for target in largest[largest != source]:
            mass = MOVED[expected[source] > 1.2 * MOVED]
            moved = np.tile(expected, (len(mass), 1))
            moved[:, source] -= mass
            moved[:, target] += mass
            found.append(moved)
    return np.concatenate(found)


def row_scores(against: Floats, expected: Floats, radius: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what a row in each bin adds to the logarithm of the evidence for each alternative, shape (J, B).

    It is ln(q / p*) with p* = (1 - w) p0 + w q and the smallest w for which E_p0[q / p*] + radius sd_p0[q / p*] <= 1.
    By Cauchy and Schwarz q / p* then has an expectation of at most 1 under every distribution whose chi-square distance
    from `expected` is at most radius^2, whatever q is. Also returns which alternatives have such a w, shape (J,): the
    others are within that distance themselves.
    """
    kept = _excess(np.full(len(against), GRID[-1]), against, expected, radius) <= 0
    outside = against[kept]
    low, high = np.full(len(outside), -1), np.full(len(outside), len(GRID) - 1)
    for _ in range(len(GRID).bit_length()):
        middle = (low + high) // 2
        fine = _excess(GRID[middle], outside, expected, radius) <= 0
        low, high = np.where(fine | (middle < 0), low, middle), np.where(fine, middle, high)
    bottom, top = np.where(low < 0, 0.0, GRID[low]), GRID[high]
    for _ in range(HALVINGS):
        weight = (bottom + top) / 2
        fine = _excess(weight, outside, expected, radius) <= 0
        bottom, top = np.where(fine, bottom, weight), np.where(fine, weight, top)
    return np.log(outside / _mixed(top, outside, expected)), kept


def _mixed(weight: Floats, against: Floats, expected: Floats) -> Floats:
    result: Floats = (1 - weight[:, None]) * expected + weight[:, None] * against
    return result


def _excess(weight: Floats, against: Floats, expected: Floats, radius: float) -> Floats:
    ratio = against / _mixed(weight, against, expected)
    mean = ratio @ expected
    variance = np.maximum((ratio * ratio) @ expected - mean * mean, 0)
    result: Floats = mean + radius * np.sqrt(variance) - 1
    return result
