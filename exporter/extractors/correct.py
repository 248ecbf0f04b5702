"""Whether a predicted category is the actual one."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.numbers import need_single
from exporter.extractors.pairing import MISSING, absent, need_categories, translation


class Correct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """true where output and actual are the same category, else false; missing where either is.

    It is missing too where the two cannot be compared: one of them is unseen, and the other could be the same. Where
    both are numbers (classes that an error is taken of, too), they are the same where they are equal.
    """

    harm: ClassVar[tuple[str, ...]] = ("false",)
    output: str
    actual: str

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return ("false", "true")

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_single("correct", output, actual)
        if output.levels is None and actual.levels is None:
            return _equal
        need_categories("correct", output, actual)
        if not set(output.levels or ()) & set(actual.levels or ()):
            raise ValueError(f"output {output.name} and actual {actual.name} have no category in common")
        as_output, as_actual = translation(actual, output), translation(output, actual)
        unseen_output, unseen_actual = len(as_actual) - 1, len(as_output) - 1

        def correct(out: Column, act: Column) -> Column:
            wanted, claimed = as_output[np.maximum(act, 0)], as_actual[np.maximum(out, 0)]
            strangers = (wanted == unseen_output) & (claimed == unseen_actual)
            gone = absent(out, act) | (strangers & ((out == unseen_output) | (act == unseen_actual)))
            return np.where(gone, np.int32(MISSING), (out == wanted).astype(np.int32))

        return correct


def _equal(out: Column, act: Column) -> Column:
    return np.where(np.isnan(out) | np.isnan(act), np.int32(MISSING), (out == act).astype(np.int32))
