"""Numbers that count on by one, each of its own counter: which do not, and how many were left out."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from exporter.batch import Floats

CHARACTERS = 256  # of a key
FAR = 1e9  # numbers that one step leaves out at most
KNOWN = 10_000  # counters that are followed, those that were seen last


class Counters:
    """The last number of each counter; `missing` are the numbers that were left out, of all together."""

    def __init__(self) -> None:
        self.missing = 0
        self._last: OrderedDict[object, float] = OrderedDict()

    def add(self, numbers: Floats, keys: Sequence[object]) -> list[bool]:
        """Tell of each number, with the key of its counter, whether it is one more than the one before.

        Of the first of a counter that is so, and a row without a number, or with a key that is none, is left out. One
        that is lower, or the same again, is not one more; the counter goes on from there.
        """
        held = []
        for number, key in zip(numbers.tolist(), keys, strict=True):
            known = key[:CHARACTERS] if isinstance(key, str) else key
            if not math.isnan(number) and (known is None or isinstance(known, str | int | float)):
                held.append(self._follows(number, known))
        return held

    def _follows(self, number: float, key: object) -> bool:
        last = self._last.pop(key, None)
        self._last[key] = number
        if len(self._last) > KNOWN:
            self._last.popitem(last=False)
        if last is None:
            return True
        step = number - last
        self.missing += int(min(step, FAR) - 1) if step > 1 else 0
        return step == 1

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        return self.missing, tuple(self._last.items())

    def resume(self, saved: Sequence[Any]) -> None:
        """Go on from what was saved."""
        self.missing, last = saved
        self._last = OrderedDict((key, number) for key, number in last)
