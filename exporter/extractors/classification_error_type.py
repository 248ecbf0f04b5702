"""The cell of the confusion matrix that a binary prediction falls into."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.batch import Codes, Column, Field
from exporter.extractors.pairing import MISSING, absent, need_categories, place

Mask = NDArray[np.bool_]


class ClassificationErrorType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TP, FP, FN or TN for one positive category against all others; missing where output or actual is.

    Where both are numbers (classes that an error is taken of, too), it is the number that is positive.
    """

    harm: ClassVar[tuple[str, ...]] = ("FP", "FN")
    output: str
    actual: str
    positive: str | int | bool

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return ("TP", "FP", "FN", "TN")

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        if output.levels is None and actual.levels is None:
            number = _number(self.positive, output)
            return lambda out, act: _cells(out == number, act == number, np.isnan(out) | np.isnan(act))
        need_categories("classification_error_type", output, actual)
        output_place, actual_place = place(self.positive, output), place(self.positive, actual)
        return lambda out, act: _cells(out == output_place, act == actual_place, absent(out, act))


def _cells(claimed: Mask, real: Mask, gone: Mask) -> Codes:
    cells = np.where(claimed, np.where(real, 0, 1), np.where(real, 2, 3))
    return np.where(gone, MISSING, cells).astype(np.int32)


def _number(positive: str | int | bool, output: Field) -> float:
    try:
        return float(positive)
    except (ValueError, OverflowError):
        raise ValueError(
            f"classification_error_type needs a positive number, not {positive!r}: output {output.name} is a number"
        ) from None
