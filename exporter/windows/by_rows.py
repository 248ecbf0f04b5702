"""Windows by rows: a ring of tumbling panes of an equal number of rows.

A window is never more than its length and at least four fifths of it: of 10 panes and 90 to 100 % where its length is a
multiple of ten, exact up to 19 rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from exporter.batch import Column
from exporter.summaries import Measure
from exporter.windows.sums import Summaries, add, corrected, summarise, total

ROW_PANES = 10
FOLD_ROWS = 4096  # rows are summarised when there are so many of them, or when somebody looks


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

    def correct(self, before: Sequence[Column], after: Sequence[Column]) -> "RowPane":
        """Return the pane with rows in the place of some of its own."""
        pair = summarise(before, self.measures), summarise(after, self.measures)
        return RowPane(self.measures, corrected(self.summaries, *pair), tuple(column[:0] for column in after))


@dataclass(frozen=True, slots=True, eq=False)
class RowRing:
    """Panes of an equal number of rows, counted from the first row of the log; `seen` is how many rows there were.

    One that `lags` is the window before the last one.
    """

    measures: Sequence[Measure]
    rows: int
    panes: Mapping[int, RowPane] = field(default_factory=dict)
    seen: int = 0
    lags: bool = False

    @property
    def size(self) -> int:
        """Return the rows of a pane."""
        return max(1, self.rows // ROW_PANES)

    def add(self, columns: Sequence[Column]) -> "RowRing":
        """Add the rows of columns; of more rows than the window holds only the last are looked at."""
        added = len(columns[0]) if columns else 0
        if not added:
            return self
        size, end = self.size, self.seen + added
        last = (end - 1) // size
        oldest = last - self.rows // size * (1 + self.lags) + 1
        panes = {at: pane for at, pane in self.panes.items() if at >= oldest}
        for at in range(max(self.seen // size, oldest), last + 1):
            rows = slice(max(at * size - self.seen, 0), (at + 1) * size - self.seen)
            part = tuple(column[rows] for column in columns)
            panes[at] = (panes.get(at) or RowPane(self.measures, None, tuple(c[:0] for c in part))).extend(part)
        return replace(self, panes=panes, seen=end)

    def correct(self, before: Sequence[Column], after: Sequence[Column], place: int) -> "RowRing":
        """Put rows in the place of others of a pane; where that has left the window nothing changes."""
        if place not in self.panes:
            return self
        return replace(self, panes={**self.panes, place: self.panes[place].correct(before, after)})

    def window(self, _now: float) -> Summaries:
        """Return the sum of the live panes."""
        end = (self.seen - 1) // self.size - self.rows // self.size * self.lags
        return total((pane.summaries for at, pane in self.panes.items() if at <= end), self.measures)


@dataclass(frozen=True, slots=True, eq=False)
class FirstRows:
    """The first `rows` rows ever, nothing before there are so many; its one pane is at place 0."""

    measures: Sequence[Measure]
    rows: int
    panes: Mapping[int, RowPane] = field(default_factory=dict)
    seen: int = 0

    def add(self, columns: Sequence[Column]) -> "FirstRows":
        """Add as many rows of columns as are still wanted."""
        part = tuple(column[: max(self.rows - self.seen, 0)] for column in columns)
        if not (part and len(part[0])):
            return self
        pane = self.panes.get(0) or RowPane(self.measures, None, tuple(c[:0] for c in part))
        return replace(self, panes={0: pane.extend(part)}, seen=self.seen + len(part[0]))

    def window(self, _now: float) -> Summaries:
        """Return the summary of the rows, once there are all of them."""
        full = self.seen >= self.rows
        return total((pane.summaries for pane in self.panes.values() if full), self.measures)
