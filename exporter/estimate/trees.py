"""Boosted trees of which every level has one question, as arrays: an estimate of a number from columns.

Source: least-squares boosting (Friedman, 2001) of oblivious decision trees (Kohavi, 1994).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats

DEPTH = 3
TREES = 100
RATE = 0.15
BINS = 32  # of values; a further one is for those that are missing
LEAST = float(np.finfo(np.float64).min)  # a threshold that whatever is not missing is above of
SMOOTH = 20.0  # rows of which a leaf knows nothing
COLUMNS = 64  # that are looked at, the most telling ones
FOLDS = 2
MOST = 1_000_000  # numbers of an ensemble

Bins = NDArray[np.uint8]


class Ensemble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`base`, and of each tree the columns and thresholds of its three questions and its eight leaves.

    A row is in the leaf whose bits say whether it is above the thresholds; a missing value is not.
    """

    base: float
    columns: list[list[int]]
    thresholds: list[list[float]]
    leaves: list[list[float]]

    def fault(self, columns: int) -> str | None:
        """Return what is wrong with the numbers for so many columns, None where they are sound."""
        trees = len(self.columns)
        sizes = {*map(len, self.columns), *map(len, self.thresholds)} - {DEPTH}
        if sizes or {*map(len, self.leaves)} - {1 << DEPTH} or {len(self.thresholds), len(self.leaves)} != {trees}:
            return f"its trees have not {DEPTH} questions and {1 << DEPTH} leaves each"
        if not all(0 <= column < columns for tree in self.columns for column in tree):
            return "its trees ask for columns that it does not have"
        numbers = [self.base, *(value for part in (self.thresholds, self.leaves) for tree in part for value in tree)]
        return None if len(numbers) <= MOST and np.isfinite(numbers).all() else "its numbers are not finite"

    def predict(self, columns: Floats) -> Floats:
        """Return the number of each row, shape (rows,), from columns, shape (columns, rows)."""
        found: Floats = np.full(columns.shape[1], self.base)
        for asked, thresholds, leaves in zip(self.columns, self.thresholds, self.leaves, strict=True):
            place = np.zeros(columns.shape[1], np.uint8)
            for level, (column, threshold) in enumerate(zip(asked, thresholds, strict=True)):
                place += (columns[column] > threshold).view(np.uint8) << level
            found += np.array(leaves)[place]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Columns by the thresholds that they are above of, shape (columns, rows), and these thresholds."""

    bins: Bins
    thresholds: tuple[Floats, ...]

    @classmethod
    def of(cls, columns: Floats) -> "Binned":
        """Lay thresholds between the quantiles of columns, shape (columns, rows)."""
        thresholds = tuple(map(_thresholds, columns))
        bins = [
            np.where(np.isnan(column), 0, np.searchsorted(edges, column)).astype(np.uint8)
            for column, edges in zip(columns, thresholds, strict=True)
        ]
        return cls(np.array(bins, np.uint8).reshape(columns.shape), thresholds)

    def rows(self, mask: NDArray[np.bool_]) -> "Binned":
        """Return some of the rows."""
        return Binned(self.bins[:, mask], self.thresholds)


def _thresholds(column: Floats) -> Floats:
    finite = column[np.isfinite(column)]
    distinct = np.unique(finite)
    between = distinct[:-1] / 2 + distinct[1:] / 2
    if len(distinct) > BINS:
        edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
        between = edges[edges < distinct[-1]]
    return np.append([LEAST] if len(finite) and np.isnan(column).any() else [], between)


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """The column and bin of each question, and the leaves."""

    columns: tuple[int, ...]
    cuts: tuple[int, ...]
    leaves: Floats

    def predict(self, binned: Binned) -> Floats:
        """Return the number of each row."""
        found: Floats = self.leaves[_leaf(binned.bins, self.columns, self.cuts)]
        return found


def _leaf(bins: Bins, columns: tuple[int, ...], cuts: tuple[int, ...]) -> NDArray[np.intp]:
    place = np.zeros(bins.shape[1], np.intp)
    for level, (column, cut) in enumerate(zip(columns, cuts, strict=True)):
        place += (bins[column] > cut).astype(np.intp) << level
    return place


def fit(columns: Floats, target: Floats, seed: int) -> tuple[Ensemble, Floats]:
    """Fit an ensemble to a target, shape (rows,); returns it with what it says of rows that it has not been fitted to.

    How many trees there are is what does best on the other half of the rows.
    """
    binned = Binned.of(columns)
    fold = np.random.default_rng(seed).permutation(len(target)) % FOLDS
    unseen = np.empty((TREES + 1, len(target)))
    for one in range(FOLDS):
        here, there = fold != one, fold == one
        unseen[:, there] = list(_course(binned.rows(here), target[here], binned.rows(there)))
    best = int(((unseen - target) ** 2).mean(axis=1).argmin())
    trees = [tree for tree, _ in zip(_boost(binned, target), range(best), strict=False)]
    ensemble = Ensemble(
        float(target.mean()),
        [list(tree.columns) for tree in trees],
        [[float(binned.thresholds[c][cut]) for c, cut in zip(t.columns, t.cuts, strict=True)] for t in trees],
        [tree.leaves.tolist() for tree in trees],
    )
    return ensemble, unseen[best]


def _course(binned: Binned, target: Floats, others: Binned) -> Iterator[Floats]:
    """Yield what is said of other rows after each tree, none of them first."""
    found = np.full(others.bins.shape[1], target.mean())
    yield found.copy()
    trees = _boost(binned, target)
    for _ in range(TREES):
        tree = next(trees, None)
        found += 0.0 if tree is None else tree.predict(others)
        yield found.copy()


def _boost(binned: Binned, target: Floats) -> Iterator[Tree]:
    """Yield trees without end, or until there is nothing to ask."""
    residual = target - target.mean()
    asked = _telling(binned, residual)
    while asked:
        tree = _grow(binned, residual, asked)
        residual = residual - tree.predict(binned)
        yield tree


def _telling(binned: Binned, residual: Floats) -> list[int]:
    """Return the columns that tell most by themselves, of those that differ at all."""
    able = [column for column, thresholds in enumerate(binned.thresholds) if len(thresholds)]
    alone = np.zeros(len(residual), np.intp)
    gains = {column: _gains(binned.bins[column], alone, 1, residual).max() for column in able}
    return sorted(able, key=lambda column: -gains[column])[:COLUMNS]


def _grow(binned: Binned, residual: Floats, asked: list[int]) -> Tree:
    columns: list[int] = []
    cuts: list[int] = []
    leaf = np.zeros(len(residual), np.intp)
    for level in range(DEPTH):
        gains = [_gains(binned.bins[c], leaf, 1 << level, residual)[: len(binned.thresholds[c])] for c in asked]
        best = max(range(len(asked)), key=lambda at: gains[at].max())
        columns.append(asked[best])
        cuts.append(int(gains[best].argmax()))
        leaf += (binned.bins[columns[-1]] > cuts[-1]).astype(np.intp) << level
    rows = np.bincount(leaf, minlength=1 << DEPTH)
    sums = np.bincount(leaf, residual, 1 << DEPTH)
    return Tree(tuple(columns), tuple(cuts), RATE * sums / (rows + SMOOTH))


def _gains(bins: Bins, leaf: NDArray[np.intp], leaves: int, residual: Floats) -> Floats:
    """Return how much of the squared residuals a question explains, for each bin that it may cut after."""
    width = BINS + 1
    place = leaf * width + bins
    rows = np.bincount(place, minlength=leaves * width).reshape(leaves, width).cumsum(axis=1)
    sums = np.bincount(place, residual, leaves * width).reshape(leaves, width).cumsum(axis=1)
    above_rows, above = rows[:, -1:] - rows, sums[:, -1:] - sums
    found: Floats = (sums**2 / (rows + SMOOTH) + above**2 / (above_rows + SMOOTH)).sum(axis=0)
    return found
