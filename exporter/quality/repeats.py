"""Inputs that have been seen shortly before: records that are sent twice, caches that never expire."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column

MEMORY = 4096  # rows before a row in which the same inputs are looked for
Hashes = NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(31)


class Repeats:
    """Counts rows whose columns are all equal to those of one of the `MEMORY` rows before."""

    def __init__(self) -> None:
        self.count = 0
        self._recent: Hashes = np.empty(0, np.uint64)

    def add(self, columns: Sequence[Column]) -> None:
        """Add rows, each column of shape (rows,)."""
        if not columns or not len(columns[0]):
            return
        every = np.concatenate([self._recent, hashes(columns)])
        before = len(self._recent)
        if _repeated(np.sort(every)).any():  # to sort is much faster than to tell the order
            order = np.argsort(every, kind="stable")
            near = _repeated(every[order]) & (np.diff(order) <= MEMORY)
            self.count += int((near & (order[1:] >= before)).sum())
        self._recent = every[-MEMORY:].copy()

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        return self.count, self._recent.tobytes()

    def resume(self, saved: Sequence[object]) -> None:
        """Go on from what was saved."""
        count, recent = saved
        self.count = int(count)  # type: ignore[call-overload]
        self._recent = np.frombuffer(recent, np.uint64).copy()  # type: ignore[call-overload]


def _repeated(ascending: Hashes) -> NDArray[np.bool_]:
    return np.asarray(ascending[1:] == ascending[:-1])


@np.errstate(over="ignore")
def hashes(columns: Sequence[Column]) -> Hashes:
    """Return a number for each row that rows with other values hardly ever have, shape (rows,)."""
    found = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        bits = (column + 0.0).view(np.uint64) if column.dtype == np.float64 else column.astype(np.int64).view(np.uint64)
        found = (found ^ bits) * _ODD
        found ^= found >> _SHIFT
        found *= _MIX
    return found
