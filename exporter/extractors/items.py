"""Items of a catalogue as they are logged, as numbers: lists of them go with the records until their actual comes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from exporter.extractors.vectors import as_float

KNOWN = 1 << 16  # items whose number is remembered
NOTHING = math.nan  # no item has it, and it is equal to nothing


@lru_cache(maxsize=KNOWN)
def _number(name: str) -> float:
    digest = blake2b(name.encode(errors="surrogatepass"), digest_size=6).digest()
    return float(int.from_bytes(digest, "little"))


def number(item: object) -> float:
    """Return what stands for an item, 48 bits of a hash of its text; 3 and "3" are the same. ValueError for no item."""
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, bool) or not isinstance(item, str | int | float) or item != item:  # noqa: PLR0124 - NaN
        raise ValueError(f"an item is a text or a number, and this one is {item!r:.40}")
    return _number(str(int(item)) if isinstance(item, float) and item.is_integer() else str(item))


def listed(datum: object) -> Sequence[object]:
    """Return the items of a list or an array; ValueError for anything else."""
    if isinstance(datum, np.ndarray) and datum.ndim == 1:
        datum = datum.tolist()
    if isinstance(datum, Sequence) and not isinstance(datum, str | bytes):
        return datum
    raise ValueError(f"items are a list or a mapping, and this is a {type(datum).__name__}")


def weighed(datum: Mapping[object, object]) -> dict[float, float]:
    """Return the numbers that a mapping gives to items, by what stands for each; ValueError where one is none."""
    return {number(item): _finite(item, value) for item, value in datum.items()}


def _finite(item: object, value: object) -> float:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(as_float(value)):
        return float(value)
    raise ValueError(f"item {item!r:.40} has no number but {value!r:.40}")


def once(numbers: Iterable[float]) -> list[float]:
    """Return items in their order; one that was there already leaves its place empty."""
    seen: set[float] = set()
    found = []
    for one in numbers:
        found.append(NOTHING if one in seen else one)
        seen.add(one)
    return found
