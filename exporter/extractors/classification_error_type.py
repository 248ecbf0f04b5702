"""The cell of the confusion matrix that a binary prediction falls into."""

from collections.abc import Callable

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.pairing import MISSING, absent, need_categories


class ClassificationErrorType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TP, FP, FN or TN for one positive category against all others; missing where output or actual is."""

    output: str
    actual: str
    positive: str | int | bool

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return ("TP", "FP", "FN", "TN")

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_categories("classification_error_type", output, actual)
        positive = str(self.positive).lower() if isinstance(self.positive, bool) else str(self.positive)
        out_positive, act_positive = _place(positive, output), _place(positive, actual)

        def cell(out: Column, act: Column) -> Column:
            claimed, real = out == out_positive, act == act_positive
            cells = np.where(claimed, np.where(real, 0, 1), np.where(real, 2, 3)).astype(np.int32)
            return np.where(absent(out, act), np.int32(MISSING), cells)

        return cell


def _place(category: str, field: Field) -> int:
    levels = field.levels or ()
    if category not in levels:
        known = ", ".join(levels)
        raise ValueError(f"the positive category {category!r} is not one of {field.role} {field.name}: {known}")
    return levels.index(category)
