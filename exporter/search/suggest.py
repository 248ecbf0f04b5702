"""Finds the slices whose predictions cost most: sought in one half of the rows, judged in the other."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats, Mask
from exporter.search.features import Feature, Value
from exporter.search.losses import Loss

MOST = 5  # slices of a loss
LEAST = 50  # rows of a slice that is sought
HELD = 25  # and of one that is judged
ERROR = 0.05  # of all suggestions of a loss together, where no slice is worse
FEATURES = 40  # that are looked at, those first that tell most of the loss
Sums = NDArray[np.float64]  # rows, sum and sum of squares of the loss by code, shape (3, codes)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A slice with its mean loss and that of the rest, in rows that were not used to find it.

    `gap` is how much more it loses, `lower` and `upper` its interval; all intervals of a loss hold together with 95 %.
    """

    values: tuple[Value, ...]
    rows: int
    share: float
    mean: float
    rest: float
    gap: float
    lower: float
    upper: float

    @property
    def text(self) -> str:
        """Return what the rows of the slice have in common."""
        return " and ".join(value.text for value in self.values)

    @property
    def condition(self) -> str | None:
        """Return the condition of a segment that is this slice; None where it cannot be written."""
        parts = [value.condition for value in self.values]
        return None if None in parts else " and ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a loss: its mean of all rows, how many slices were tried, and those that are worse."""

    name: str
    rows: int
    mean: float
    tried: int
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """Features by their places, a code of each, and how clearly such rows lose more than others."""

    places: tuple[int, ...]
    codes: tuple[int, ...]
    z: float


def search(features: Sequence[Feature], loss: Loss, seed: int = 0) -> Found:
    """Search the values of features, and pairs of them, for slices that lose more than all other rows.

    One half of the rows, drawn at random, is searched: the slice that is worse most clearly (by Welch's z) is taken,
    its rows are set aside, and the rest is searched again, while it is worse than about one slice of all that are tried
    would be by chance. A pair is taken only where it is worse than what is left of either of its parts. The other half
    says how much worse each slice is, so that the search does not flatter it.
    Source: Chung et al., Automated data slicing for model validation (2020), with a half held out.
    """
    known = np.isfinite(loss.values)
    sought = known & (np.random.default_rng(seed).random(len(known)) < 0.5)  # noqa: PLR2004 - a half
    chosen = _telling(features, loss.values, sought)
    tried = sum(len(f.values) for f in chosen)
    tried += sum(len(one.values) * len(other.values) for one, other in combinations(chosen, 2))
    line = NormalDist().inv_cdf(1 - 1 / max(tried, 2))
    found: list[_Candidate] = []
    left = sought.copy()
    while len(found) < MOST and (best := _worst(chosen, loss.values, left, line)):
        found.append(best)
        left &= ~_rows(chosen, best)
    held = known & ~sought
    judged = (_judged(chosen, one, loss.values, held, len(found)) for one in found)
    worse = tuple(one for one in judged if one is not None and one.lower > 0)
    mean = float(loss.values[known].mean()) if known.any() else math.nan
    return Found(loss.name, int(known.sum()), mean, tried, worse)


def _telling(features: Sequence[Feature], loss: Floats, rows: Mask) -> list[Feature]:
    if len(features) <= FEATURES:
        return list(features)
    clear = [np.max(_z(_sums(f.codes[rows], len(f.values) + 1, loss[rows])), initial=0.0) for f in features]
    best = sorted(np.argsort(clear)[-FEATURES:].tolist())
    return [features[place] for place in best]


def _rows(features: Sequence[Feature], slice_: _Candidate) -> Mask:
    parts = (features[place].codes == code for place, code in zip(slice_.places, slice_.codes, strict=True))
    found: Mask = np.all(list(parts), axis=0)
    return found


def _worst(features: Sequence[Feature], loss: Floats, rows: Mask, line: float) -> _Candidate | None:
    """Return the slice that is worse most clearly, None where none is."""
    values = loss[rows]
    codes = [feature.codes[rows] for feature in features]
    sizes = [len(feature.values) for feature in features]
    single = [_sums(codes[i], sizes[i] + 1, values) for i in range(len(features))]
    every = [*_singles(single), *_pairs(codes, sizes, single, values, line)]
    best = max(every, key=lambda one: one.z, default=None)
    return best if best is not None and best.z > line else None


def _singles(sums: Sequence[Sums]) -> Iterator[_Candidate]:
    for place, found in enumerate(sums):
        z = _z(found)
        if len(z):
            code = int(np.argmax(z))
            yield _Candidate((place,), (code,), float(z[code]))


def _pairs(
    codes: Sequence[NDArray[np.intp]], sizes: Sequence[int], single: Sequence[Sums], values: Floats, line: float
) -> Iterator[_Candidate]:
    """Yield the clearest slice of each two features that is worse than what is left of either."""
    for one, other in combinations(range(len(sizes)), 2):
        width = sizes[other] + 1
        both = codes[one] * width + codes[other]
        table = _sums(both, (sizes[one] + 1) * width, values).reshape(3, sizes[one] + 1, width)[:, :-1, :-1]
        within = [
            _welch(table, single[one][:, : sizes[one], None] - table),
            _welch(table, single[other][:, None, : sizes[other]] - table),
        ]
        z = np.where(np.minimum(*within) > line, _welch(table, _all(single[one]) - table), -math.inf)
        best = np.unravel_index(np.argmax(z), z.shape) if z.size else (0, 0)
        if z.size and np.isfinite(z[best]):
            yield _Candidate((one, other), (int(best[0]), int(best[1])), float(z[best]))


def _sums(codes: NDArray[np.intp], length: int, values: Floats) -> Sums:
    """Return rows, sum and sum of squares of each code; the last one is of values too rare to be looked at."""
    found: Sums = np.array([np.bincount(codes, weights, length) for weights in (None, values, values**2)], np.float64)
    return found


def _all(sums: Sums) -> Sums:
    found: Sums = sums.sum(axis=1)[:, None, None]
    return found


def _z(sums: Sums) -> Floats:
    found: Floats = _welch(sums, sums.sum(axis=1, keepdims=True) - sums)[:-1]
    return found


def _welch(one: Sums, other: Sums) -> Floats:
    """Return how many standard errors the means of some sums are above those of others; -inf of too few rows.

    A row like the others is added to each, so that none is without spread.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = other[1] / other[0]
        more = one + np.array([np.ones_like(usual), usual, usual**2])
        z = (more[1] / more[0] - usual) / np.sqrt(_error(more) + _error(other))
    found: Floats = np.where((one[0] >= LEAST) & (other[0] >= LEAST) & np.isfinite(z), z, -math.inf)
    return found


def _error(sums: Sums) -> Floats:
    """Return the variance of the mean."""
    n, total, squares = sums
    found: Floats = np.maximum(squares - total**2 / n, 0.0) / np.maximum(n - 1, 1.0) / n
    return found


def _judged(
    features: Sequence[Feature], slice_: _Candidate, loss: Floats, rows: Mask, slices: int
) -> Suggestion | None:
    """Return how much worse a slice is in some rows, one of so many slices; None where there are too few."""
    here = _rows(features, slice_)[rows]
    values: Floats = loss[rows]
    inside, outside = values[here], values[~here]
    if min(len(inside), len(outside)) < HELD:
        return None
    mean, rest = float(inside.mean()), float(outside.mean())
    more = np.append(inside, rest)
    error = math.sqrt(more.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))
    half = NormalDist().inv_cdf(1 - ERROR / 2 / slices) * error
    named = zip(slice_.places, slice_.codes, strict=True)
    gap = mean - rest
    return Suggestion(
        tuple(features[place].values[code] for place, code in named),
        len(inside),
        len(inside) / len(values),
        mean,
        rest,
        gap,
        gap - half,
        gap + half,
    )
