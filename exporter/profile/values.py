"""Turns what is logged of a component into a column, as the decoder does for a log."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import NoneType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats, value_of
from exporter.decoders.columns import Coding, guarded, label, listing
from exporter.decoders.files import Later
from exporter.decoders.shape import COERCE, number
from exporter.extractors import LearningExtractor, ListingExtractor
from exporter.profile.spec import ComponentSpec

Key = tuple[str, str]
PLAIN = {str, int, float, bool}


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Values as places (rows,) in a list of different ones."""

    places: NDArray[np.intp]
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.places)


Raw = Floats | Sequence[Any] | Coded
Places = NDArray[np.intp]


def learns(spec: ComponentSpec) -> bool:
    """Tell whether a component's extractor learns from the reference."""
    return not spec.computed and spec.extractor is not None and isinstance(spec.data_extractor(), LearningExtractor)


def held(spec: ComponentSpec, raw: Raw) -> Raw:
    """Return what is kept of many data: values as compact as can be, the data themselves for an extractor to learn."""
    return raw if learns(spec) else compact(spec, extracted(spec, raw))


def compact(spec: ComponentSpec, values: Raw) -> Raw:
    """Return extracted values as they take the least memory."""
    return column_of(spec, values, ()) if spec.numeric else categories_of(spec, values)


def picked(raw: Raw, places: Places) -> Raw:
    """Return the values at places, shape (rows,)."""
    if isinstance(raw, Coded):
        used, found = np.unique(raw.places[places], return_inverse=True)
        return Coded(found, [raw.values[place] for place in used.tolist()])
    return raw[places] if isinstance(raw, np.ndarray) else [raw[place] for place in places.tolist()]


def joined(parts: Sequence[Any]) -> Raw:
    """Return the values of parts, one or more of one kind, one after the other."""
    if isinstance(parts[0], Coded):
        starts = np.cumsum([0, *(len(part.values) for part in parts)])
        places = np.concatenate([part.places + start for part, start in zip(parts, starts, strict=False)])
        return Coded(places, [value for part in parts for value in part.values])
    if isinstance(parts[0], np.ndarray):
        together: Floats = np.concatenate(parts)
        return together
    return [value for part in parts for value in part]


def patched(raw: Raw, places: Places, values: Raw) -> Raw:
    """Return the values with those at places, shape (rows,), replaced by others of their kind."""
    chosen = np.arange(len(raw))
    chosen[places] = len(raw) + np.arange(len(places))
    return picked(joined([raw, values]), chosen)


def extracted(spec: ComponentSpec, raw: Raw) -> Raw:
    """Return the values that a component's extractor, if it has one, makes of data."""
    if spec.extractor is None or isinstance(raw, Coded):
        return raw
    extractor = spec.data_extractor()
    extract = extractor.extract
    if isinstance(extractor, ListingExtractor):
        return _rows(extractor, raw)
    value = guarded((lambda datum: extract(_now(datum))) if spec.reads_files else extract, numeric=spec.numeric)
    return [value(datum) for datum in raw]


def _rows(extractor: ListingExtractor, raw: Iterable[object]) -> Floats:
    """Return rows of numbers, shape (rows, width)."""
    read = listing(extractor.row, extractor.width)
    return np.frombuffer(b"".join(map(read, raw)), np.float64).reshape(-1, extractor.width)


def _now(datum: object) -> object:
    return datum.read() if isinstance(datum, Later) else datum


@dataclass(frozen=True, slots=True, eq=False)
class Lessons(Sequence[Any]):
    """The data at some places, for an extractor to learn from; files are read one by one, missing where they cannot."""

    data: Sequence[Any]
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, row: int) -> Any: ...  # noqa: ANN401 - any datum
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        try:
            return _now(self.data[self.places[row]])
        except ValueError:
            return None


def categories_of(spec: ComponentSpec, raw: Raw) -> Coded:
    """Return categories as a decoder reads them: text or numbers, None or a marker where there is none."""
    found = raw if isinstance(raw, Coded) else _coded(raw)
    if spec.extractor is not None:
        return found
    read = COERCE["bool" if spec.dtype == "bool" else "category"]
    return Coded(found.places, [read(value) for value in found.values])


def counted(spec: ComponentSpec, raw: Raw) -> Counter[str]:
    """Return how often each category is there."""
    found = categories_of(spec, raw)
    counts: Counter[str] = Counter()
    for value, rows in zip(found.values, np.bincount(found.places, minlength=len(found.values)).tolist(), strict=True):
        if rows and isinstance(value, str | int | float):
            counts[label(value)] += rows
    return counts


def _coded(raw: Floats | Sequence[Any]) -> Coded:
    """Look at each different value once; values of several types, of which 1 and True are equal, one by one."""
    kinds = set(map(type, raw)) - {NoneType}
    if len(kinds) > 1 or not kinds <= PLAIN:
        return Coded(np.arange(len(raw)), list(raw))
    places: defaultdict[Any, int] = defaultdict(count().__next__)
    return Coded(np.fromiter(map(places.__getitem__, raw), np.intp, len(raw)), list(places))


def column_of(spec: ComponentSpec, raw: Raw, levels: Sequence[str]) -> Column:
    """Return extracted values, shape (rows,), as a column: floats, or codes of the levels."""
    if not spec.numeric:
        coding, found = Coding(levels), categories_of(spec, raw)
        return np.array([coding[value] for value in found.values], np.int32)[found.places]
    if isinstance(raw, Coded):
        return column_of(spec, raw.values, levels)[raw.places]
    if isinstance(raw, np.ndarray) and raw.dtype.kind in "fiu":
        return raw.astype(np.float64, copy=False)
    if set(map(type, raw)) <= {float, NoneType}:
        return np.array(raw, np.float64)
    read = number if spec.extractor is None else float
    return np.fromiter(map(read, raw), np.float64, len(raw))


def labelled(columns: Mapping[Key, Column]) -> NDArray[np.bool_]:
    """Return which rows have an actual."""
    actual = [value_of(column) for (role, _), column in columns.items() if role == "actual"]
    present = [~np.isnan(column) if column.dtype == np.float64 else column >= 0 for column in actual]
    found: NDArray[np.bool_] = np.any(present, axis=0)
    return found
