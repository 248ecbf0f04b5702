"""Windows by time: a ring of tumbling panes whose sum is the window.

Rings are values: adding returns a new one. A window of 20 panes covers the last 95 to 100 % of its length.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from exporter.summaries import Measure
from exporter.windows.sums import Summaries, add, corrected, total

TIME_PANES = 20


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

    def correct(self, before: Summaries, after: Summaries, place: int) -> "TimeRing":
        """Put rows in the place of others of a pane; where that has left the window or lacks them nothing changes."""
        pane = self.panes.get(place, ())
        if not pane or any(old.presence.rows > kept.presence.rows for old, kept in zip(before, pane, strict=True)):
            return self
        panes = {**self.panes, place: corrected(pane, before, after)}
        ring = replace(self, panes=panes)
        return ring if place == self.newest else ring.summed()

    def put_back(self, place: int) -> "TimeRing":
        """Return the ring by a clock that was put back: of panes that are ahead of it now, the rows are in the present.

        They would keep all that comes out of the window until the clock is there again.
        """
        if self.newest is None or self.newest <= place:
            return self
        ahead = total((pane for at, pane in self.panes.items() if at >= place), self.measures)
        earlier = {at: pane for at, pane in self.panes.items() if at < place}
        return replace(self, panes={**earlier, place: ahead}, newest=place).summed()

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
