"""All rows of a model by id: the newest in memory, older ones in runs that are merged now and then."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Mask
from exporter.joins.keys import Checks, Words
from exporter.joins.rows import KINDS, Rows, adapt, kinds
from exporter.joins.run import Memory, Places, Run, Shelf, write

CROWDED = 1 << 17  # rows that are held until they become a run, where no state file is written
CACHED = 1 << 18  # rows of the newest runs that are in memory too
LARGE = 1 << 17  # rows of a run from which on it is only merged to be rid of rows that have gone
LARGEST = 1 << 20
SLICE = 1 << 16  # rows that are merged at once
MERGED = 8  # runs of like size that become one


@dataclass(slots=True, eq=False)
class Found:
    """What is known of keys, each different: their rows (state 0: nothing), and where they are.

    `slot` is among the newest, `run` and `position` in a run; -1 where it is not there.
    """

    rows: Rows
    slot: Places
    run: Places
    position: Places


class Ledger:
    """Rows by key; each key has one at most. `counts` is how many there are by kind."""

    def __init__(self, dtype: "np.dtype[Any]") -> None:
        self.dtype = dtype
        self.shelf: Shelf = Memory()
        self.runs: list[Run] = []
        self.counts: NDArray[np.int64] = np.zeros(KINDS, np.int64)
        self._flush: list[Run] | None = None
        self._clear()

    def _clear(self) -> None:
        self._table: Rows = np.zeros(1024, self.dtype)
        self._index: dict[int, int] = {}
        self._used = 0
        self._oldest = math.inf

    @property
    def held(self) -> int:
        """Return how many rows are in memory alone."""
        return self._used

    def resume(self, shelf: Shelf, runs: Sequence[Run]) -> None:
        """Go on with the runs of a state file, the oldest first."""
        self.shelf, self.runs = shelf, list(runs)
        self.counts = sum((run.counts for run in runs), np.zeros(KINDS, np.int64))

    def find(self, keys: Words, checks: Checks) -> Found:
        """Look up keys, each different."""
        rows = np.zeros(len(keys), self.dtype)
        slot = np.fromiter(map(self._index.get, keys.tolist(), repeat(-1)), np.int64, len(keys))
        found = Found(rows, slot, np.full(len(keys), -1), np.full(len(keys), -1))
        here = np.flatnonzero(slot >= 0)
        rows[here] = self._table[slot[here]]
        if len(other := here[rows["check"][here] != checks[here]]):
            rows[other], slot[other] = np.zeros((), self.dtype), -1
        self._find_older(found, keys, checks)
        return found

    def _find_older(self, found: Found, keys: Words, checks: Checks) -> None:
        if not self.runs:
            return
        order = np.argsort(keys)
        order = order[found.slot[order] < 0]
        for place in range(len(self.runs) - 1, -1, -1):
            if not len(order):
                return
            which, positions, rows = self.runs[place].find(keys[order], checks[order], self.shelf)
            if len(which):
                here = order[which]
                found.rows[here] = adapt(rows, self.dtype)
                found.run[here], found.position[here] = place, positions
                order = np.delete(order, which)

    def put(self, found: Found, which: Places, rows: Rows) -> None:
        """Replace what was found at some places by rows; their slots are in `found` then."""
        self._leave(found, which)
        here = found.slot[which] < 0
        new = which[here]
        if len(new):
            first, self._used = self._used, self._used + len(new)
            while self._used > len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            found.slot[new] = np.arange(first, self._used)
            self._index.update(zip(rows["key"][here].tolist(), range(first, self._used), strict=True))
        self._table[found.slot[which]] = rows
        self.counts += np.bincount(kinds(rows["state"]), minlength=KINDS)
        self._oldest = min(self._oldest, float(rows["at"].min(initial=math.inf)))

    def number(self, slots: Places, rows: Places) -> None:
        """Set the numbers among the outcomes of rows that were just put."""
        self._table["row"][slots] = rows

    def forget(self, found: Found, which: Places) -> None:
        """Remove what was found at some places."""
        self._leave(found, which)
        slots = found.slot[which]
        self._drop(slots[slots >= 0])
        found.rows["state"][which] = 0
        found.slot[which] = -1

    def _leave(self, found: Found, which: Places) -> None:
        """Take what was found at some places out of the counts, and out of the runs."""
        states = found.rows["state"][which]
        known = states > 0
        self.counts -= np.bincount(kinds(states[known]), minlength=KINDS)
        runs = found.run[which]
        for place in np.unique(runs[runs >= 0]).tolist():
            here = runs == place
            self.runs[place].forget(found.position[which[here]], states[here])
        found.run[which] = -1

    def _drop(self, slots: Places) -> None:
        self._table["state"][slots] = 0
        for key in self._table["key"][slots].tolist():
            self._index.pop(key, None)

    def expire(self, cutoff: float, limit: int) -> "NDArray[np.int64]":
        """Remove what is as old as `cutoff` (Unix seconds), and the oldest over the limit of each kind.

        Returns how many of each kind.
        """
        lost = np.zeros(KINDS, np.int64)
        for run in self.runs:
            if run.oldest <= cutoff:
                lost += [run.give_up(kind, cutoff, 0, self.shelf) for kind in range(KINDS)]
        if self._oldest <= cutoff:
            lost += [self._give_up(kind, cutoff, 0) for kind in range(KINDS)]
            self._oldest = float(self._table["at"][: self._used][self._alive()].min(initial=math.inf))
        for kind in np.flatnonzero(self.counts - lost > limit).tolist():
            lost[kind] += self._shorten(kind, int(self.counts[kind] - lost[kind]) - limit)
        self.counts -= lost
        return lost

    def _shorten(self, kind: int, over: int) -> int:
        gone = 0
        for run in self.runs:
            if gone < over and run.counts[kind]:
                gone += run.give_up(kind, -math.inf, over - gone, self.shelf)
        return gone + (self._give_up(kind, -math.inf, over - gone) if gone < over else 0)

    def _alive(self) -> Mask:
        alive: Mask = self._table["state"][: self._used] > 0
        return alive

    def _give_up(self, kind: int, cutoff: float, over: int) -> int:
        slots = np.flatnonzero(self._alive() & (kinds(self._table["state"][: self._used]) == kind))
        at = self._table["at"][slots]
        gone = slots[np.argsort(at, kind="stable")][: max(over, int((at <= cutoff).sum()))]
        self._drop(gone)
        return len(gone)

    def settle(self) -> None:
        """Make a run of what is held, where it is much and nobody writes a state file."""
        if self._used >= CROWDED and isinstance(self.shelf, Memory):
            self.flush(self.shelf)
            self.flushed()

    def flush(self, shelf: Shelf) -> list[Run]:
        """Write what is held as a run, merge runs; returns those that there are then.

        Nothing changes until `flushed` is called, once what was written is safe.
        """
        runs, gone = [run for run in self.runs if run.left], [run for run in self.runs if not run.left]
        if group := _to_merge(runs):
            rows = sum(run.left for run in group)
            place = runs.index(group[0])
            runs[place : place + len(group)] = [write(_merged(group, self.dtype, shelf), rows, self.dtype, shelf)]
            gone += group
        slots = np.flatnonzero(self._alive())
        if len(slots):
            fresh = self._table[slots[np.argsort(self._table["key"][slots])]]
            runs.append(write([fresh], len(fresh), self.dtype, shelf))
            runs[-1].cache = fresh
        for run in gone:
            shelf.drop(run.first, len(run.fences))
        self._flush = runs
        return runs

    def flushed(self) -> None:
        """Take note that what the last flush has written is safe."""
        if self._flush is None:
            return
        self.runs, self._flush = self._flush, None
        self._clear()
        room = CACHED
        for run in reversed(self.runs):
            room -= run.rows
            run.changed = False
            if room < 0:
                run.cache = None


def _merged(group: Sequence[Run], dtype: "np.dtype[Any]", shelf: Shelf) -> Iterator[Rows]:
    """Yield the live rows of runs, by key; of keys there are as many in each range of equal length."""
    count = max(1, sum(run.rows for run in group) // SLICE)
    for low, high in ((part << 64, (part + 1) << 64) for part in range(count)):
        rows = np.concatenate([adapt(run.between(low // count, high // count, shelf), dtype) for run in group])
        yield rows[np.argsort(rows["key"])]


def _to_merge(runs: Sequence[Run]) -> Sequence[Run]:
    """Return neighbours that are to become one run: some of like size at the end, or two that are mostly gone."""
    for size in range(1, LARGE.bit_length() // 3 + 1):
        tail = len(runs)
        while tail and runs[tail - 1].left < 1 << 3 * size:
            tail -= 1
        if sum(run.left >= 1 << 3 * (size - 1) for run in runs[tail:]) >= MERGED:
            return runs[tail:]
    for pair in chain(pairwise(runs), zip(runs)):
        left = sum(run.left for run in pair)
        if left <= LARGEST and sum(run.rows for run in pair) > 2 * left + SLICE:
            return pair
    return ()
