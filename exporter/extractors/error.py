"""Signed error of a numeric prediction."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.numbers import need_numbers


class Error(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """output - actual, in the unit of the output, above 0 where the model says too much; missing where either is."""

    harm: ClassVar[tuple[str, ...]] = ()
    output: str
    actual: str

    def levels(self) -> None:
        """Return None: errors are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_numbers("error", output, actual)

        @np.errstate(over="ignore", invalid="ignore")  # of infinities
        def error(out: Column, act: Column) -> Column:
            return np.asarray(out - act)

        return error
