"""Windows over the stream of rows: by time and by rows, each a ring of tumbling panes whose sum is the window.

A pane is a tuple of component summaries, as is a window and a lifetime total. Rings are values: adding returns a new
one. A time window of 20 panes covers the last 95 to 100 % of its length. A row window is never more than its length and
at least four fifths of it: of 10 panes and 90 to 100 % where its length is a multiple of ten, exact up to 19 rows.

A window may be compared with an earlier one instead of the profile. That is a ring too, which lags or stands still.
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
class Earlier:
    """What a window is compared with instead of the profile: one `seconds` ago, the first `rows`, or that before it."""

    seconds: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A window by time (`seconds`) or by rows, and the text it was configured with.

    `own` is the text of the window alone, where `label` names an earlier one as its reference too.
    """

    label: str
    seconds: float | None = None
    rows: int | None = None
    earlier: Earlier | None = None
    own: str = ""

    @property
    def base(self) -> str:
        """Return the label of the window whatever it is compared with."""
        return self.own or self.label


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
    """Panes by their place in time, of which TIME_PANES cover `seconds`.

    The window is of `span` panes, the last of which is `lag` panes before the present one. `closed` is the running sum
    of all live ones but the newest, where nothing lags. `late` rows came when their pane had left the window.
    """

    measures: Sequence[Measure]
    seconds: float
    panes: Mapping[int, Summaries] = field(default_factory=dict)
    newest: int | None = None
    closed: Summaries | None = None
    span: int = TIME_PANES
    lag: int = 0
    late: int = 0

    def place(self, time: float) -> int:
        """Return the pane that a time (Unix seconds) belongs to."""
        return math.floor(time / self.seconds * TIME_PANES)

    def add(self, summaries: Summaries, place: int) -> "TimeRing":
        """Add summaries to a pane; those of a pane that has already left the window are left out and counted."""
        kept = self.span + self.lag
        if self.newest is not None and place <= self.newest - kept:
            return replace(self, late=self.late + summaries[0].presence.rows) if summaries else self
        newest = place if self.newest is None else max(place, self.newest)
        panes = {at: pane for at, pane in self.panes.items() if at > newest - kept}
        panes[place] = add(panes[place], summaries) if place in panes else summaries
        if self.lag or (newest == self.newest == place and self.closed is not None):
            return replace(self, panes=panes, newest=newest)
        return replace(self, panes=panes, newest=newest).summed()

    def summed(self) -> "TimeRing":
        """Return the ring with the running sum of its panes."""
        if self.lag:
            return self
        closed = total((pane for at, pane in self.panes.items() if at != self.newest), self.measures)
        return replace(self, closed=closed)

    def window(self, now: float) -> Summaries:
        """Return the sum of the panes that are live at a time (Unix seconds)."""
        last = self.place(now) - self.lag
        if self.newest is None:
            return total((), self.measures)
        if not self.lag and last <= self.newest and self.closed is not None:
            return add(self.closed, self.panes[self.newest])
        live = (pane for at, pane in self.panes.items() if last - self.span < at and (at <= last or not self.lag))
        return total(live, self.measures)


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


Ring = TimeRing | RowRing | FirstRows


def ring(spec: WindowSpec, measures: Sequence[Measure]) -> Ring:
    """Return an empty ring for a window."""
    if spec.rows is not None:
        return RowRing(measures, spec.rows)
    return TimeRing(measures, spec.seconds or math.inf)


def earlier(spec: WindowSpec, measures: Sequence[Measure]) -> Ring:
    """Return an empty ring for what a window is compared with; it has none of the window's rows, unless the first.

    The one before is of two panes of half the length, of which the last ends where the window begins or up to half its
    length earlier. The one some time ago is of the three such panes in which it lies.
    """
    if spec.earlier is None:
        raise ValueError(f"{spec.label} is compared with the profile")
    if spec.earlier.rows is not None:
        return FirstRows(measures, spec.earlier.rows)
    if spec.rows is not None:
        return RowRing(measures, spec.rows, lags=True)
    half = (spec.seconds or math.inf) / 2
    span, lag = (2, 3) if spec.earlier.seconds is None else (3, round(spec.earlier.seconds / half))
    return TimeRing(measures, half * TIME_PANES, span=span, lag=lag)


def rings(specs: Iterable[WindowSpec], measures: Sequence[Measure]) -> dict[str, Ring]:
    """Return a ring for each window by its base, and for each earlier one by the label that names it."""
    found: dict[str, Ring] = {}
    for spec in specs:
        found.setdefault(spec.base, ring(spec, measures))
        if spec.earlier is not None:
            found[spec.label] = earlier(spec, measures)
    return found
