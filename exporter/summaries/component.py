"""All that is kept of one component: validity, and the distribution of its numbers or categories, or sums of rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from exporter.batch import Codes, Column, Floats, fault_counts
from exporter.summaries.categories import Categories
from exporter.summaries.histogram import Grid, Histogram
from exporter.summaries.moments import Moments
from exporter.summaries.presence import Presence


@dataclass(frozen=True, slots=True)
class Domain:
    """The closed range of valid numbers."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """What rows add up to: `of` returns `width` sums of a column, shape (rows, ...), and how many rows have a value.

    `signature` tells it from all others.
    """

    of: Callable[[Column], tuple[Floats, int]]
    width: int
    signature: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """How a component is summarised: a numeric one by grid and domain, a category by its levels, others by weighing.

    A value that is none of the levels is invalid only where they are `complete`: where the reference has more
    categories than are counted one by one, it may be one of those.
    """

    grid: Grid | None = None
    levels: tuple[str, ...] = ()
    complete: bool = True
    domain: Domain = Domain()
    weighing: Weighing | None = None

    @property
    def signature(self) -> bytes:
        """Return what tells its bins, categories or sums from all others."""
        if self.weighing is not None:
            return self.weighing.signature
        return repr(self.levels).encode() if self.grid is None else self.grid.edges.tobytes()

    def empty(self) -> "ComponentSummary":
        """Return the summary of no rows."""
        if self.weighing is not None:
            return ComponentSummary(Presence(), sums=np.zeros(self.weighing.width))
        if self.grid is None:
            return ComponentSummary(Presence(), categories=Categories.empty(self.levels))
        return ComponentSummary(Presence(), Moments(), Histogram.empty(self.grid))

    def coarse(self) -> "Measure":
        """Return the measure that counts on the exposed edges alone."""
        if self.grid is None:
            return self
        edges = self.grid.outer_edges
        return replace(self, grid=Grid(edges, np.arange(len(edges)), np.zeros(len(edges) + 1, np.bool_)))

    def of(self, column: Column) -> "ComponentSummary":
        """Summarise a column, shape (rows,)."""
        if self.weighing is not None:
            sums, valid = self.weighing.of(column)
            return ComponentSummary(Presence(len(column), missing=len(column) - valid), sums=sums)
        return self._categories(column) if self.grid is None else self._numbers(column, self.grid)

    def _numbers(self, column: Floats, grid: Grid) -> "ComponentSummary":
        rows = len(column)
        values = column.copy()
        values.sort()
        n = rows - int(np.isnan(values).sum()) if rows and np.isnan(values[-1]) else rows
        values = values[:n]
        missing, mistyped, failed, later = fault_counts(column) if n < rows else (0, 0, 0, 0)
        below = int(values.searchsorted(self.domain.low, side="left"))
        above = n - int(values.searchsorted(self.domain.high, side="right"))
        presence = Presence(rows - later, missing, mistyped, failed, below, above)
        finite = values
        if n and not (math.isfinite(values[0]) and math.isfinite(values[-1])):
            finite = values[np.isfinite(values)]
        moments = Moments.of_finite(finite, float(finite[0]), float(finite[-1])) if len(finite) else Moments()
        return ComponentSummary(presence, moments, Histogram.of_sorted(values, grid))

    def _categories(self, column: Codes) -> "ComponentSummary":
        categories = Categories.of(column, self.levels)
        rows = len(column)
        missing, mistyped, failed, later = fault_counts(column) if categories.n < rows else (0, 0, 0, 0)
        unseen = int(categories.counts[-1]) if self.complete else 0
        presence = Presence(rows - later, missing, mistyped, failed, unseen=unseen)
        return ComponentSummary(presence, categories=categories)


@dataclass(frozen=True, slots=True, eq=False)
class ComponentSummary:
    """Presence with moments and histogram, with categories, or with sums."""

    presence: Presence
    moments: Moments | None = None
    histogram: Histogram | None = None
    categories: Categories | None = None
    sums: Floats | None = None

    def __add__(self, other: "ComponentSummary") -> "ComponentSummary":
        presence = self.presence + other.presence
        if self.sums is not None and other.sums is not None:
            return ComponentSummary(presence, sums=self.sums + other.sums)
        if self.categories is not None and other.categories is not None:
            return ComponentSummary(presence, categories=self.categories + other.categories)
        if self.histogram is None or other.histogram is None or self.moments is None or other.moments is None:
            raise ValueError("summaries of different kinds cannot be added")
        return ComponentSummary(presence, self.moments + other.moments, self.histogram + other.histogram)

    def coarse(self, measure: Measure) -> "ComponentSummary":
        """Return the summary as a coarse measure would have made it."""
        if self.histogram is None or measure.grid is None:
            return self
        return replace(self, histogram=Histogram(measure.grid, self.histogram.outer_counts()))

    def __sub__(self, other: "ComponentSummary") -> "ComponentSummary":
        """Take away values that were added; the extremes stay as they were."""
        presence = self.presence - other.presence
        if self.sums is not None and other.sums is not None:
            return ComponentSummary(presence, sums=self.sums - other.sums)
        if self.categories is not None and other.categories is not None:
            return ComponentSummary(presence, categories=self.categories - other.categories)
        if self.histogram is None or other.histogram is None or self.moments is None or other.moments is None:
            raise ValueError("summaries of different kinds cannot be taken from each other")
        return ComponentSummary(presence, self.moments - other.moments, self.histogram - other.histogram)

    @property
    def n(self) -> int:
        """Return the number of values, those outside of the domain included."""
        counted = self.categories or self.histogram
        return 0 if counted is None else counted.n

    def bins(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Return the counts that drift is measured on: the exposed bins or the categories, `__other__` last."""
        if self.categories is not None:
            return self.categories.counts
        if self.histogram is None:
            raise ValueError("a summary of nothing has no bins")
        return self.histogram.outer_counts()
