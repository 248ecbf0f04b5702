"""The times that records carry: ahead of the clock, before that of the record before, or long after it."""

from collections.abc import Sequence

import numpy as np

from exporter.batch import Batch, Floats, Kind

AHEAD = 5.0  # seconds that clocks of two machines may differ
MARGIN = 2.0  # of the longest gap of the reference: as long a log again has one that is longer in every other case


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


class Silence:
    """Counts gaps between predictions of more than `MARGIN` times the `longest` of the reference, in seconds."""

    def __init__(self, longest: float) -> None:
        self.gaps = 0
        self._longest = longest
        self._last = np.nan

    def add(self, batch: Batch, now: float) -> None:
        """Look at the predictions of a batch; where their times were not read, at the time before the first of them."""
        predicted = (batch.kinds & Kind.PREDICTION.value) != 0
        if not predicted.any():
            return
        times = np.array([batch.oldest]) if batch.times is None else batch.times[predicted]
        newest = np.fmax.accumulate(np.append(self._last, times[times <= now + AHEAD]))
        self.gaps += int((np.diff(newest) > MARGIN * self._longest).sum())
        last = batch.newest if batch.times is None and batch.newest <= now + AHEAD else newest[-1]
        self._last = float(np.fmax(self._last, last))

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        return self.gaps, self._last

    def resume(self, saved: Sequence[float]) -> None:
        """Go on from what was saved."""
        gaps, self._last = saved
        self.gaps = int(gaps)
