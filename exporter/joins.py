"""Predictions that wait for their actual, and actuals that wait for their prediction: bounded, by id."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Values = tuple[float, ...]
Match = tuple[Values, Values, float, float]  # of prediction and actual; delay in seconds; when they met, Unix seconds


@dataclass(frozen=True, slots=True)
class Tallies:
    """What has happened to actuals and to predictions without one, since the start."""

    actuals: int = 0
    unmatched: int = 0
    duplicate: int = 0
    unlabelled: int = 0


class Waiting:
    """Values by id in order of arrival, forgotten after `wait` seconds or when there are more than `limit`.

    `expired` counts what was forgotten. `changes`, once it is a dict, takes what is put and, as None, what is gone.
    """

    def __init__(self, wait: float, limit: int) -> None:
        self._wait = wait
        self._limit = limit
        self._items: dict[str, tuple[float, Values]] = {}
        self.expired = 0
        self.changes: dict[str, tuple[float, Values] | None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def put(self, key: str, at: float, values: Values = ()) -> None:
        """Keep values."""
        self._items[key] = (at, values)
        if self.changes is not None:
            self.changes[key] = (at, values)

    @property
    def items(self) -> Mapping[str, tuple[float, Values]]:
        """Return time and values by id, in order of arrival."""
        return self._items

    def resume(self, items: dict[str, tuple[float, Values]]) -> None:
        """Take up what waited before a restart, the oldest first, and note changes from now on."""
        self._items, self.changes = items, {}

    def take(self, key: str, now: float) -> tuple[float, Values] | None:
        """Return and forget the values of an id, with the time they arrived; None where it has waited too long."""
        found = self._items.pop(key, None)
        if found is not None and self.changes is not None:
            self.changes[key] = None
        if found is None or found[0] > now - self._wait:
            return found
        self.expired += 1
        return None

    def expire(self, now: float) -> None:
        """Forget what has waited too long or is over the limit.

        One pass finds all of it: the oldest item of a dict is slow to reach once many before it were deleted.
        """
        over = len(self._items) - self._limit
        gone: list[str] = []
        for key, (at, _) in self._items.items():
            if len(gone) >= over and at > now - self._wait:
                break
            gone.append(key)
        for key in gone:
            del self._items[key]
        if self.changes is not None:
            self.changes |= dict.fromkeys(gone)
        self.expired += len(gone)


class Joiner:
    """Joins predictions and actuals by id, in whichever order they come; each id once.

    `wait` is in seconds, `limit` the number of predictions (and of actuals, of ids already joined, and of ids of failed
    predictions) kept.
    """

    def __init__(self, wait: float, limit: int) -> None:
        self._predictions = Waiting(wait, limit)
        self._actuals = Waiting(wait, limit)
        self._joined = Waiting(wait, limit)
        self._failed = Waiting(wait, limit)
        self._seen = self._anonymous = self._duplicate = 0

    @property
    def pending(self) -> int:
        """Return how many predictions wait."""
        return len(self._predictions)

    @property
    def places(self) -> tuple[Waiting, ...]:
        """Return what waits: predictions, actuals, ids of what is joined, ids of failed predictions."""
        return self._predictions, self._actuals, self._joined, self._failed

    def resume(self, tallies: Tallies) -> None:
        """Go on from what had happened before a restart."""
        self._seen, self._anonymous, self._duplicate = tallies.actuals, tallies.unmatched, tallies.duplicate
        self._predictions.expired = tallies.unlabelled

    def tallies(self) -> Tallies:
        """Return what has happened so far."""
        unmatched = self._anonymous + self._actuals.expired
        return Tallies(self._seen, unmatched, self._duplicate, self._predictions.expired)

    def known(self, key: str | None) -> bool:
        """Tell whether a prediction of this id has been seen."""
        return key is not None and (key in self._predictions or key in self._joined)

    def failed(self, key: str | None) -> bool:
        """Tell whether a failed prediction of this id has been seen; it may have succeeded when it was tried again."""
        return key is not None and key in self._failed

    def fail(self, ids: Iterable[str | None], at: Iterable[float]) -> None:
        """Note failed predictions; they wait for nothing."""
        for key, now in zip(ids, at, strict=False):
            if key is not None:
                self._failed.put(key, now)

    def predict(self, ids: Iterable[str | None], values: Iterable[Values], at: Iterable[float]) -> list[Match]:
        """Add predictions; returns the matches of those whose actual was there already."""
        matches = []
        for key, row, now in zip(ids, values, at, strict=False):
            if key is None:
                continue
            early = self._actuals.take(key, now)
            if early is None:
                self._predictions.put(key, now, row)
            else:
                self._joined.put(key, now)
                matches.append((row, early[1], 0.0, now))
        return matches

    def label(self, ids: Sequence[str | None], values: Iterable[Values], at: Iterable[float]) -> list[Match]:
        """Add actuals; returns the matches of those whose prediction is known."""
        matches = []
        for key, row, now in zip(ids, values, at, strict=False):
            self._seen += 1
            if key is None:
                self._anonymous += 1
            elif key in self._joined or key in self._actuals:
                self._duplicate += 1
            elif (found := self._predictions.take(key, now)) is not None:
                self._joined.put(key, now)
                matches.append((found[1], row, max(now - found[0], 0.0), now))
            else:
                self._actuals.put(key, now, row)
        return matches

    def together(self, ids: Iterable[str | None], at: Iterable[float]) -> None:
        """Note records that carried prediction and actual at once."""
        for key, now in zip(ids, at, strict=False):
            self._seen += 1
            if key is not None:
                self._duplicate += self._actuals.take(key, now) is not None
                self._joined.put(key, now)

    def expire(self, now: float) -> None:
        """Give up on what has waited too long (Unix seconds)."""
        if not math.isnan(now):
            for waiting in (self._predictions, self._actuals, self._joined, self._failed):
                waiting.expire(now)
