"""What of the reference an extractor learns from: drawn by seed, in an order of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from exporter.batch import Floats

T = TypeVar("T")


def sampled(data: Sequence[T], most: int, seed: int) -> Iterator[T]:
    """Yield all data, or `most` of them drawn without replacement; one after the other, for images are large."""
    places = range(len(data))
    if len(data) > most:
        places = np.random.default_rng(seed).choice(len(data), most, replace=False).tolist()
    yield from (data[place] for place in places)


def usable(data: Iterable[object], read: Callable[[object], T | None], least: int) -> list[T]:
    """Read data, without those that are missing or refused; ValueError, with what was refused first, below `least`."""
    found: list[T] = []
    refused: list[str] = []
    for datum in data:
        try:
            value = read(datum)
        except ValueError as error:
            refused.append(str(error))
        else:
            found += [] if value is None else [value]
    if len(found) < least:
        why = f"; of {len(refused)} refused the first: {refused[0]}" if refused else ""
        raise ValueError(f"the reference has {len(found)} usable data and {least} are needed{why}")
    return found


def ordered(rows: Floats) -> Floats:
    """Return rows sorted, so that what is computed of them does not depend on their order."""
    return rows[np.lexsort(rows.T[::-1])]


def moments(rows: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column; that of a constant one is exactly 0, whatever is rounded."""
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = rows.min(axis=0), rows.max(axis=0)
        return np.where(low == high, low, rows.mean(axis=0)), np.where(low == high, 0.0, rows.std(axis=0))


def chosen(rows: Floats, most: int, seed: int) -> Floats:
    """Return rows, or `most` of them drawn without replacement, in their order."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]
