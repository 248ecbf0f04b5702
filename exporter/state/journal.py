"""What waits by id, as a journal: each commit adds a part with the changes, and now and then one part replaces all."""

from collections.abc import Iterator, Mapping

import numpy as np

from exporter.joins import Waiting
from exporter.state import codec

SPARE = 100_000  # changes that may be in the journal beyond twice what waits


class Journal:
    """The journal of one place where ids wait, under keys that begin with `prefix`."""

    def __init__(self, prefix: str, waiting: Waiting) -> None:
        self._prefix = prefix
        self._waiting = waiting
        self._first = self._next = self._entries = 0

    def resume(self, parts: Mapping[str, bytes]) -> None:
        """Take up what the parts of a file say, in the order in which they were written."""
        numbers = sorted(int(key[len(self._prefix) :]) for key in parts if key.startswith(self._prefix))
        items: dict[str, tuple[float, tuple[float, ...]]] = {}
        for number in numbers:
            gone, keys, times, rows = codec.decode(parts[f"{self._prefix}{number}"])
            for key in gone:
                items.pop(key, None)
            values = map(tuple, codec.array_of(rows).tolist())
            items.update(zip(keys, zip(codec.array_of(times).tolist(), values, strict=True), strict=True))
            self._entries += len(gone) + len(keys)
        if numbers:
            self._first, self._next = numbers[0], numbers[-1] + 1
        self._waiting.resume(items)

    def parts(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield what is to be written and deleted (None) for the changes since the last commit."""
        changes = self._waiting.changes
        if not changes:
            return
        whole = self._overgrown(len(changes))
        items = self._waiting.items if whole else {key: item for key, item in changes.items() if item is not None}
        gone = [] if whole else [key for key, item in changes.items() if item is None]
        times = np.array([at for at, _ in items.values()])
        width = len(next(iter(items.values()))[1]) if items else 0
        rows = np.array([row for _, row in items.values()], np.float64).reshape(len(items), width)
        yield (
            f"{self._prefix}{self._next}",
            codec.encode([gone, list(items), codec.pack_array(times), codec.pack_array(rows)]),
        )
        if whole:
            yield from ((f"{self._prefix}{number}", None) for number in range(self._first, self._next))

    def _overgrown(self, more: int) -> bool:
        return self._entries + more > 2 * len(self._waiting) + SPARE

    def written(self) -> None:
        """Take note that the parts are in the file."""
        changes = self._waiting.changes
        if changes:
            if self._overgrown(len(changes)):
                self._first, self._entries = self._next, len(self._waiting)
            else:
                self._entries += len(changes)
            self._next += 1
            changes.clear()
