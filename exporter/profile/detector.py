"""Scores that say how unusual a prediction is: of an outlier extractor, or of all numbers of the input together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999)
BUILT_IN = "mahalanobis"
FAR = 1e9  # in units of the spread, which is infinitely far for a score
PRODUCTS = 2**17  # of numbers, at a time
PATTERNS = 32  # of missing numbers in a batch that are looked at, the most frequent ones


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The numbers x of the input, k of them: where they are (`centre`), how wide (`scale`), and how they go together.

    `matrix` (k, k) is symmetric; `matrix @ ((x - centre) / scale)` are numbers that vary alike and alone.
    """

    centre: Floats
    scale: Floats
    matrix: Floats

    def whitened(self, columns: Sequence[Column]) -> Floats:
        """Return for each component and row its part of the distance, shape (k, rows): their squares sum to its square.

        A number that is missing adds nothing: the distance is that of the others among themselves. A row without any,
        or whose pattern of missing numbers is a rare one among many in these rows, is NaN.
        """
        places = np.stack(columns)
        places -= self.centre[:, None]
        places /= self.scale[:, None]
        np.clip(places, -FAR, FAR, out=places)
        absent = np.isnan(places)
        if not absent.any():
            return _product(self.matrix, places)
        found = np.full(places.shape, np.nan)
        marks = _packed(absent)
        patterns, counts = np.unique(marks, return_counts=True)
        for pattern in patterns[np.argsort(-counts, kind="stable")[:PATTERNS]].tolist():
            rows = np.flatnonzero(marks == pattern)
            there = np.flatnonzero(~absent[:, rows[0]])
            if len(there):
                found[:, rows] = 0.0
                found[np.ix_(there, rows)] = _product(_part(self, pattern), places[np.ix_(there, rows)])
        return found


def _product(matrix: Floats, places: Floats) -> Floats:
    """Multiply (k, k) with (k, rows), so few rows at a time that the work stays in one thread."""
    found = np.empty_like(places)
    step = max(PRODUCTS // matrix.size, 1)
    for start in range(0, places.shape[1], step):
        part = slice(start, start + step)
        np.matmul(matrix, places[:, part], out=found[:, part])
    return found


def _packed(absent: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return the marks of each row, shape (k, rows) with k up to 64, as one number."""
    width, rows = absent.shape
    table = np.zeros((64, rows), np.bool_)
    table[:width] = absent
    return np.ascontiguousarray(np.packbits(table, axis=0, bitorder="little").T).view("<u8").ravel()


@lru_cache(maxsize=1024)
def _part(space: Space, absent: int) -> Floats:
    """Return the matrix of those components that are not among the marked ones, without what these say of them."""
    if not absent:
        return space.matrix
    there = [place for place in range(len(space.centre)) if not absent >> place & 1]
    return root(np.linalg.inv(np.linalg.inv(space.matrix @ space.matrix)[np.ix_(there, there)]))


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A score by its name, of input components: one that is a score by itself, or several in a space.

    `quantiles` are those of the reference at `LEVELS`, of `samples` rows that the score had not learned from.
    """

    name: str
    components: tuple[str, ...]
    quantiles: tuple[float, ...]
    samples: int
    space: Space | None = None

    def scores(self, columns: Sequence[Column]) -> Floats:
        """Return the score of each row, NaN where there is none; columns of the components, each of shape (rows,)."""
        if self.space is None:
            return columns[0]
        whitened = self.space.whitened(columns)
        found: Floats = np.sqrt(np.einsum("ij,ij->j", whitened, whitened))
        found[found >= FAR / 1000] = np.inf
        return found

    def shares(self, columns: Sequence[Column]) -> Floats:
        """Return for each component how much of a row's score, squared, is due to it, shape (components, rows).

        Of a space that is the decomposition of Garthwaite and Koch (2016): 0 or more, 1 in all.
        """
        if self.space is None:
            return np.ones((1, len(columns[0])))
        squares = self.space.whitened(columns) ** 2
        return np.asarray(squares / squares.sum(axis=0))

    def quantile(self, level: float) -> float:
        """Return the reference's quantile at one of `LEVELS`."""
        return self.quantiles[LEVELS.index(level)]

    def expected(self, level: float) -> float:
        """Return the share of sound predictions above the quantile of a level, on average."""
        return 1 - rank(level, self.samples) / (self.samples + 1)


def rank(level: float, rows: int) -> int:
    """Return which of so many ascending values a new one exceeds with a chance of 1 - level, or the last one."""
    return min(math.ceil((rows + 1) * level - 1e-9), rows)


def root(matrix: Floats) -> Floats:
    """Return the symmetric root of a symmetric matrix that is positive definite."""
    variances, directions = np.linalg.eigh(matrix)
    found: Floats = (directions * np.sqrt(np.maximum(variances, 0.0))) @ directions.T
    return found
