"""Absolute error of a numeric prediction."""

from collections.abc import Callable

import msgspec
import numpy as np

from exporter.batch import Column, Field


class AbsoluteError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """|output - actual|, in the unit of the output; missing where either is."""

    output: str
    actual: str

    def levels(self) -> None:
        """Return None: errors are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        for field in (output, actual):
            if field.levels is not None:
                raise ValueError(f"absolute_error needs numbers, and {field.role} {field.name} is a category")

        def error(out: Column, act: Column) -> Column:
            with np.errstate(over="ignore", invalid="ignore"):  # of infinities
                distance: Column = np.abs(out - act)
            return distance

        return error
