"""Compares rankings with what was relevant: the gain at each place, and all gains there are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from exporter.batch import Column, Fault, Field, Floats, absent
from exporter.extractors.ranking import Ranking
from exporter.extractors.relevance import Relevance

EDGES = (-0.05, *(place / 20 for place in range(21)))  # of the bins of a score of one ranking; none holds its lower one

PAIRS = 1 << 20  # of ranked and relevant items that are compared at once


@dataclass(frozen=True, slots=True, eq=False)
class Relevant:
    """Of each ranking the gains at its first places, (rows, k), and those of all that was relevant, (rows, most).

    Both are 0 where there is nothing.
    """

    found: Floats
    gains: Floats

    @property
    def hits(self) -> Floats:
        """Return 1 at places of relevant items, else 0."""
        return (self.found > 0).astype(np.float64)

    @property
    def count(self) -> Floats:
        """Return how many items were relevant, shape (rows,)."""
        found: Floats = (self.gains > 0).sum(axis=1).astype(np.float64)
        return found


def judged(
    name: str, output: Field, actual: Field, k: int, score: Callable[[Relevant], Floats]
) -> Callable[[Column, Column], Floats]:
    """Return the function of an output and an actual column that gives the score, from 0 to 1, of each ranking.

    It is missing where nothing was relevant, and where either is missing. ValueError where the components do not hold a
    ranking of `k` items and what was relevant.
    """
    ranking, relevance = (getattr(field.row, "__self__", None) for field in (output, actual))
    if not (isinstance(ranking, Ranking) and ranking.depth >= k):
        raise ValueError(f"{name} needs a component of ranking with a depth of {k}, and output {output.name} is none")
    if not isinstance(relevance, Relevance):
        text = f"{name} needs a component of relevance, and actual {actual.name} is none"
        raise ValueError(text)  # noqa: TRY004 - it is a wrong profile

    @np.errstate(over="ignore", invalid="ignore")  # of gains whose sum no float holds
    def of(out: Column, act: Column) -> Floats:
        known = np.flatnonzero((out[:, 0] >= 0) & (act[:, 0] > 0))
        scores = np.full(len(out), absent(Fault.MISSING))
        for rows in np.array_split(known, len(known) * k * relevance.most // PAIRS + 1):
            items, gains = np.split(act[rows, 1:], 2, axis=1)
            scores[rows] = np.clip(score(_relevant(out[rows, 1 : 1 + k], items, np.nan_to_num(gains))), 0.0, 1.0)
        return scores

    return of


def _relevant(ranked: Floats, items: Floats, gains: Floats) -> Relevant:
    same = ranked[:, :, None] == items[:, None, :]
    return Relevant(np.einsum("rkm,rm->rk", same, gains), gains)


def discounted(gains: Floats) -> Floats:
    """Return the sum of gains, shape (rows, places), each over log2(place + 1); places count from 1."""
    total: Floats = (gains / np.log2(np.arange(gains.shape[1]) + 2.0)).sum(axis=1)
    return total
