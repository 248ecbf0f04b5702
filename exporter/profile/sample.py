"""A uniform sample of rows of any number: those of the smallest keys, in the order they came."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from exporter.profile.spec import ProfileSpec
from exporter.profile.values import Key, Raw, joined, learns, picked

ROWS = 200_000  # a share of so many is within 0.3 percentage points of that of all rows (DKW, 95 %)
LEARNING = 20_000  # where an extractor learns, which needs the data themselves
SPARE = 1.25  # of the rows that are held before some are dropped
LAST = 2**64 - 1
Keys = NDArray[np.uint64]


def most(spec: ProfileSpec) -> int:
    """Return of how many rows a profile is built where there are more than can be held."""
    return LEARNING if any(map(learns, spec.components)) else ROWS


class Sample:
    """Holds columns of up to `rows` rows by random keys that are drawn for each row, or made of its identity.

    A row whose key is above `limit` is not in the sample, whatever comes.
    """

    def __init__(self, rows: int) -> None:
        self.limit = LAST
        self._rows = rows
        self._keys: list[Keys] = []
        self._columns: dict[Key, list[Raw]] = {}

    def add(self, keys: Keys, columns: Mapping[Key, Raw]) -> None:
        """Add rows, of which some are dropped where they are too many; keys have shape (rows,)."""
        self._keys.append(keys)
        for key, column in columns.items():
            self._columns.setdefault(key, []).append(column)
        if sum(map(len, self._keys)) > SPARE * self._rows:
            self.lower(_nth(np.concatenate(self._keys), self._rows))

    def lower(self, limit: int) -> None:
        """Drop the rows whose keys are above a limit."""
        self.limit = min(self.limit, limit)
        if not self._keys:
            return
        places = np.flatnonzero(np.concatenate(self._keys) <= self.limit)
        self._keys = [np.concatenate(self._keys)[places]]
        self._columns = {key: [picked(joined(parts), places)] for key, parts in self._columns.items()}

    def take(self) -> tuple[Keys, dict[Key, Raw]]:
        """Return the keys, shape (rows,), and columns of the sample."""
        if not self._keys:
            return np.zeros(0, np.uint64), {}
        self.lower(_nth(np.concatenate(self._keys), self._rows))
        return self._keys[0], {key: column for key, (column,) in self._columns.items()}


def _nth(keys: Keys, rows: int) -> int:
    return int(np.partition(keys, rows - 1)[rows - 1]) if len(keys) > rows else LAST
