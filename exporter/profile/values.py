"""Turns what is logged of a component into a column, as the decoder does for a log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats
from exporter.decoders.columns import Coding, guarded
from exporter.decoders.shape import COERCE, number
from exporter.profile.spec import ComponentSpec

Key = tuple[str, str]
Raw = Floats | Sequence[Any]


def extracted(spec: ComponentSpec, raw: Raw) -> Raw:
    """Return the values that a component's extractor, if it has one, makes of data."""
    if spec.extractor is None:
        return raw
    extract = guarded(spec.data_extractor().extract, numeric=spec.numeric)
    return [extract(datum) for datum in raw]


def categories_of(spec: ComponentSpec, raw: Raw) -> Iterator[Any]:
    """Yield categories as a decoder reads them: text or numbers, None or a marker where there is none."""
    if spec.extractor is not None:
        return iter(raw)
    return map(COERCE["bool" if spec.dtype == "bool" else "category"], raw)


def column_of(spec: ComponentSpec, raw: Raw, levels: Sequence[str]) -> Column:
    """Return extracted values, shape (rows,), as a column: floats, or codes of the levels."""
    if not spec.numeric:
        coding = Coding(levels)
        return np.fromiter((coding[value] for value in categories_of(spec, raw)), np.int32, len(raw))
    if isinstance(raw, np.ndarray) and raw.dtype.kind in "fiu":
        return raw.astype(np.float64)
    read = number if spec.extractor is None else float
    return np.fromiter(map(read, raw), np.float64, len(raw))


def labelled(columns: Mapping[Key, Column]) -> NDArray[np.bool_]:
    """Return which rows have an actual."""
    actual = [column for (role, _), column in columns.items() if role == "actual"]
    present = [~np.isnan(column) if column.dtype == np.float64 else column >= 0 for column in actual]
    found: NDArray[np.bool_] = np.any(present, axis=0)
    return found
