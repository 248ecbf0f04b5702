"""Windows over the stream of rows: by time and by rows, each a ring of tumbling panes whose sum is the window.

A pane is a tuple of component summaries, as is a window and a lifetime total. Rings are values: adding returns a new
one. A time window of 20 panes covers the last 95 to 100 % of its length. A row window is never more than its length and
at least four fifths of it: of 10 panes and 90 to 100 % where its length is a multiple of ten, exact up to 19 rows.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import numpy as np

from exporter.batch import Column
from exporter.summaries import ComponentSummary, Measure

Summaries = tuple[ComponentSummary, ...]
TIME_PANES = 20
ROW_PANES = 10
FOLD_ROWS = 4096  # rows are summarised when there are so many of them, or when somebody looks


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A window by time (`seconds`) or by rows, and the text it was configured with."""

    label: str
    seconds: float | None = None
    rows: int | None = None


def add(left: Summaries, right: Summaries) -> Summaries:
    """Add component by component."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def total(parts: Iterable[Summaries], measures: Sequence[Measure]) -> Summaries:
    """Return the sum of summaries; the summary of nothing where there is none."""
    several = list(parts)
    return reduce(add, several) if several else tuple(measure.empty() for measure in measures)


def summarise(columns: Sequence[Column], measures: Sequence[Measure]) -> Summaries:
    """Summarise columns, each of shape (rows,)."""
    return tuple(measure.of(column) for measure, column in zip(measures, columns, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class TimeRing:
    """Panes by their place in time; `closed` is the running sum of all live ones but the newest."""

    measures: Sequence[Measure]
    seconds: float
    panes: Mapping[int, Summaries] = field(default_factory=dict)
    newest: int | None = None
    closed: Summaries | None = None

    def place(self, time: float) -> int:
        """Return the pane that a time (Unix seconds) belongs to."""
        return math.floor(time / self.seconds * TIME_PANES)

    def add(self, summaries: Summaries, place: int) -> "TimeRing":
        """Add summaries to a pane; those of a pane that has already left the window are left out."""
        if self.newest is not None and place <= self.newest - TIME_PANES:
            return self
        newest = place if self.newest is None else max(place, self.newest)
        panes = {at: pane for at, pane in self.panes.items() if at > newest - TIME_PANES}
        panes[place] = add(panes[place], summaries) if place in panes else summaries
        if newest == self.newest == place and self.closed is not None:
            return replace(self, panes=panes)
        closed = total((pane for at, pane in panes.items() if at != newest), self.measures)
        return TimeRing(self.measures, self.seconds, panes, newest, closed)

    def window(self, now: float) -> Summaries:
        """Return the sum of the panes that are live at a time (Unix seconds)."""
        here = self.place(now)
        if self.newest is None:
            return total((), self.measures)
        if here <= self.newest and self.closed is not None:
            return add(self.closed, self.panes[self.newest])
        return total((pane for at, pane in self.panes.items() if at > here - TIME_PANES), self.measures)


@dataclass(frozen=True, eq=False)
class RowPane:
    """Some consecutive rows: a summary of the first of them and the columns of the rest."""

    measures: Sequence[Measure]
    head: Summaries | None
    columns: tuple[Column, ...]

    @cached_property
    def summaries(self) -> Summaries:
        """Return the summary of all rows; it is made when it is first asked for."""
        rest = summarise(self.columns, self.measures)
        return rest if self.head is None else add(self.head, rest)

    def extend(self, columns: Sequence[Column]) -> "RowPane":
        """Return the pane with more rows."""
        joined = tuple(np.concatenate(pair) for pair in zip(self.columns, columns, strict=True))
        if len(joined[0]) < FOLD_ROWS:
            return RowPane(self.measures, self.head, joined)
        folded = summarise(joined, self.measures)
        head = folded if self.head is None else add(self.head, folded)
        return RowPane(self.measures, head, tuple(column[:0].copy() for column in joined))  # a view would keep them all


@dataclass(frozen=True, slots=True, eq=False)
class RowRing:
    """Panes of an equal number of rows, counted from the first row of the log; `seen` is how many rows there were."""

    measures: Sequence[Measure]
    rows: int
    panes: Mapping[int, RowPane] = field(default_factory=dict)
    seen: int = 0

    def add(self, columns: Sequence[Column]) -> "RowRing":
        """Add the rows of columns; of more rows than the window holds only the last are looked at."""
        added = len(columns[0]) if columns else 0
        if not added:
            return self
        size = max(1, self.rows // ROW_PANES)
        end = self.seen + added
        last = (end - 1) // size
        oldest = last - self.rows // size + 1
        panes = {at: pane for at, pane in self.panes.items() if at >= oldest}
        for at in range(max(self.seen // size, oldest), last + 1):
            rows = slice(max(at * size - self.seen, 0), (at + 1) * size - self.seen)
            part = tuple(column[rows] for column in columns)
            panes[at] = (panes.get(at) or RowPane(self.measures, None, tuple(c[:0] for c in part))).extend(part)
        return RowRing(self.measures, self.rows, panes, end)

    def window(self, _now: float) -> Summaries:
        """Return the sum of the live panes."""
        return total((pane.summaries for pane in self.panes.values()), self.measures)


Ring = TimeRing | RowRing


def ring(spec: WindowSpec, measures: Sequence[Measure]) -> Ring:
    """Return an empty ring for a window."""
    if spec.rows is not None:
        return RowRing(measures, spec.rows)
    return TimeRing(measures, spec.seconds or math.inf)
