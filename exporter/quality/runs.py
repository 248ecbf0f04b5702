"""Components that repeat one value: how long, and from when on that is no accident."""

import math
from collections.abc import Sequence

import numpy as np

from exporter.batch import Column
from exporter.summaries import ComponentSummary

ERROR = 1e-9  # chance of so long a run at a given row, where nothing is wrong
LEAST = 10  # rows, however rare a value is
NEVER = 100_000  # rows, after which a component whose reference hardly moves is not watched


class Runs:
    """The number of equal values in a row at the end of each column; a row without a value begins anew."""

    def __init__(self, columns: int) -> None:
        self.lengths = [0] * columns
        self._last: list[float | None] = [None] * columns

    def add(self, columns: Sequence[Column]) -> None:
        """Add rows, each column of shape (rows,)."""
        for place, column in enumerate(columns):
            if len(column):
                self._extend(place, column)

    def _extend(self, place: int, column: Column) -> None:
        last = column[-1].item()
        if last != last or (column.dtype != np.float64 and last < 0):  # noqa: PLR0124 - NaN is not itself
            self.lengths[place], self._last[place] = 0, None
            return
        others = np.flatnonzero(column != last)
        if len(others):
            self.lengths[place] = len(column) - 1 - int(others[-1])
        else:
            self.lengths[place] = len(column) + (self.lengths[place] if self._last[place] == last else 0)
        self._last[place] = last

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        return tuple(self.lengths), tuple(self._last)

    def resume(self, saved: Sequence[Sequence[object]]) -> None:
        """Go on from what was saved of as many columns."""
        lengths, last = saved
        if len(lengths) == len(self.lengths):
            self.lengths, self._last = list(lengths), list(last)  # type: ignore[arg-type]


def stuck_from(reference: ComponentSummary, dispersion: float) -> int:
    """Return the run from which a component is stuck, in rows; 0 where its reference is nearly constant itself.

    A value that has the share p of the reference comes r times in a row with chance p^r; p is that of its most frequent
    category or point mass, with one value more. Where rows of the reference repeat each other, the run is that longer.
    """
    share = (_most(reference) + 1) / (reference.n + 1)
    run = max(LEAST, math.ceil(math.log(ERROR) / math.log(share) * dispersion)) if share < 1 else NEVER
    return run if run < NEVER else 0


def _most(reference: ComponentSummary) -> int:
    if reference.categories is not None:
        return int(reference.categories.counts.max(initial=0))
    if reference.histogram is None:
        return reference.n
    atoms = reference.histogram.counts[reference.histogram.grid.atoms]
    return int(atoms.max(initial=0))
