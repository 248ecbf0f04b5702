"""Predictions that wait for their actual, and actuals that wait for their prediction: bounded, by id."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Values = tuple[float, ...]
Match = tuple[Values, Values, float]


@dataclass(slots=True)
class Tallies:
    """What has happened to actuals and to predictions without one, since the start."""

    actuals: int = 0
    unmatched: int = 0
    duplicate: int = 0
    unlabelled: int = 0


class Waiting:
    """Values by id in order of arrival, forgotten after `wait` seconds or when there are more than `limit`."""

    def __init__(self, wait: float, limit: int) -> None:
        self._wait = wait
        self._limit = limit
        self._items: dict[str, tuple[float, Values]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def put(self, key: str, at: float, values: Values) -> None:
        """Keep values."""
        self._items[key] = (at, values)

    def take(self, key: str) -> tuple[float, Values] | None:
        """Return and forget the values of an id, with the time they arrived."""
        return self._items.pop(key, None)

    def expire(self, now: float) -> int:
        """Forget what has waited too long or is over the limit; returns how many."""
        gone = 0
        while self._items:
            key = next(iter(self._items))
            if len(self._items) <= self._limit and self._items[key][0] > now - self._wait:
                break
            del self._items[key]
            gone += 1
        return gone


class Joiner:
    """Joins predictions and actuals by id, in whichever order they come; each id once.

    `wait` is in seconds, `limit` the number of predictions (and of actuals, and of ids already joined) kept.
    """

    def __init__(self, wait: float, limit: int) -> None:
        self._predictions = Waiting(wait, limit)
        self._actuals = Waiting(wait, limit)
        self._joined = Waiting(wait, limit)
        self.tallies = Tallies()

    @property
    def pending(self) -> int:
        """Return how many predictions wait."""
        return len(self._predictions)

    def known(self, key: str | None) -> bool:
        """Tell whether a prediction of this id has been seen."""
        return key is not None and (key in self._predictions or key in self._joined)

    def predict(self, ids: Iterable[str | None], values: Iterable[Values], at: Iterable[float]) -> list[Match]:
        """Add predictions; returns (prediction, actual, delay in seconds) of those whose actual was there already."""
        matches = []
        for key, row, now in zip(ids, values, at, strict=False):
            if key is None:
                continue
            early = self._actuals.take(key)
            if early is None:
                self._predictions.put(key, now, row)
            else:
                self._joined.put(key, now, ())
                matches.append((row, early[1], 0.0))
        return matches

    def label(self, ids: Sequence[str | None], values: Iterable[Values], at: Iterable[float]) -> list[Match]:
        """Add actuals; returns (prediction, actual, delay in seconds) of those whose prediction is known."""
        matches = []
        for key, row, now in zip(ids, values, at, strict=False):
            self.tallies.actuals += 1
            if key is None:
                self.tallies.unmatched += 1
            elif key in self._joined or key in self._actuals:
                self.tallies.duplicate += 1
            elif (found := self._predictions.take(key)) is not None:
                self._joined.put(key, now, ())
                matches.append((found[1], row, max(now - found[0], 0.0)))
            else:
                self._actuals.put(key, now, row)
        return matches

    def together(self, ids: Iterable[str | None], at: Iterable[float]) -> None:
        """Note records that carried prediction and actual at once."""
        for key, now in zip(ids, at, strict=False):
            self.tallies.actuals += 1
            if key is not None:
                self._joined.put(key, now, ())

    def expire(self, now: float) -> None:
        """Give up on what has waited too long (Unix seconds)."""
        if not math.isnan(now):
            self.tallies.unlabelled += self._predictions.expire(now)
            self.tallies.unmatched += self._actuals.expire(now)
            self._joined.expire(now)
