"""Vectors of numbers as they are logged, and the space that the reference's vectors span: standardised features."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats
from exporter.extractors.packed import Packed, packed
from exporter.extractors.reference import moments, ordered, sampled, usable

SAMPLE = 20_000  # rows that a fit reads, so that its time is bounded
CELLS = 2**24  # numbers that a fit reads, so that its memory is: fewer rows of long vectors
WIDTH = 512
EMBEDDING = 4096  # what those can read of which time and size grow no faster than the width
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
        values = self.read(datum)
        return None if values is None else self.standardised(values)

    def filled(self, datum: object) -> Floats | None:
        """Return the same with the mean for what is missing; None where all is."""
        values = numbers(datum, self.names)
        if values is None:
            return None
        return np.nan_to_num(self.standardised(self._fitting(values)), copy=False, nan=0.0)

    def read(self, datum: object) -> Floats | None:
        """Return a datum in its own units, shape (width,); None where a number is missing."""
        values = vector(datum, self.names)
        return None if values is None else self._fitting(values)

    def standardised(self, values: Floats) -> Floats:
        """Return values, shape (..., width), in standard deviations from the mean."""
        with np.errstate(over="ignore"):
            return np.clip((values - self.mean.array) / self.scale.array, -FAR, FAR)

    def _fitting(self, values: Floats) -> Floats:
        if len(values) != self.width:
            raise ValueError(f"the vector has {len(values)} numbers, the reference has {self.width}")
        return values


def vector(datum: object, names: Sequence[str] = ()) -> Floats | None:
    """Return a list, array or mapping of numbers as float64 of shape (n,); None where it or a number in it is missing.

    With names these are looked up in a mapping, and it may hold more. ValueError for anything else: other shapes,
    texts, infinities.
    """
    values = numbers(datum, names)
    return None if values is None or np.isnan(values).any() else values


def numbers(datum: object, names: Sequence[str] = ()) -> Floats | None:
    """Return the same with NaN for each number that is missing; None where all are."""
    if datum is None:
        return None
    if isinstance(datum, Mapping):
        datum = [datum.get(name) for name in names] if names else list(datum.values())
    elif names:
        raise ValueError(f"the reference's vectors have names, such as {names[0]!r}, and this one has none")
    values = _array(datum)
    if np.isinf(values).any():
        raise ValueError("the vector holds an infinite number")
    return None if len(values) and np.isnan(values).all() else values


def as_float(value: float | np.number[Any]) -> float:
    """Return a number as a float; ValueError for a whole number beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a whole number of more than 308 digits is too large") from None


def _array(datum: object) -> Floats:
    array = np.asarray(datum)
    if array.ndim == 2 and array.shape[0] == 1:  # noqa: PLR2004 - one row of a table
        array = array[0]
    if array.ndim != 1:
        raise ValueError(f"a vector is a list of numbers, and this is {_named(datum)}")
    return array.astype(np.float64) if array.dtype.kind in "iufb" else _objects(array)


def _named(datum: object) -> str:
    return f"an array of shape {datum.shape}" if isinstance(datum, np.ndarray) else f"a {type(datum).__name__}"


def _objects(array: NDArray[Any]) -> Floats:
    """Return a list that holds None or whole numbers of any size."""
    values = array.tolist()
    for value in values:
        if value is not None and not isinstance(value, int | float | np.number | np.bool_):
            raise ValueError(f"a vector holds numbers, and this one {value!r:.40}: choose those to read, in `features`")
    return np.array([np.nan if value is None else as_float(value) for value in values], np.float64)


def learn(
    data: Sequence[object], features: Sequence[str], seed: int, least: int, *, most: int = WIDTH, fill: bool = False
) -> tuple[Space, Floats]:
    """Return the space of the reference's vectors of up to `most` numbers, and those in it, shape (n, width).

    The rows come sorted, so what is fitted does not depend on the order of the data (beyond 20,000, or fewer of more
    than 838 numbers, `seed` draws which are read). Data with a missing number are left out; with `fill` it becomes the
    mean, and only data without any number are left out; `least` must remain. `features` are the keys to read of
    mappings; without them it is every key.
    """
    names = tuple(features) or _keys(data, most)
    read = numbers if fill else vector
    matrix = ordered(_stacked(usable(_drawn(data, names, seed), lambda datum: read(datum, names), least), most))
    if fill:
        matrix = _mended(matrix, names)
    mean, deviation = moments(matrix)
    space = Space(names, packed(mean), packed(np.where(deviation > 0, deviation, 1.0)))
    return space, space.standardised(matrix)


def _drawn(data: Sequence[object], names: Sequence[str], seed: int) -> Iterator[object]:
    """Yield so many of the data that their numbers are bounded too."""
    width = len(names) or next((size for datum in data if (size := _size(datum))), 1)
    yield from sampled(data, min(SAMPLE, CELLS // min(width, CELLS)), seed)


def _size(datum: object) -> int:
    """Return the numbers in a vector, 0 where it has or is none."""
    try:
        values = numbers(datum)
    except ValueError:
        return 0
    return 0 if values is None else len(values)


def _stacked(rows: Sequence[Floats], most: int) -> Floats:
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the reference's vectors differ in length")
    if not 1 <= len(rows[0]) <= most:
        raise ValueError(f"the reference's vectors have {len(rows[0])} numbers; 1 to {most} can be compared")
    return np.stack(rows)


def _mended(matrix: Floats, names: Sequence[str]) -> Floats:
    """Return rows with the mean of its column, that of what is known of it, for each NaN."""
    absent = np.isnan(matrix)
    if (empty := absent.all(axis=0)).any():
        place = int(empty.argmax())
        raise ValueError(f"the reference has no number of {names[place] if names else f'place {place}'}")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(absent, np.where(absent, 0.0, matrix).sum(axis=0) / (~absent).sum(axis=0), matrix)


def _keys(data: Sequence[object], most: int) -> tuple[str, ...]:
    keys = {key for datum in data if isinstance(datum, Mapping) for key in datum}
    if len(keys) > most:
        raise ValueError(f"the reference's mappings have {len(keys)} keys: name those to read in `features`")
    return tuple(sorted(str(key) for key in keys))
