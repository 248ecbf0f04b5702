"""Rows that do not change any more, sorted by key in pages; in memory are only a filter, fences and what has gone."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats, Mask
from exporter.joins.keys import Checks, Words
from exporter.joins.rows import KINDS, PAGE_BYTES, Rows, kinds

FILTER_BITS = 16  # a row: of keys that are not in a run, some 0.5 % are looked for in its pages
BLOCK = 1024  # pages that are read at once where all are read
Places = NDArray[np.int64]


class Shelf(Protocol):
    """Where pages are kept by number."""

    def append(self, page: bytes) -> int:
        """Keep a page, and return its number, one more than the last."""

    def read(self, numbers: Sequence[int]) -> bytes:
        """Return pages, one after the other."""

    def drop(self, first: int, count: int) -> None:
        """Forget consecutive pages."""


class Memory:
    """Pages in memory."""

    def __init__(self) -> None:
        self._pages: dict[int, bytes] = {}
        self._next = 0

    def append(self, page: bytes) -> int:
        """Keep a page."""
        self._pages[self._next] = page
        self._next += 1
        return self._next - 1

    def read(self, numbers: Sequence[int]) -> bytes:
        """Return pages."""
        return b"".join([self._pages[number] for number in numbers])

    def drop(self, first: int, count: int) -> None:
        """Forget pages."""
        for number in range(first, first + count):
            del self._pages[number]


@dataclass(slots=True, eq=False)
class Run:
    """A run: its first page, what each page's first key is, and which rows are `live`, in all and by kind.

    No live row is older than `oldest` (Unix seconds). `changed` tells that rows have gone since that was last written.
    `cache` are the rows themselves, where they are in memory.
    """

    dtype: "np.dtype[Any]"
    first: int
    fences: Words
    filter: Words
    live: Mask
    counts: NDArray[np.int64]
    oldest: float
    cache: Rows | None = None
    changed: bool = True
    queues: dict[int, tuple[Floats, Places]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return how many rows there are, those that have gone included."""
        return len(self.live)

    @property
    def left(self) -> int:
        """Return how many rows are live."""
        return int(self.counts.sum())

    @property
    def per_page(self) -> int:
        """Return how many rows a page has; the last one may have fewer."""
        return PAGE_BYTES // self.dtype.itemsize

    def find(self, keys: Words, checks: Checks, shelf: Shelf) -> tuple[Places, Places, Rows]:
        """Look up keys in ascending order; returns the places of those that are live here, their positions and rows."""
        bits = marks(checks)
        found = np.flatnonzero(self.filter[words(keys, len(self.filter))] & bits == bits)
        if not len(found):
            return found, found, np.empty(0, self.dtype)
        wanted = keys[found]
        rows, positions = self._near(wanted, shelf)
        same = (rows["key"] == wanted) & (rows["check"] == checks[found]) & self.live[positions]
        return found[same], positions[same], rows[same]

    def _near(self, keys: Words, shelf: Shelf) -> tuple[Rows, Places]:
        """Return the first row not below each key on its page, or the page's last one, with its position."""
        pages = np.maximum(np.searchsorted(self.fences, keys, side="right") - 1, 0)
        several = np.unique(pages)
        rows = self._read(several, shelf)
        places = np.minimum(np.searchsorted(rows["key"], keys), len(rows) - 1)
        return rows[places], several[places // self.per_page] * self.per_page + places % self.per_page

    def _read(self, pages: Places, shelf: Shelf) -> Rows:
        if self.cache is not None and len(pages) == len(self.fences):
            return self.cache
        rows: Rows
        if self.cache is None:
            rows = np.frombuffer(shelf.read((self.first + pages).tolist()), self.dtype)
        else:
            positions = (pages[:, None] * self.per_page + np.arange(self.per_page)).ravel()
            rows = self.cache[positions[positions < self.rows]]
        return rows

    def between(self, low: int, high: int, shelf: Shelf) -> Rows:
        """Return the live rows with low <= key < high, in order."""
        edges = np.array([low, high - 1], np.uint64)
        start, end = np.maximum(np.searchsorted(self.fences, edges, side="right") - 1, 0).tolist()
        rows = self._read(np.arange(start, end + 1), shelf)
        wanted = self.live[start * self.per_page :][: len(rows)] & (rows["key"] >= edges[0]) & (rows["key"] <= edges[1])
        found: Rows = rows[wanted]
        return found

    def forget(self, positions: Places, states: "NDArray[np.uint8]") -> None:
        """Take note that live rows have gone."""
        self.live[positions] = False
        self.counts -= np.bincount(kinds(states), minlength=KINDS)
        self.changed = True

    def give_up(self, kind: int, cutoff: float, over: int, shelf: Shelf) -> int:
        """Forget the rows of a kind that are as old as `cutoff`, at least the `over` oldest; returns how many."""
        if not self.queues:
            self.queues = self._ages(shelf)
        at, positions = self.queues[kind]
        due = int(np.searchsorted(at, cutoff, side="right"))
        gone = positions[:due][self.live[positions[:due]]]
        while len(gone) < over and due < len(at):
            block = positions[due : due + over - len(gone)]
            gone = np.concatenate([gone, block[self.live[block]]])
            due += len(block)
        self.queues[kind] = at[due:], positions[due:]
        self.live[gone] = False
        self.counts[kind] -= len(gone)
        self.changed |= len(gone) > 0
        self.oldest = min(
            (float(at[0]) for kind, (at, _) in self.queues.items() if len(at) and self.counts[kind]), default=math.inf
        )
        return len(gone)

    def _ages(self, shelf: Shelf) -> dict[int, tuple[Floats, Places]]:
        """Return by kind the times of live rows, the oldest first, and their positions."""
        pages, found = np.arange(len(self.fences)), []
        for start in range(0, len(pages), BLOCK):
            rows = self._read(pages[start : start + BLOCK], shelf)
            live = np.flatnonzero(self.live[start * self.per_page :][: len(rows)])
            found.append((rows["at"][live], kinds(rows["state"][live]), live + start * self.per_page))
        at, kind, positions = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(at, kind="stable")
        at, kind, positions = at[order], kind[order], positions[order]
        return {one: (at[kind == one], positions[kind == one]) for one in range(KINDS)}


def write(parts: Iterable[Rows], rows: int, dtype: "np.dtype[Any]", shelf: Shelf) -> Run:
    """Write a run of so many rows, at least one, which come in ascending order of their keys."""
    per_page, numbers, fences = PAGE_BYTES // dtype.itemsize, [], []
    held, oldest = np.empty(0, dtype), math.inf
    counts = np.zeros(KINDS, np.int64)
    sieve = np.zeros(max(1, rows * FILTER_BITS // 64), np.uint64)
    for part in chain(parts, [None]):
        if part is not None and len(part):
            _mark(sieve, part["key"], part["check"])
            counts += np.bincount(kinds(part["state"]), minlength=KINDS)
            oldest = min(oldest, float(part["at"].min()))
            held = np.concatenate([held, part])
        whole = len(held) if part is None else len(held) // per_page * per_page
        for start in range(0, whole, per_page):
            fences.append(held["key"][start])
            numbers.append(shelf.append(held[start : start + per_page].tobytes()))
        held = held[whole:]
    return Run(dtype, numbers[0], np.array(fences, np.uint64), sieve, np.ones(rows, np.bool_), counts, oldest)


def words(keys: Words, count: int) -> Words:
    """Return which of `count` words of a filter each key belongs to; ascending for ascending keys."""
    half = np.uint64(32)
    return ((keys >> half) * np.uint64(count)) >> half


def marks(checks: Checks) -> Words:
    """Return the four bits in its word of a filter that stand for each key."""
    one, six, bits = np.uint64(1), np.uint64(63), checks.astype(np.uint64)
    found = one << (bits & six)
    for shift in (6, 12, 18):
        found |= one << ((bits >> np.uint64(shift)) & six)
    return found


def _mark(sieve: Words, keys: Words, checks: Checks) -> None:
    places, starts = np.unique(words(keys, len(sieve)), return_index=True)
    sieve[places] |= np.bitwise_or.reduceat(marks(checks), starts)
