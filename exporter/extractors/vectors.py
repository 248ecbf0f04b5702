"""Vectors of numbers as they are logged, and the space that the reference's vectors span: standardised features."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats
from exporter.extractors.packed import Packed, packed
from exporter.extractors.reference import moments, ordered, sampled, usable

SAMPLE = 20_000  # rows that a fit reads, so that its time is bounded
WIDTH = 512
FAR = 1e30  # standard deviations at which a coordinate saturates: its square is still a number


class Space(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The features of the reference: names (none where vectors are lists), means and standard deviations (width,)."""

    names: tuple[str, ...]
    mean: Packed
    scale: Packed

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        (width,) = self.mean.shape if len(self.mean.shape) == 1 else (0,)
        if self.scale.shape != (width,) or len(self.names) not in (0, width) or not (self.scale.array > 0).all():
            raise ValueError("the means, standard deviations and names of the features do not fit together")

    @property
    def width(self) -> int:
        """Return the number of features."""
        return self.mean.shape[0]

    def place(self, datum: object) -> Floats | None:
        """Return a datum in standard deviations from the mean, shape (width,); None where a number is missing."""
        values = vector(datum, self.names)
        if values is None:
            return None
        if len(values) != self.width:
            raise ValueError(f"the vector has {len(values)} numbers, the reference has {self.width}")
        with np.errstate(over="ignore"):
            return np.clip((values - self.mean.array) / self.scale.array, -FAR, FAR)


def vector(datum: object, names: Sequence[str] = ()) -> Floats | None:
    """Return a list, array or mapping of numbers as float64 of shape (n,); None where it or a number in it is missing.

    With names these are looked up in a mapping, and it may hold more. ValueError for anything else: other shapes,
    texts, infinities.
    """
    if datum is None:
        return None
    if isinstance(datum, Mapping):
        datum = [datum.get(name) for name in names] if names else list(datum.values())
    elif names:
        raise ValueError(f"the reference's vectors have names, such as {names[0]!r}, and this one has none")
    values = _array(datum)
    if values is None or np.isfinite(values).all():
        return values
    if np.isinf(values).any():
        raise ValueError("the vector holds an infinite number")
    return None


def as_float(value: float | np.number[Any]) -> float:
    """Return a number as a float; ValueError for a whole number beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a whole number of more than 308 digits is too large") from None


def _array(datum: object) -> Floats | None:
    array = np.asarray(datum)
    if array.ndim == 2 and array.shape[0] == 1:  # noqa: PLR2004 - one row of a table
        array = array[0]
    if array.ndim != 1:
        raise ValueError(f"a vector is a list of numbers, and this is {_named(datum)}")
    return array.astype(np.float64) if array.dtype.kind in "iufb" else _objects(array)


def _named(datum: object) -> str:
    return f"an array of shape {datum.shape}" if isinstance(datum, np.ndarray) else f"a {type(datum).__name__}"


def _objects(array: NDArray[Any]) -> Floats | None:
    """Return a list that holds None or whole numbers of any size."""
    values = array.tolist()
    for value in values:
        if value is not None and not isinstance(value, int | float | np.number | np.bool_):
            raise ValueError(f"a vector holds numbers, and this one {value!r:.40}: choose those to read, in `features`")
    return None if None in values else np.array([as_float(value) for value in values], np.float64)


def learn(data: Sequence[object], features: Sequence[str], seed: int, least: int) -> tuple[Space, Floats]:
    """Return the space of the reference's vectors, and up to 20,000 of them in it, shape (n, width).

    The rows come sorted, so what is fitted does not depend on the order of the data (beyond 20,000, `seed` draws which
    are read). Data with a missing number are left out; `least` must remain. `features` are the keys to read of
    mappings; without them it is every key.
    """
    names = tuple(features) or _keys(data)
    rows = usable(sampled(data, SAMPLE, seed), lambda datum: vector(datum, names), least)
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the reference's vectors differ in length")
    if not 1 <= len(rows[0]) <= WIDTH:
        raise ValueError(f"the reference's vectors have {len(rows[0])} numbers; 1 to {WIDTH} can be compared")
    matrix = ordered(np.stack(rows))
    mean, deviation = moments(matrix)
    space = Space(names, packed(mean), packed(np.where(deviation > 0, deviation, 1.0)))
    return space, np.clip((matrix - space.mean.array) / space.scale.array, -FAR, FAR)


def _keys(data: Sequence[object]) -> tuple[str, ...]:
    keys = {key for datum in data if isinstance(datum, Mapping) for key in datum}
    if len(keys) > WIDTH:
        raise ValueError(f"the reference's mappings have {len(keys)} keys: name those to read in `features`")
    return tuple(sorted(str(key) for key in keys))
