"""Whether a predicted category is the actual one."""

from collections.abc import Callable

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.pairing import MISSING, absent, need_categories, translation


class Correct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """true where output and actual are the same category, else false; missing where either is.

    Two categories that the reference lists on neither side cannot be told apart: they are missing too.
    """

    output: str
    actual: str

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return ("false", "true")

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_categories("correct", output, actual)
        codes = translation(actual, output)
        unseen_output, unseen_actual = len(output.levels or ()), len(actual.levels or ())

        def correct(out: Column, act: Column) -> Column:
            gone = absent(out, act) | ((out == unseen_output) & (act == unseen_actual))
            return np.where(gone, np.int32(MISSING), (out == codes[np.maximum(act, 0)]).astype(np.int32))

        return correct
