"""Counts of a numeric column on a grid that is frozen with the reference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats

FINE_EDGES = 255
OUTER_EDGES = 20
HEAVY_SHARE = 1 / 64  # a value this frequent is a point mass and gets a bin of its own
OUTER_SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Bin edges: bin b holds edges[b-1] < x <= edges[b] as Prometheus' `le` does; the first and last bin are open.

    `edges` is ascending, at most 255; `outer` are the places in it of the at most 20 edges that are exposed; `atoms`
    marks the bins (len(edges) + 1 of them) that hold a single value of the reference, their upper edge.
    """

    edges: Floats
    outer: NDArray[np.intp]
    atoms: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Floats) -> "Grid":
        """Lay a grid over reference values, shape (n,), n >= 1, in any order; NaN and infinities are left out."""
        return cls.of_sorted(np.sort(values[np.isfinite(values)]))

    @classmethod
    def of_sorted(cls, values: Floats) -> "Grid":
        """Lay a grid over ascending finite values.

        Edges stand at the reference's quantiles, at each point mass and at the value before it, at the maximum and
        just below the minimum: nothing of the reference is in the open bins.
        """
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        distinct, ends = values[starts], np.append(starts[1:], len(values))
        with np.errstate(over="ignore"):
            below = np.nextafter(distinct[0], -np.inf)
        if len(distinct) < FINE_EDGES:
            inner = distinct
        else:
            heavy = np.flatnonzero(ends - starts >= HEAVY_SHARE * len(values))
            shares = np.linspace(0, 1, FINE_EDGES - 1 - 2 * len(heavy))
            places = np.searchsorted(ends, shares * len(values))
            every = np.concatenate([places, heavy, np.maximum(heavy - 1, 0), [len(distinct) - 1]])
            inner = distinct[np.unique(np.minimum(every, len(distinct) - 1))]
        edges = np.concatenate([[below], inner]) if np.isfinite(below) else inner
        upto = np.searchsorted(distinct, edges, side="right")
        atoms = np.concatenate([[False], np.diff(upto) == 1, [False]])
        return cls(edges, _outer(np.append(0, ends)[upto]), atoms)

    @classmethod
    def fixed(cls, edges: Floats) -> "Grid":
        """Lay a grid on edges that are given, 2 to 255 ascending ones, of which evenly spaced ones are exposed."""
        even = np.linspace(edges[0], edges[-1], OUTER_EDGES + 1)[1:]
        outer = np.unique(np.abs(edges[:, None] - even).argmin(axis=0))
        return cls(edges, outer, np.zeros(len(edges) + 1, np.bool_))

    @property
    def outer_edges(self) -> Floats:
        """Return the exposed edges."""
        return self.edges[self.outer]

    def same(self, other: "Grid") -> bool:
        """Tell whether two grids have the same bins."""
        return self is other or np.array_equal(self.edges, other.edges)


def _outer(cumulative: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose the exposed edges by the reference's cumulative counts at each edge."""
    edges, total = len(cumulative), int(cumulative[-1])
    if edges <= OUTER_EDGES:
        return np.arange(edges)
    tail = min(max(0.01, 20 / total), 0.05)
    shares = np.array([tail, *OUTER_SHARES, 1 - tail])
    chosen = {0, edges - 1, *np.searchsorted(cumulative, shares * total).tolist()}
    for place in np.argsort(-np.diff(cumulative), kind="stable").tolist():
        if len(chosen | {place, place + 1}) > OUTER_EDGES:
            break
        if cumulative[place + 1] - cumulative[place] >= HEAVY_SHARE * total * 2:
            chosen |= {place, place + 1}
    return np.array(sorted(chosen), dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts in the bins of a grid, shape (len(edges) + 1,); infinities are in the open bins, NaN is in none."""

    grid: Grid
    counts: Counts

    @classmethod
    def of(cls, values: Floats, grid: Grid) -> "Histogram":
        """Count values, shape (n,), in any order."""
        return cls.of_sorted(np.sort(values[~np.isnan(values)]), grid)

    @classmethod
    def of_sorted(cls, values: Floats, grid: Grid) -> "Histogram":
        """Count ascending values without NaN: sorting and looking the edges up is the fastest way to bin."""
        cumulative = values.searchsorted(grid.edges, side="right")
        counts = np.empty(len(cumulative) + 1, np.int64)  # np.diff would take as long as all else here
        counts[0], counts[-1] = cumulative[0], len(values) - cumulative[-1]
        np.subtract(cumulative[1:], cumulative[:-1], out=counts[1:-1])
        return cls(grid, counts)

    @classmethod
    def empty(cls, grid: Grid) -> "Histogram":
        """Return the histogram of nothing."""
        return cls(grid, np.zeros(len(grid.edges) + 1, np.int64))

    def __add__(self, other: "Histogram") -> "Histogram":
        if not self.grid.same(other.grid):
            raise ValueError("histograms on different edges cannot be added")
        return Histogram(self.grid, self.counts + other.counts)

    def __sub__(self, other: "Histogram") -> "Histogram":
        return self + Histogram(other.grid, -other.counts)

    @property
    def n(self) -> int:
        """Return the number of values."""
        return int(self.counts.sum())

    def outer_cumulative(self) -> Counts:
        """Return the counts up to each exposed edge and, last, of all values."""
        cumulative = np.cumsum(self.counts)
        return np.append(cumulative[self.grid.outer], cumulative[-1])

    def outer_counts(self) -> Counts:
        """Return the counts between the exposed edges, the two open bins included."""
        return np.diff(self.outer_cumulative(), prepend=0)

    def points(self) -> Floats:
        """Return a value that stands for each bin: the middle, the value of a point mass, the edge of an open bin."""
        edges = self.grid.edges
        middle = np.concatenate([edges[:1], edges[:-1] / 2 + edges[1:] / 2, edges[-1:]])
        return np.where(self.grid.atoms, np.append(edges, edges[-1]), middle)

    def quantiles(self, shares: Floats) -> Floats:
        """Return quantiles, interpolated in their bin; an open bin gives its edge. NaN of nothing.

        The error is at most the width of the bin, which holds about 1/250 of the reference.
        """
        cumulative = np.cumsum(self.counts)
        if not cumulative[-1]:
            return np.full(len(shares), np.nan)
        rank = shares * cumulative[-1]
        first = np.maximum(rank, 0.5)  # a share of 0 is the least value's, not that of the empty bins below it
        place = np.minimum(np.searchsorted(cumulative, first), len(cumulative) - 1)
        edges = self.grid.edges
        high = edges[np.minimum(place, len(edges) - 1)]
        low = np.where(self.grid.atoms[place], high, edges[np.maximum(place - 1, 0)])
        before = cumulative[place] - self.counts[place]
        part = (rank - before) / np.maximum(self.counts[place], 1)
        inner = (place > 0) & (place < len(edges))
        half = (high / 2 - low / 2) * part  # added twice: the whole width may be more than a float holds
        result: Floats = np.where(inner, low + half + half, high)
        return result
