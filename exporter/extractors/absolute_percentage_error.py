"""Error of a numeric prediction relative to the actual."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.numbers import need_numbers


class AbsolutePercentageError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """|output - actual| / |actual|, a ratio from 0; missing where either is.

    Where the actual is 0 it is undefined, so it is missing too.
    """

    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str

    def levels(self) -> None:
        """Return None: errors are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_numbers("absolute_percentage_error", output, actual)

        @np.errstate(over="ignore", invalid="ignore")  # of infinities
        def ratio(out: Column, act: Column) -> Column:
            return np.asarray(np.abs(out - act) / np.where(act == 0, np.nan, np.abs(act)))

        return ratio
