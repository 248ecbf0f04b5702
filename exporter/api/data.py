"""Data in memory as what each component reads: columns of tables as they are, anything else datum by datum."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np

from exporter.api.datum import locator, part, plain
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.batch import Floats
from exporter.profile import ComponentSpec, ProfileError
from exporter.profile.spec import unknown
from exporter.profile.values import PLAIN, Coded, Raw

Column = Any  # of numpy, pandas, Arrow, or a sequence
Watch = Callable[[Sequence[Any]], Sequence[Any]]
NUMERIC = re.compile(r"[iuf]|u?int\d+|float|double|halffloat")  # numpy's letters and Arrow's names


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, all of one length; `named` where a row is looked up by names, not by places."""

    names: tuple[str, ...]
    rows: int
    column: Callable[[str], Column]
    named: bool = True

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a dict."""
        columns = [values_of(self.column(name)) for name in self.names]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _unwatched(data: Sequence[Any]) -> Sequence[Any]:
    return data


class Data:
    """The data of one role. `watch` wraps the sequences that extractors go through."""

    def __init__(self, data: object, watch: Watch = _unwatched) -> None:
        self._table = _table(data)
        self._data: Any = data if self._table or hasattr(data, "__len__") else list(_iterable(data))
        self._rows: Sequence[Any] | None = None
        self._watch = watch

    def raw(self, spec: ComponentSpec, prepare: SequenceSimpleExtractor | None = None) -> Raw:
        """Return what a component reads, for each datum, `prepare`d where it needs that."""
        words = (spec.element or "").split(".")[1:]
        if prepare is not None:
            return self._watch(self._prepared(spec, prepare))
        if spec.extractor is not None:
            return self._watch(list(map(part(words), self.rows())))
        column, rest = self._column(words)
        if rest:
            return list(map(locator(rest), values_of(column)))
        return _numbers(column) if spec.numeric else _categories(column)

    def sample(self, spec: ComponentSpec, most: int) -> list[Any]:
        """Return what is at a component's path in up to `most` data, evenly spread; missing ones are left out."""
        column, rest = self._column((spec.element or "").split(".")[1:])
        places: Any = getattr(column, "iloc", column)
        values = map(locator(rest), values_of(places[:: max(1, -(-len(column) // most))]))
        return [value for value in values if value is not None and not (isinstance(value, float) and math.isnan(value))]

    def unknown(self, spec: ComponentSpec) -> str | None:
        """Return what is wrong with a component's path where it leads to a column that a table does not have."""
        words = (spec.element or "").split(".")[1:]
        if self._table is None or not self._table.named or not words or words[0] in self._table.names:
            return None
        return unknown("column", words[0], list(self._table.names))

    @property
    def names(self) -> list[str]:
        """Return the names of columns, of data one by one those of their keys."""
        if self._table is not None:
            return list(self._table.names)
        return list(dict.fromkeys(str(key) for row in self.rows() if isinstance(row, Mapping) for key in row))

    def rows(self) -> Sequence[Any]:
        """Return the data one by one."""
        if self._rows is None:
            named = self._table is not None and self._table.named
            self._rows = self._table.records() if self._table is not None and named else values_of(self._data)
        return self._rows

    def records(self) -> Sequence[Any]:
        """Return the data one by one, the rows of a table or matrix as dicts."""
        return self.rows() if self._table is None else self._table.records()

    def _prepared(self, spec: ComponentSpec, prepare: SequenceSimpleExtractor) -> Sequence[Any]:
        try:
            return prepare.rows(self._data)
        except Exception as error:
            raise ProfileError(f"{' '.join(spec.key)}: its preprocessing failed: {error}") from error

    def _column(self, words: Sequence[str]) -> tuple[Column, Sequence[str]]:
        """Return a column in which, for each datum, the rest of a path leads to what is at the path."""
        table = self._table
        if table is not None and words and words[0] in table.names:
            return table.column(words[0]), words[1:]
        if table is not None and words and table.named:
            return [None] * table.rows, ()
        if words == ["0"] and getattr(self._data, "ndim", 1) == 1 and _numeric(self._data):
            return self._data, ()  # place 0 of a number is the number
        return (self.rows() if words or table is not None else self._data), words


def _iterable(data: object) -> Iterable[Any]:
    if isinstance(data, Iterable):
        return data
    raise ProfileError(f"data are a sequence, a table or columns by name, and this is a {type(data).__name__}")


def _table(data: Any) -> Table | None:  # noqa: ANN401 - any data
    if hasattr(data, "to_arrow"):
        data = data.to_arrow()
    if isinstance(data, np.ndarray):
        return _matrix(data)
    if isinstance(data, Mapping):
        columns = {str(name): column for name, column in data.items()}
        return _of_columns(tuple(columns), columns.__getitem__)
    if hasattr(data, "column_names") and hasattr(data, "column"):
        return _of_columns(tuple(data.column_names), data.column)
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        series = {str(name): column for name, column in data.items()}
        return Table(tuple(series), len(data), series.__getitem__)
    return None


def _matrix(data: "np.ndarray[Any, Any]") -> Table | None:
    if data.ndim == 0:
        raise ProfileError("data are a sequence, a table or columns by name, and this is a single value")
    if data.dtype.names is not None:
        return Table(data.dtype.names, len(data), data.__getitem__)
    if data.ndim != 2:  # noqa: PLR2004 - rows and columns
        return None
    return Table(tuple(map(str, range(data.shape[1]))), len(data), lambda name: data[:, int(name)], named=False)


def _of_columns(names: tuple[str, ...], column: Callable[[str], Column]) -> Table:
    try:
        lengths = {name: len(column(name)) for name in names}
    except TypeError:
        raise ProfileError("a mapping of data holds columns by name; write a list for data one by one") from None
    if len(set(lengths.values())) > 1:
        raise ProfileError(f"the columns differ in length: {lengths}")
    return Table(names, next(iter(lengths.values()), 0), column)


def values_of(column: Column) -> Sequence[Any]:
    """Return a column, or data one by one, as a sequence of Python's own values."""
    if isinstance(column, np.ndarray) and column.ndim > 1:
        return list(column)
    for name in ("to_pylist", "tolist"):
        if hasattr(column, name):
            column = getattr(column, name)()
    values: Sequence[Any] = column if isinstance(column, Sequence) else list(column)
    return values if set(map(type, values)) <= PLAIN | {NoneType} else [plain(value) for value in values]


def _numeric(column: Column) -> bool:
    """Tell whether the values of an array, a Series or an Arrow column are numbers."""
    kind = getattr(getattr(column, "dtype", None), "kind", None) or getattr(column, "type", "")
    return NUMERIC.fullmatch(str(kind)) is not None


def _numbers(column: Column) -> Floats | Sequence[Any]:
    if not _numeric(column):
        return values_of(column)
    if hasattr(column, "dtype") and not isinstance(column.dtype, np.dtype):  # pandas' own, with marks of the missing
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column)


def _categories(column: Column) -> Coded | Sequence[Any]:
    if hasattr(column, "dictionary_encode"):
        return _of_arrow(column)
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        values, places = np.unique(column, return_inverse=True)
        return Coded(places, values.tolist())
    if hasattr(column, "factorize") and str(column.dtype) != "object":  # of which pandas takes 1 and True for the same
        places, values = column.factorize()
        return _with_missing(places, [plain(value) for value in values.tolist()])
    return values_of(column)


def _of_arrow(column: Column) -> Coded:
    encoded = column.dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    return _with_missing(np.asarray(encoded.indices.fill_null(-1)), encoded.dictionary.to_pylist())


def _with_missing(places: "np.ndarray[Any, Any]", values: list[Any]) -> Coded:
    """Return codes of which -1 is missing."""
    return Coded(np.where(places < 0, len(values), places), [*values, None])
