"""Data of several roles in step: some of their rows, or piece by piece where they are streams."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.api.data import Data

ROWS = 1000  # of a stream of single data that are looked at together
Places = NDArray[np.intp]


def is_stream(data: object) -> bool:
    """Tell whether data can only be gone through, and perhaps only once."""
    return isinstance(data, Iterable) and not hasattr(data, "__len__") and not hasattr(data, "to_arrow")


def is_table(data: object) -> bool:
    """Tell whether data are a DataFrame or a table or batch of Arrow, rather than a single datum."""
    return (hasattr(data, "columns") or hasattr(data, "column_names")) and hasattr(data, "__len__")


def pick(data: Any, places: Places) -> Any:  # noqa: ANN401 - data of any form
    """Return the rows of a sequence or table, as one of its kind, that are at places, shape (rows,)."""
    if hasattr(data, "to_arrow"):
        data = data.to_arrow()
    if isinstance(data, Mapping):
        return {name: pick(column, places) for name, column in data.items()}
    if isinstance(data, np.ndarray):
        return data[places]
    if hasattr(data, "iloc"):
        return data.iloc[places]
    if hasattr(data, "column_names") or hasattr(data, "to_pylist"):
        return data.take(places)
    return [data[place] for place in places.tolist()]


def length(data: Any) -> int:  # noqa: ANN401 - data of any form
    """Return the number of rows of a sequence or table."""
    return len(next(iter(data.values()), ())) if isinstance(data, Mapping) else len(data)


def pieces(given: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
    """Yield data by role, cut alike; all at once where none is a stream. There is one piece at least.

    A stream is of tables, each a piece, or of single data. The pieces differ in length where the data do.
    """
    readers = {role: _Reader(data) for role, data in given.items() if data is not None}
    if not any(reader.stream for reader in readers.values()):
        yield {role: reader.data for role, reader in readers.items()}
        return
    begun = False
    while True:
        tables = {role: reader.table() for role, reader in readers.items() if reader.tables}
        there = [length(table) for table in tables.values() if table is not None]
        rows = max(there, default=ROWS)
        piece = {role: tables[role] if role in tables else reader.take(rows) for role, reader in readers.items()}
        piece = {role: [] if data is None else data for role, data in piece.items()}
        if begun and not there and not any(map(length, piece.values())):
            return
        yield piece
        begun = True


class _Reader:
    """The data of one role, of which the next rows are taken."""

    def __init__(self, data: Any) -> None:  # noqa: ANN401 - data of any form
        self.data = data
        self.stream = is_stream(data)
        self.tables = False
        self._taken = 0
        if self.stream:
            items = iter(data)
            first = list(islice(items, 1))
            self.tables = any(map(is_table, first))
            self._items = chain(first, items)

    def table(self) -> Any:  # noqa: ANN401 - a table of any kind
        """Return the next table of a stream of them, None at the end."""
        return next(self._items, None)

    def take(self, rows: int) -> Any:  # noqa: ANN401 - data of any form
        """Return the next rows, fewer at the end."""
        if self.stream:
            return list(islice(self._items, rows))
        if not self._taken:
            Data(self.data)  # which refuses what are no data
        begin, self._taken = self._taken, min(self._taken + rows, length(self.data))
        return pick(self.data, np.arange(begin, self._taken))
