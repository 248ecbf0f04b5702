"""Rows that share their components: their lifetime total and their windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats, Mask, later
from exporter.summaries import Measure
from exporter.windows.by_rows import RowRing
from exporter.windows.by_time import TimeRing
from exporter.windows.rings import Ring, rings
from exporter.windows.spec import WindowSpec
from exporter.windows.sums import Summaries, add, summarise, total

Rows = Mask | NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Rows (`after`) in the place of others (`before`), added at `times` (Unix seconds) and so many rows `ago`."""

    before: Sequence[Column]
    after: Sequence[Column]
    times: Floats
    ago: NDArray[np.int64]

    @property
    def new(self) -> list[Column]:
        """Return the values that are others than before; where there is none, it is marked as still to come."""
        pairs = zip(self.before, self.after, strict=True)
        return [later(after, _same(before, after)) for before, after in pairs]

    def select(self, rows: Rows, places: Iterable[int] | None = None) -> "Correction":
        """Return some rows, and of them some columns."""
        chosen = range(len(self.before)) if places is None else tuple(places)
        before, after = ([columns[place][rows] for place in chosen] for columns in (self.before, self.after))
        return Correction(before, after, self.times[rows], self.ago[rows])


def _same(old: Column, new: Column) -> Mask:
    """Tell which values, or rows of values, are the same, the fault of one that is not there included."""
    kind = np.int64 if old.dtype == np.float64 else np.int32
    same = old.view(kind) == new.view(kind)
    rows: Mask = same.all(axis=tuple(range(1, same.ndim)), keepdims=True)
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Lifetime total of rows that share their components, and by label their windows and the earlier ones."""

    measures: tuple[Measure, ...]
    total: Summaries
    rings: Mapping[str, Ring]

    @classmethod
    def of(cls, measures: Sequence[Measure], specs: Iterable[WindowSpec]) -> "Stream":
        """Return the stream of no rows."""
        return cls(tuple(measures), total((), measures), rings(specs, measures))

    def add(self, columns: Sequence[Column], now: float, times: Floats | None) -> "Stream":
        """Add rows that arrived at `now`, or that each have their own time (Unix seconds)."""
        summaries = summarise(columns, self.measures)
        extended = {label: _extend(ring, summaries, columns, now, times) for label, ring in self.rings.items()}
        return Stream(self.measures, add(self.total, summaries), extended)

    def correct(self, correction: Correction) -> "Stream":
        """Put rows in the place of others.

        Windows are then as if they had come like this at once; of the first rows, that others are compared with, they
        stay as they were. The lifetime total never takes anything back: it counts the values that are new too.
        """
        rings = {label: _correct(ring, correction) for label, ring in self.rings.items()}
        return Stream(self.measures, add(self.total, summarise(correction.new, self.measures)), rings)

    def windows(self, now: float) -> dict[str, Summaries]:
        """Return each window, and each earlier one, as of a time (Unix seconds)."""
        return {label: ring.window(now) for label, ring in self.rings.items()}


def _extend(old: Ring, summaries: Summaries, columns: Sequence[Column], now: float, times: Floats | None) -> Ring:
    if not isinstance(old, TimeRing):
        return old.add(columns)
    old = old.put_back(old.place(now))
    if times is None:
        return old.add(summaries, old.place(now))
    return _by_time(old, columns, times)


def _by_time(old: TimeRing, columns: Sequence[Column], times: Floats) -> TimeRing:
    places = np.array([old.place(time) for time in times.tolist()])
    for place in np.unique(places).tolist():
        rows = places == place
        old = old.add(summarise([column[rows] for column in columns], old.measures), place)
    return old


def _correct(ring: Ring, correction: Correction) -> Ring:
    if not isinstance(ring, TimeRing | RowRing):
        return ring
    if isinstance(ring, RowRing):
        places = (ring.seen - correction.ago) // ring.size
    else:
        places = np.array([ring.place(time) for time in correction.times.tolist()])
    for place in np.unique(places).tolist():
        part = correction.select(places == place)
        if isinstance(ring, RowRing):
            ring = ring.correct(part.before, part.after, place)
        else:
            before, after = (summarise(columns, ring.measures) for columns in (part.before, part.after))
            ring = ring.correct(before, after, place)
    return ring
