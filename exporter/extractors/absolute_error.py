"""Absolute error of a numeric prediction."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.numbers import need_numbers


class AbsoluteError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """|output - actual|, in the unit of the output; missing where either is."""

    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str

    def levels(self) -> None:
        """Return None: errors are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_numbers("absolute_error", output, actual)

        @np.errstate(over="ignore", invalid="ignore")  # of infinities
        def error(out: Column, act: Column) -> Column:
            return np.asarray(np.abs(out - act))

        return error
