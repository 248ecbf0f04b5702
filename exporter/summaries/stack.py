"""Summaries of many components side by side, so that a statistic is computed of all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats
from exporter.summaries.component import ComponentSummary
from exporter.summaries.moments import Moments
from exporter.summaries.presence import Presence

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Stack:
    """K summaries of one kind on the bins of their references; rows are components, padding holds no counts.

    `counts` are those of the exposed bins or the categories (`__other__` last), shape (K, B), `bins` how many of them
    are real, shape (K,). `fine` are those of the fine grid, shape (K, F), and `points` the values that stand for its
    bins, ascending, the last repeated as padding; F is 0 for categories.
    """

    counts: Floats
    bins: Floats
    fine: Floats
    points: Floats
    moments: tuple[Moments, ...]
    presences: tuple[Presence, ...]

    @cached_property
    def n(self) -> Floats:
        """Return how many values there are, shape (K,)."""
        result: Floats = self.counts.sum(axis=1)
        return result

    @cached_property
    def some(self) -> Floats:
        """Return `n`, NaN where there is nothing."""
        return np.where(self.n > 0, self.n, np.nan)

    @cached_property
    def real(self) -> NDArray[np.bool_]:
        """Tell bins from padding, shape (K, B)."""
        result: NDArray[np.bool_] = np.arange(self.counts.shape[1]) < self.bins[:, None]
        return result

    @cached_property
    def shares(self) -> Floats:
        """Return the share of each bin, shape (K, B); NaN of nothing."""
        result: Floats = self.counts / self.some[:, None]
        return result

    @cached_property
    def smoothed(self) -> Floats:
        """Return shares with half a count more in each bin, (c + 1/2) / (n + B/2), shape (K, B); 1 in padding.

        A logarithm of them is finite, and that of padding 0. NaN of nothing.
        """
        shares = (self.counts + 0.5) / (self.some + self.bins / 2)[:, None]
        return np.where(self.real, shares, 1.0)

    @cached_property
    def cumulative(self) -> Floats:
        """Return the share up to and with each bin of the fine grid, shape (K, F), the last 1; NaN of nothing."""
        result: Floats = np.cumsum(self.fine, axis=1) / self.some[:, None]
        return result

    @cached_property
    def mean(self) -> Floats:
        """Return the means of the finite values, shape (K,); NaN of nothing."""
        return np.array([part.mean for part in self.moments])

    @cached_property
    def deviation(self) -> Floats:
        """Return the standard deviations of the finite values, shape (K,); NaN below two values."""
        return np.array([part.deviation for part in self.moments])

    @cached_property
    def finite(self) -> Floats:
        """Return how many finite values there are, shape (K,)."""
        return np.array([part.n for part in self.moments], np.float64)

    def presence(self, *reasons: str) -> Floats:
        """Return how many rows are invalid for any of the reasons, or how many rows there are (`rows`), shape (K,)."""
        return np.array([sum(getattr(p, reason) for reason in reasons) for p in self.presences], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the bins of references go in a stack; made once, used for every window."""

    outer: Places
    bins: Floats
    points: Floats
    categories: bool

    @classmethod
    def of(cls, references: Sequence[ComponentSummary]) -> "Layout":
        """Lay out references of one kind: all numeric, or all categories."""
        histograms = [part.histogram for part in references if part.histogram is not None]
        if not histograms:
            bins = np.array([len(part.bins()) for part in references], np.float64)
            return cls(np.empty((len(references), 0), np.intp), bins, np.empty((len(references), 0)), categories=True)
        if len(histograms) < len(references):
            raise ValueError("numeric and category summaries do not go into one stack")
        width = max(len(h.counts) for h in histograms)
        edges = max(len(h.grid.outer) for h in histograms) + 1
        outer = np.full((len(histograms), edges), width - 1, np.intp)
        points = np.empty((len(histograms), width))
        for row, histogram in enumerate(histograms):
            outer[row, : len(histogram.grid.outer)] = histogram.grid.outer
            values = histogram.points()
            points[row, : len(values)], points[row, len(values) :] = values, values[-1]
        bins = np.array([len(h.grid.outer) + 1 for h in histograms], np.float64)
        return cls(outer, bins, points, categories=False)

    def stack(self, summaries: Sequence[ComponentSummary]) -> Stack:
        """Stack summaries, in the order of the references that were laid out."""
        presences = tuple(part.presence for part in summaries)
        if self.categories:
            width = int(self.bins.max(initial=0))
            counts = _padded([part.bins() for part in summaries], width)
            return Stack(counts, self.bins, self.points, self.points, (), presences)
        histograms = [part.histogram for part in summaries if part.histogram is not None]
        fine = _padded([h.counts for h in histograms], self.points.shape[1])
        upto = np.take_along_axis(np.cumsum(fine, axis=1), self.outer, axis=1)
        counts = np.diff(upto, axis=1, prepend=0.0)
        moments = tuple(part.moments or Moments() for part in summaries)
        return Stack(counts, self.bins, fine, self.points, moments, presences)


def _padded(parts: Sequence[NDArray[np.int64]], width: int) -> Floats:
    result = np.zeros((len(parts), width))
    for row, part in enumerate(parts):
        result[row, : len(part)] = part
    return result
