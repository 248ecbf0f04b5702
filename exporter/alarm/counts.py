"""How the counts of streams are read from the summaries of their components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats
from exporter.summaries import ComponentSummary

TAIL, TAIL_ROWS = 0.01, 20
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OWN_BINS = 29  # categories that are watched one by one, if the reference has 20 rows of them
ABSENT = ("missing", "type", "extractor")


class Reader(Protocol):
    """Reads the counts of K streams in up to B bins."""

    def read(self, totals: Sequence[ComponentSummary]) -> Floats:
        """Return counts of shape (K, B) from the summaries of all components of a model."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Numeric components on about twelve bins of their reference: deciles and two tails; `upto` are places of edges."""

    places: tuple[int, ...]
    upto: NDArray[np.intp]
    bins: NDArray[np.intp]

    @classmethod
    def of(cls, references: Sequence[ComponentSummary], places: Sequence[int]) -> "Numbers":
        """Choose the bins of the components at some places."""
        edges = [_edges(references[place]) for place in places]
        fine = max(_width(references[place]) for place in places)
        upto = np.full((len(edges), max(map(len, edges)) + 1), fine - 1)
        for row, own in enumerate(edges):
            upto[row, : len(own)] = own
        return cls(tuple(places), upto, np.array([len(own) + 1 for own in edges]))

    def read(self, totals: Sequence[ComponentSummary]) -> Floats:
        """Return counts of shape (K, B)."""
        fine = np.zeros((len(self.places), int(self.upto[0, -1]) + 1))
        for row, place in enumerate(self.places):
            histogram = totals[place].histogram
            if histogram is not None:
                fine[row, : len(histogram.counts)] = histogram.counts
        upto = np.take_along_axis(np.cumsum(fine, axis=1), self.upto, axis=1)
        return np.diff(upto, axis=1, prepend=0.0)


def codes(reference: ComponentSummary, column: Column, *, complete: bool) -> tuple["NDArray[np.int64]", int]:
    """Return the bin of each row, shape (rows,), negative where it has no value, and how many bins there are."""
    if reference.histogram is None:
        levels = Levels.of([reference], [0], [complete])
        found = levels.targets[0][np.maximum(column, 0)] - 1
        return np.where(column < 0, -1, found).astype(np.int64), int(levels.bins[0])
    numbers = Numbers.of([reference], [0])
    fine = np.searchsorted(reference.histogram.grid.edges, column)
    found = np.searchsorted(numbers.upto[0, : int(numbers.bins[0]) - 1], fine)
    return np.where(np.isnan(column), -1, found).astype(np.int64), int(numbers.bins[0])


def _width(reference: ComponentSummary) -> int:
    return 0 if reference.histogram is None else len(reference.histogram.counts)


def _edges(reference: ComponentSummary) -> NDArray[np.intp]:
    if reference.histogram is None:
        raise ValueError("a component without numbers has no edges")
    cumulative = np.cumsum(reference.histogram.counts)[:-1]
    tail = max(TAIL, TAIL_ROWS / reference.n)
    inner = np.array([s for s in SHARES if tail < s < 1 - tail])
    low, high = np.searchsorted(cumulative, np.array([tail, 1 - tail]) * reference.n)
    if low and cumulative[low - 1] >= tail / 2 * reference.n:
        low -= 1  # the tails hold no more than their share: what comes into them shows the more, the rarer it was
    places = np.concatenate([[low], _nearest(cumulative, inner * reference.n), [high]])
    return np.unique(np.minimum(places, len(cumulative) - 1))


def _nearest(ascending: NDArray[np.int64], wanted: Floats) -> NDArray[np.intp]:
    """Return the places of the values that are nearest to those wanted and not 0, shape (W,)."""
    after = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    before = np.maximum(after - 1, 0)
    nearer = (ascending[before] > 0) & (wanted - ascending[before] < ascending[after] - wanted)
    return np.where(nearer, before, after)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Category components: a bin for each frequent category and one for the rest; `target` is the bin of a category."""

    places: tuple[int, ...]
    targets: tuple[NDArray[np.intp], ...]
    bins: NDArray[np.intp]

    @classmethod
    def of(cls, references: Sequence[ComponentSummary], places: Sequence[int], complete: Sequence[bool]) -> "Levels":
        """Choose the bins of the components at some places; where `complete`, what the reference lacks is in none."""
        targets = [
            _targets(references[place].bins(), rest=not whole) for place, whole in zip(places, complete, strict=True)
        ]
        return cls(tuple(places), tuple(targets), np.array([max(int(target.max()), 1) for target in targets]))

    def read(self, totals: Sequence[ComponentSummary]) -> Floats:
        """Return counts of shape (K, B)."""
        counts = np.zeros((len(self.places), int(self.bins.max()) + 1))
        for row, (place, target) in enumerate(zip(self.places, self.targets, strict=True)):
            counts[row] = np.bincount(target, totals[place].bins(), counts.shape[1])
        return counts[:, 1:]


def _targets(counts: NDArray[np.int64], *, rest: bool) -> NDArray[np.intp]:
    """Return 1, 2, ... for bins of their own, 0 for what is left out, and the last number for the others."""
    known = counts[:-1]
    least = max(20.0, known.sum() / 100)
    largest = np.argsort(-known, kind="stable")[:OWN_BINS]
    own = np.sort(largest[known[largest] >= least])
    target = np.full(len(counts), len(own) + 1)
    target[own] = np.arange(1, len(own) + 1)
    if not rest:
        target[-1] = 0
    return target


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Shares: of rows without a value, of new categories, or of categories that are errors; bins are others and hits.

    `levels` are, for each stream, the places of the categories that are hits, None for rows without a value.
    """

    places: tuple[int, ...]
    levels: tuple[tuple[int, ...] | None, ...]

    @property
    def bins(self) -> NDArray[np.intp]:
        """Return 2 for each stream."""
        return np.full(len(self.places), 2)

    def read(self, totals: Sequence[ComponentSummary]) -> Floats:
        """Return counts of shape (K, 2)."""
        counts = np.empty((len(self.places), 2))
        for row, (place, levels) in enumerate(zip(self.places, self.levels, strict=True)):
            summary = totals[place]
            if levels is None:
                hits = sum(getattr(summary.presence, reason) for reason in ABSENT)
                counts[row] = summary.presence.rows - hits, hits
            else:
                found = summary.bins()
                hits = int(found[list(levels)].sum())
                counts[row] = int(found.sum()) - hits, hits
        return counts
