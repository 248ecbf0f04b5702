"""Joins predictions and actuals by id, in whichever order they come: each id once, corrected where its actual is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Batch, Column, Floats, is_missing, later
from exporter.joins.decide import Decision, decide
from exporter.joins.keys import Words, keys_of
from exporter.joins.ledger import Found, Ledger
from exporter.joins.rows import EARLY, FAILED, JOINED, LABELLED, PREDICTED, WAITING, Kept, Rows, kinds, layout
from exporter.joins.run import Places

Flags = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tallies:
    """What has happened to actuals and to predictions without one, since the start."""

    actuals: int = 0
    unmatched: int = 0
    duplicate: int = 0
    unlabelled: int = 0
    revised: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What a batch has led to: its `kinds` without repeated predictions, and predictions with their actual.

    `outcomes` are rows in the order of the log, `delays` are seconds (NaN where prediction and actual are one record).
    `corrections` are outcomes, of this batch or from earlier, before and after they were corrected or completed: in
    turn, where the same one was several times.
    """

    kinds: Flags
    outcomes: Rows
    delays: Floats
    corrections: tuple[tuple[Rows, Rows], ...]


@dataclass(slots=True, eq=False)
class _Parts:
    """What the rounds of a batch have led to: outcomes with their places in the batch and their slots."""

    kinds: Flags
    places: list[Places] = field(default_factory=list)
    slots: list[Places] = field(default_factory=list)
    outcomes: list[Rows] = field(default_factory=list)
    delays: list[Floats] = field(default_factory=list)
    corrections: list[tuple[Rows, Rows]] = field(default_factory=list)

    def join(self, places: Places, slots: Places, rows: Rows, delays: Floats) -> None:
        """Take outcomes."""
        self.places.append(places)
        self.slots.append(slots)
        self.outcomes.append(rows)
        self.delays.append(delays)


class Joiner:
    """Joins by id. `wait` is in seconds; `limit` is how many wait, and how many of any other kind are remembered.

    `columns` are kept of each id. `outcomes` is how many there have been.
    """

    def __init__(self, columns: Sequence[Kept], wait: float, limit: int) -> None:
        self.ledger = Ledger(layout(columns))
        self.tallies = Tallies()
        self.outcomes = 0
        self.columns = tuple(columns)
        self._wait = wait
        self._limit = limit

    @property
    def pending(self) -> int:
        """Return how many predictions wait."""
        return int(self.ledger.counts[WAITING])

    def take(self, batch: Batch, columns: Sequence[Column], at: Floats) -> Joined:
        """Take records, each with its time (Unix seconds) and its values of the columns that are kept."""
        rows, parts = self._incoming(batch, columns, at), _Parts(batch.kinds.copy())
        named = _named(batch, rows)
        self._anonymous(rows, named, parts)
        for places in _rounds(rows["key"], named):
            self._round(places, rows[places], parts)
        return self._joined(rows, parts)

    def expire(self, now: float) -> None:
        """Give up what has waited too long at a time (Unix seconds), and the oldest beyond the limit."""
        self._lose(self.ledger.expire(now - self._wait, self._limit))
        self.ledger.settle()

    def _lose(self, lost: "NDArray[np.int64]") -> None:
        self._count(unlabelled=int(lost[WAITING]), unmatched=int(lost[EARLY]))

    def _count(self, **more: int) -> None:
        if any(more.values()):
            self.tallies = replace(self.tallies, **{name: getattr(self.tallies, name) + n for name, n in more.items()})

    def _incoming(self, batch: Batch, columns: Sequence[Column], at: Floats) -> Rows:
        rows = np.zeros(batch.rows, self.ledger.dtype)
        rows["at"] = at
        rows["state"] = np.where(batch.kinds & FAILED, batch.kinds & ~np.uint8(PREDICTED), batch.kinds)
        if batch.revisions is not None:
            rows["revision"] = np.nan_to_num(batch.revisions).clip(0, 2**31 - 1)
        for column, values in zip(self.columns, columns, strict=True):
            rows[column.name] = values
        self._await(rows)
        return rows

    def _await(self, rows: Rows) -> None:
        """Mark values that are still to come: an actual leaves them out, though it has others."""
        actual = [column for column in self.columns if column.actual]
        missing = {column: is_missing(rows[column.name]) for column in actual}
        if not any(missing[column].any() for column in actual if column.awaited):
            return
        partly = ~np.logical_and.reduce(list(missing.values()))
        for column in actual:
            if column.awaited:
                rows[column.name] = later(rows[column.name], missing[column] & partly)

    def _anonymous(self, rows: Rows, named: Places, parts: _Parts) -> None:
        """Take records without an id: of one with both prediction and actual comes an outcome, else of none."""
        if len(named) == len(rows):
            return
        places = np.setdiff1d(np.arange(len(rows)), named)
        state = rows["state"][places]
        both = places[kinds(state) == JOINED]
        self._count(actuals=int((state & LABELLED > 0).sum()), unmatched=int((kinds(state) == EARLY).sum()))
        parts.join(both, np.full(len(both), -1), rows[both], np.full(len(both), np.nan))

    def _round(self, places: Places, new: Rows, parts: _Parts) -> None:
        """Take records with different ids, from some places of the batch."""
        found = self.ledger.find(new["key"], new["check"])
        self._forget_stale(found, new["at"])
        decision = decide(found.rows, new, self.columns)
        parts.kinds[places[decision.repeated]] &= np.uint8(LABELLED)
        self._count(
            actuals=int((new["state"] & LABELLED > 0).sum()),
            duplicate=int(decision.duplicate.sum()),
            revised=int(decision.revised.sum()),
        )
        self._keep(places, found, decision, parts)

    def _keep(self, places: Places, found: Found, decision: Decision, parts: _Parts) -> None:
        put, joins, rows = np.flatnonzero(decision.put), np.flatnonzero(decision.joins), decision.rows
        rows["row"][joins] = -1 - places[joins]  # its number, until that is known
        self.ledger.put(found, put, rows[put])
        if len(joins):
            parts.join(places[joins], found.slot[joins], rows[joins], decision.delays[joins])
        if decision.corrects.any():
            parts.corrections.append((found.rows[decision.corrects], rows[decision.corrects]))

    def _forget_stale(self, found: Found, at: Floats) -> None:
        """Forget what had waited too long when the record came; it may not have been swept away yet."""
        stale = np.flatnonzero((found.rows["state"] > 0) & (found.rows["at"] <= at - self._wait))
        if len(stale):
            self._lose(np.bincount(kinds(found.rows["state"][stale]), minlength=4))
            self.ledger.forget(found, stale)

    def _joined(self, rows: Rows, parts: _Parts) -> Joined:
        corrections = tuple(parts.corrections)
        if not parts.places:
            return Joined(parts.kinds, rows[:0], np.empty(0), corrections)
        places, slots = np.concatenate(parts.places), np.concatenate(parts.slots)
        order = np.argsort(places)
        outcomes = np.concatenate(parts.outcomes)[order]
        numbers = np.zeros(len(rows), np.int64)
        numbers[places[order]] = np.arange(self.outcomes, self.outcomes + len(order))
        self.outcomes += len(order)
        self.ledger.number(slots[slots >= 0], numbers[places[slots >= 0]])
        for some in (outcomes, *chain.from_iterable(corrections)):
            new = np.flatnonzero(some["row"] < 0)
            some["row"][new] = numbers[-1 - some["row"][new]]
        return Joined(parts.kinds, outcomes, np.concatenate(parts.delays)[order], corrections)


def _named(batch: Batch, rows: Rows) -> Places:
    """Set the keys of records that have an id; returns their places."""
    ids = list(batch.ids or ())
    if None not in ids:
        places = np.arange(len(ids))
    else:
        places = np.array([place for place, key in enumerate(ids) if key is not None], np.int64)
    if len(places):
        rows["key"][places], rows["check"][places] = keys_of([key for key in ids if key is not None])
    return places


def _rounds(keys: Words, places: Places) -> Iterator[Places]:
    """Yield places in parts in which no key is repeated: all first records of their ids, all second ones and so on."""
    keys = keys[places]
    ascending = np.sort(keys)
    if not (ascending[1:] == ascending[:-1]).any():
        if len(places):
            yield places
        return
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1]))
    rank = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    for turn in range(int(rank.max()) + 1):
        yield np.sort(places[order[rank == turn]])
