"""The latest predictions with an invalid value, for people to look at: which record and what is wrong, no values."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Fault
from exporter.summaries import Measure

KEPT = 100
LOOK = 200  # rows at the end of a batch
_FAULTS = {Fault.MISSING: "missing", Fault.TYPE: "type", Fault.EXTRACTOR: "extractor"}


@dataclass(frozen=True, slots=True)
class Flag:
    """A prediction: id (None where ids are not read), time or arrival (Unix seconds), and reasons by component."""

    id: str | None
    time: float
    reasons: dict[str, str]


class Flagged:
    """A ring of the latest flagged predictions, given the names and measures of components."""

    def __init__(self, components: Sequence[tuple[str, Measure]]) -> None:
        self._components = components
        self._ring: deque[Flag] = deque(maxlen=KEPT)

    def add(self, columns: Sequence[Column], ids: Sequence[str | None], times: Sequence[float]) -> None:
        """Look at the last rows of columns, each of shape (rows,), given ids and times of at most `LOOK` of them."""
        found: dict[int, dict[str, str]] = {}
        for (name, measure), column in zip(self._components, columns, strict=True):
            for row, reason in _reasons(column[-LOOK:], measure):
                found.setdefault(row, {})[name] = reason
        self._ring.extend(Flag(ids[row], times[row], found[row]) for row in sorted(found))

    def latest(self) -> tuple[Flag, ...]:
        """Return what is kept, the latest first."""
        return tuple(reversed(self._ring))


def _reasons(column: Column, measure: Measure) -> list[tuple[int, str]]:
    """Return place and reason of each invalid value."""
    if measure.grid is None:
        wrong = (column < 0) | ((column >= len(measure.levels)) & measure.complete)
        return [(row, _coded(int(column[row]))) for row in np.flatnonzero(wrong).tolist()]
    low, high = column < measure.domain.low, column > measure.domain.high
    wrong = np.isnan(column) | low | high
    return [(row, _numeric(column, row, low)) for row in np.flatnonzero(wrong).tolist()]


def _coded(code: int) -> str:
    return _FAULTS[Fault(-code)] if code < 0 else "unseen"


def _numeric(column: Column, row: int, low: NDArray[np.bool_]) -> str:
    if np.isnan(column[row]):
        return _FAULTS[Fault(int(column[row : row + 1].view(np.int64)[0]) & 3 or Fault.MISSING)]
    return "below" if low[row] else "above"
