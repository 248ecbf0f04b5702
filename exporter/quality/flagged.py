"""The latest predictions with an invalid value and the latest outliers, for people to look at."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Batch, Column, Fault, Mask
from exporter.quality.outliers import Outlier
from exporter.summaries import Measure

KEPT = 100
LOOK = 200  # rows at the end of a batch in which invalid values are looked for
CHARACTERS = 256  # of a tag
_FAULTS = {Fault.MISSING: "missing", Fault.TYPE: "type", Fault.EXTRACTOR: "extractor"}


@dataclass(frozen=True, slots=True)
class Flag:
    """A prediction: id (None where ids are not read), time or arrival (Unix seconds), and reasons by component.

    `scores` are those of an outlier by detector, `shares` those that components have in them. `values` are what was
    logged of the components that are reasons, where that may be shown.
    """

    id: str | None
    time: float
    reasons: dict[str, str]
    tags: dict[str, str | float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    values: dict[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where some rows come from: the batch, and their places in it."""

    batch: Batch
    rows: NDArray[np.intp]
    now: float

    @classmethod
    def of(cls, batch: Batch, rows: Mask, now: float) -> "Origin":
        """Return the origin of rows of a batch that arrived at `now`."""
        return cls(batch, np.flatnonzero(rows), now)

    def flag(self, row: int, reasons: dict[str, str], outliers: Sequence[Outlier]) -> Flag:
        """Return the flag of one of the rows."""
        batch, place = self.batch, int(self.rows[row])
        shares = [(f"input {name}", share) for one in outliers for name, share in one.shares.items()]
        return Flag(
            None if batch.ids is None else batch.ids[place],
            self.now if batch.times is None else float(batch.times[place]),
            reasons | {name: "outlier" for name, _ in shares if name not in reasons},
            {path: tag for path, values in batch.tags.items() if (tag := _tag(path, values[place])) is not None},
            {one.detector: one.score for one in outliers},
            dict(shares),
        )


class Flagged:
    """A ring of the latest flagged predictions, given the names and measures of components; `values` shows values."""

    def __init__(self, components: Sequence[tuple[str, Measure]], *, values: bool) -> None:
        self._components = components
        self._values = values
        self._ring: deque[Flag] = deque(maxlen=KEPT)

    def add(self, columns: Sequence[Column], origin: Origin, outliers: Iterable[Outlier]) -> None:
        """Look at the last rows of columns, each of shape (rows,), and at outliers among all."""
        found: dict[int, dict[str, str]] = {}
        start = max(len(columns[0]) - LOOK, 0)
        for (name, measure), column in zip(self._components, columns, strict=True):
            for row, reason in _reasons(column[start:], measure):
                found.setdefault(start + row, {})[name] = reason
        beyond: dict[int, list[Outlier]] = {}
        for one in outliers:
            beyond.setdefault(one.row, []).append(one)
        for row in sorted(found.keys() | beyond.keys())[-KEPT:]:
            flag = origin.flag(row, found.get(row, {}), beyond.get(row, ()))
            self._ring.append(replace(flag, values=self._shown(flag, columns, row)) if self._values else flag)

    def _shown(self, flag: Flag, columns: Sequence[Column], row: int) -> dict[str, str | float]:
        pairs = zip(self._components, columns, strict=True)
        logged = {name: _value(column[row], measure) for (name, measure), column in pairs if name in flag.reasons}
        return {name: value for name, value in logged.items() if value is not None}

    def latest(self) -> tuple[Flag, ...]:
        """Return what is kept, the latest first."""
        return tuple(reversed(self._ring))


def _tag(path: str, value: object) -> str | float | None:
    if not path.startswith("tags.") or not isinstance(value, str | int | float):
        return None
    return value[:CHARACTERS] if isinstance(value, str) else value


def _value(value: float, measure: Measure) -> str | float | None:
    """Return a number, or the level of a code; None where there is none, or one that the reference does not know."""
    if measure.grid is not None:
        return None if np.isnan(value) else float(value)
    return measure.levels[int(value)] if 0 <= value < len(measure.levels) else None


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
