"""Squared error of a predicted probability."""

from collections.abc import Callable
from typing import ClassVar

import msgspec

from exporter.batch import Column, Field
from exporter.extractors.positives import pairs, positive_code


class Brier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """(p - 1)^2 where `positive` came true, else p^2: 0 to 1, no unit; `output` is the probability p of `positive`.

    Missing where either is, a fault outside 0 to 1. Source: Brier, Monthly Weather Review 78 (1950).
    """

    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str
    positive: str | int | bool

    def levels(self) -> None:
        """Return None: scores are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        code = positive_code("brier", self.positive, output, actual)

        def score(out: Column, act: Column) -> Column:
            chances, real = pairs(out, act, code)
            return (chances - real) ** 2

        return score
