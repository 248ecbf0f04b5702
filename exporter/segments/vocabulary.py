"""Codes of the values of a tag. A bounded number of them are told apart: the first, until others are more frequent."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from exporter.batch import Codes

OTHER = "__other__"
ABSENT = -1
CHARACTERS = 256  # of a value; longer ones that begin alike are the same
KNOWN = 2000  # values that are counted beside those told apart
MEMORY = 1_000_000  # rows, after which all counts are halved: what was frequent long ago is not for ever
LEAD = 3.0  # times as frequent as the least of those told apart: so many rows cannot be chance, and ranks may swap


class Vocabulary:
    """Gives each value of a tag a code that is never used again, and says which codes have a slice of their own.

    The first `limit` values get one. Later, one that has been `LEAD` times as frequent as the least of them takes its
    place. `text` returns the label of a value, None where it has none.
    """

    def __init__(self, limit: int, text: Callable[[Any], str | None]) -> None:
        self.shown: dict[int, str] = {}
        self._limit = limit
        self._text = text
        self._codes = _Codes(self._new)
        self._by_label: dict[str, int] = {}
        self._rows: dict[int, int] = {}
        self._next = 0

    def codes(self, values: Iterable[object]) -> Codes:
        """Return the code of each value, shape (rows,): `ABSENT` where it has no label."""
        found = np.fromiter(map(self._codes.__getitem__, values), np.int32)
        self._count(found)
        return found

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        known = ((label, code, self._rows[code], code in self.shown) for label, code in self._by_label.items())
        return self._next, tuple(known)

    def resume(self, saved: Sequence[Any]) -> None:
        """Go on from what was saved."""
        self._next, known = saved
        self._codes.clear()
        self._by_label = {label: code for label, code, _, _ in known}
        self._rows = {code: rows for _, code, rows, _ in known}
        self.shown = {code: label for label, code, _, shown in known if shown}

    def _new(self, value: object) -> int:
        label = self._text(value)
        if label is None:
            return ABSENT
        whole, label = len(label) <= CHARACTERS, label[:CHARACTERS]
        if label not in self._by_label:
            self._by_label[label], self._rows[self._next] = self._next, 0
            if len(self.shown) < self._limit:
                self.shown[self._next] = label
            self._next += 1
        code = self._by_label[label]
        if whole:
            self._codes[value] = code
        return code

    def _count(self, codes: Codes) -> None:
        for code, rows in zip(*(part.tolist() for part in np.unique(codes, return_counts=True)), strict=True):
            if code != ABSENT:
                self._rows[code] += rows
                if code not in self.shown:
                    self._promote(code)
        if sum(self._rows.values()) > MEMORY:
            self._rows = {code: rows // 2 for code, rows in self._rows.items()}
        if len(self._by_label) > KNOWN + self._limit or len(self._codes) > 2 * KNOWN + self._limit:
            self._forget()

    def _promote(self, code: int) -> None:
        least = min(self.shown, key=self._rows.__getitem__)
        if self._rows[code] > LEAD * self._rows[least]:
            del self.shown[least]
            self.shown[code] = next(label for label, known in self._by_label.items() if known == code)

    def _forget(self) -> None:
        """Forget the rarer half of the values without a slice."""
        others = sorted((code for code in self._rows if code not in self.shown), key=self._rows.__getitem__)
        gone = set(others[: len(others) // 2])
        self._codes.clear()
        self._by_label = {label: code for label, code in self._by_label.items() if code not in gone}
        self._rows = {code: rows for code, rows in self._rows.items() if code not in gone}


class _Codes(dict[Any, int]):
    """Codes by value as it is logged; a new value is given to `new`."""

    def __init__(self, new: Callable[[object], int]) -> None:
        super().__init__()
        self._new = new

    def __missing__(self, value: object) -> int:
        return self._new(value)
