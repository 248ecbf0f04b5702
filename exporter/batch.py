"""Records as numpy columns: what a decoder yields and everything above it reads."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["input", "output", "actual", "eval"]
Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Column = NDArray[Any]  # Floats or Codes
Mask = NDArray[np.bool_]


class Kind(IntFlag):
    """What a record says: a prediction, the actual of one (or both), and whether the prediction failed."""

    PREDICTION = 1
    ACTUAL = 2
    FAILED = 4


class Fault(IntEnum):
    """Why a column has no value in a row.

    A category column holds the negative of the fault as its code. A numeric column holds a NaN that carries the fault
    in its payload, as R does with NA; a NaN without one is missing. A value that is still to come (LATER) is not
    counted at all until it is there.
    """

    MISSING = 1
    TYPE = 2
    EXTRACTOR = 3
    LATER = 4


_QUIET_NAN = 0x7FF8000000000000


def absent(fault: Fault) -> float:
    """Return the NaN that stands for a fault in a numeric column."""
    return float(np.int64(_QUIET_NAN | fault).view(np.float64))


def fault_counts(values: Column) -> tuple[int, int, int, int]:
    """Count the values of a column that are missing, wrongly typed, failed, and still to come."""
    if values.dtype == np.float64:
        payload = values[np.isnan(values)].view(np.int64) & 7
        counts = np.bincount(payload, minlength=5)
        counts[1] += counts[0]
    else:
        counts = np.bincount(-values[values < 0], minlength=5)
    return int(counts[1]), int(counts[2]), int(counts[3]), int(counts[4])


def value_of(column: Column) -> Column:
    """Return the value of each row, shape (rows,): of one that lists items their number, which is the first of it."""
    return column if column.ndim == 1 else np.ascontiguousarray(column[:, 0])


def over(mask: Mask, column: Column) -> Mask:
    """Return a mask of rows in the shape in which it covers those of a column."""
    return mask.reshape(-1, *(1 for _ in column.shape[1:]))


def is_later(column: Column) -> Mask:
    """Tell which values are still to come."""
    column = value_of(column)
    found: Mask = column == -int(Fault.LATER)
    if column.dtype == np.float64:
        found = np.ascontiguousarray(column).view(np.int64) == np.float64(absent(Fault.LATER)).view(np.int64)
    return found


def is_missing(column: Column) -> Mask:
    """Tell which values were not given, for whatever reason but a wrong type."""
    column = value_of(column)
    found: Mask = column == -int(Fault.MISSING)
    if column.dtype == np.float64:
        found = np.isnan(column) & (np.ascontiguousarray(column).view(np.int64) & 7 <= Fault.MISSING)
    return found


def later(column: Column, where: Mask) -> Column:
    """Return a column in which some values are still to come."""
    if not where.any():
        return column
    numeric = column.dtype == np.float64
    fault = absent(Fault.LATER) if numeric else np.int32(-int(Fault.LATER))
    return np.where(over(where, column), fault, column)


@dataclass(frozen=True, slots=True)
class Field:
    """A column's name, role, dotted path in the record, and its category levels (None: it is numeric).

    `element` is None for a column that is computed from others. `extract` turns what is logged into the value; None
    where the value itself is logged; `files` where it reads images or arrays, of which records may name the file. Of
    what lists items `row` turns it into `width` numbers, of which the first is that value.
    """

    name: str
    role: Role
    element: str | None
    levels: tuple[str, ...] | None = None
    extract: Callable[[object], float | str | None] | None = None
    files: bool = False
    row: Callable[[object], Sequence[float] | None] | None = None
    width: int = 1


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns that a decoder fills for one model and version; `ids` are kept where records are joined.

    `tags` are the paths of values that are wanted as they are logged.
    """

    model: str
    version: str
    fields: tuple[Field, ...]
    ids: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows of one model in the order of the log.

    `columns` follow the schema's fields, each of shape (rows,): float64 for a numeric field, int32 codes of its levels
    for a category (one past the last level is an unseen category), and (rows, width) for a field that lists items; see
    `Fault` for a row without a value. `kinds` is uint8 of `Kind`; `latency` is seconds or NaN; `times` are Unix seconds
    or NaN (None where the reader did not ask for them); `newest` is the newest time of those looked at (one in some
    hundred rows, for a log is nearly in order), and `oldest` that of the first row with one; `ids`, and the `revisions`
    of actuals (NaN or 0 of the first one), are None where the schema does not keep them; `tags` holds for each path of
    the schema's the text, number or None of each row, and another object where there is another kind of value.
    `samples` are a few whole records, one in some hundred.
    """

    kinds: NDArray[np.uint8]
    columns: tuple[Column, ...]
    latency: Floats
    newest: float
    times: Floats | None = None
    ids: Sequence[str | None] | None = None
    tags: Mapping[str, Sequence[object]] = field(default_factory=dict)
    samples: Sequence[Mapping[str, object]] = ()
    revisions: Floats | None = None
    oldest: float = math.nan

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.kinds)

    def parts(self, count: int) -> Iterator["Batch"]:
        """Yield so many batches of about equally many rows, in their order; of a batch with times.

        The samples, of which the rows are not known, are in the first.
        """
        times = np.empty(0) if self.times is None else self.times
        for place, rows in enumerate(np.array_split(np.arange(self.rows), count)):
            part = slice(rows[0], rows[-1] + 1)
            yield Batch(
                self.kinds[part],
                tuple(column[part] for column in self.columns),
                self.latency[part],
                float(np.fmax.reduce(times[part], initial=math.nan)),
                times[part],
                None if self.ids is None else self.ids[part],
                {path: values[part] for path, values in self.tags.items()},
                () if place else self.samples,
                None if self.revisions is None else self.revisions[part],
                next((time for time in times[part].tolist() if not math.isnan(time)), math.nan),
            )
