"""Isotonic regression: the chances, never falling where the score rises, that fit what has come true best."""

import numpy as np

from exporter.batch import Floats


def isotonic(scores: Floats, truths: Floats) -> tuple[Floats, Floats]:
    """Return scores, ascending, and the chance at each of them; between two it is on the line, beyond them constant.

    `truths` are 0 or 1, both of shape (rows,), at least one. Pool adjacent violators: scores of which the higher has
    come true more seldom share one chance. Source: Barlow, Bartholomew, Bremner and Brunk (1972).
    """
    distinct, places = np.unique(scores, return_inverse=True)
    rows = np.bincount(places).astype(np.float64)
    starts, chances = _pooled(np.bincount(places, truths) / rows, rows)
    ends = np.append(starts[1:], len(distinct)) - 1
    kept = np.stack([starts, ends], axis=1).ravel()
    single = np.append(True, np.diff(kept) > 0)  # a pool of one score
    return distinct[kept[single]], np.repeat(chances, 2)[single]


def _pooled(means: Floats, weights: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    """Return where each pool begins, and its mean."""
    starts: list[int] = []
    pools: list[tuple[float, float]] = []
    for place, (mean, weight) in enumerate(zip(means.tolist(), weights.tolist(), strict=True)):
        start = place
        while pools and pools[-1][0] >= mean:
            (before, more), start = pools.pop(), starts.pop()
            mean, weight = (before * more + mean * weight) / (more + weight), more + weight  # noqa: PLW2901 - the pool
        starts.append(start)
        pools.append((mean, weight))
    return np.array(starts, np.intp), np.array([mean for mean, _ in pools])
