"""Rows that share their components: their lifetime total and their windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.batch import Column, Floats
from exporter.summaries import Measure
from exporter.windows.by_time import TimeRing
from exporter.windows.rings import Ring, rings
from exporter.windows.spec import WindowSpec
from exporter.windows.sums import Summaries, add, summarise, total


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

    def windows(self, now: float) -> dict[str, Summaries]:
        """Return each window, and each earlier one, as of a time (Unix seconds)."""
        return {label: ring.window(now) for label, ring in self.rings.items()}


def _extend(old: Ring, summaries: Summaries, columns: Sequence[Column], now: float, times: Floats | None) -> Ring:
    if not isinstance(old, TimeRing):
        return old.add(columns)
    if times is None:
        return old.add(summaries, old.place(now))
    return _by_time(old, columns, times)


def _by_time(old: TimeRing, columns: Sequence[Column], times: Floats) -> TimeRing:
    places = np.array([old.place(time) for time in times.tolist()])
    for place in np.unique(places).tolist():
        rows = places == place
        old = old.add(summarise([column[rows] for column in columns], old.measures), place)
    return old
