"""What is kept of an id: one row of an array, whose last columns are those of its prediction and of its actual."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Fault, Kind, absent

Rows = NDArray[Any]  # structured, see `layout`
PREDICTED, LABELLED, FAILED = Kind.PREDICTION.value, Kind.ACTUAL.value, Kind.FAILED.value
KINDS = 4  # by `kind`: failed only, waiting prediction, actual without its prediction, joined
WAITING, EARLY, JOINED = PREDICTED, LABELLED, PREDICTED | LABELLED
PAGE_BYTES = 4000  # with what a page of 4096 bytes of the state file needs for itself
HEAD = [("key", "<u8"), ("check", "<u4"), ("at", "<f8"), ("row", "<i8"), ("revision", "<i4"), ("state", "u1")]


@dataclass(frozen=True, slots=True)
class Kept:
    """A column that is kept: its name in the state file, whether it is numeric, and how many numbers a row has.

    One of an actual (`actual`) that is `awaited` is always there in the reference: where an actual comes without it, it
    is still to come.
    """

    name: str
    numeric: bool
    actual: bool = False
    awaited: bool = False
    width: int = 1

    @property
    def format(self) -> str:
        """Return the type of a row as numpy writes it."""
        return "<i4" if not self.numeric else "<f8" if self.width == 1 else f"({self.width},)<f8"


def layout(columns: Sequence[Kept]) -> "np.dtype[Any]":
    """Return the type of a row; ValueError where it is larger than a page.

    `key` and `check` are the id's, `at` is since when it has waited or been joined (Unix seconds), `row` its number
    among the outcomes, `state` is of PREDICTED, LABELLED and FAILED; 0 is no row.
    """
    dtype = np.dtype([*HEAD, *((column.name, column.format) for column in columns)])
    if dtype.itemsize > PAGE_BYTES:
        raise ValueError(
            f"{dtype.itemsize} bytes would be kept of each prediction until its actual comes, and {PAGE_BYTES} can be: "
            f"lower `depth` and `most` of lists, or leave some out"
        )
    return dtype


def kinds(state: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Return the kind of each row: WAITING, EARLY, JOINED, or 0 where a failed prediction is all that is known."""
    return state & np.uint8(JOINED)


def adapt(rows: Rows, dtype: "np.dtype[Any]") -> Rows:
    """Return rows with the columns of a type; those that they do not have are missing."""
    if rows.dtype == dtype:
        return rows
    adapted = np.zeros(len(rows), dtype)
    for name in dtype.names or ():
        missing = absent(Fault.MISSING) if dtype[name].base.kind == "f" else -int(Fault.MISSING)
        adapted[name] = rows[name] if name in (rows.dtype.names or ()) else missing
    return adapted
