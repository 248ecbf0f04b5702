"""The times that records carry: ahead of the clock, or before that of the record before."""

from collections.abc import Sequence

import numpy as np

from exporter.batch import Floats

AHEAD = 5.0  # seconds that clocks of two machines may differ


class Clock:
    """Counts times that are more than `AHEAD` in the future, and those that are before the one before."""

    def __init__(self) -> None:
        self.future = 0
        self.disordered = 0
        self._last = -np.inf

    def add(self, times: Floats, now: float) -> None:
        """Add times in the order of the log, shape (rows,), NaN where there is none, that arrived at `now`."""
        known = times[~np.isnan(times)]
        self.future += int((known > now + AHEAD).sum())
        known = known[known <= now + AHEAD]
        if len(known):
            self.disordered += int((np.diff(known, prepend=self._last) < 0).sum())
            self._last = float(known[-1])

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        return self.future, self.disordered, self._last

    def resume(self, saved: Sequence[float]) -> None:
        """Go on from what was saved."""
        future, disordered, self._last = saved
        self.future, self.disordered = int(future), int(disordered)
