"""A predicted probability together with what came true: all that ranking and calibration are measured from."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.positives import pairs, positive_code

_ENDS = (0.00001, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.007, 0.015)  # where rare classes are ranked
_ALL = {*(place / 100 for place in range(101)), *_ENDS, *(1 - end for end in _ENDS)}
EDGES = tuple(sorted(_ALL))  # of the bins of a probability
LEAST = 2.0**-52  # the smallest number that 1 can be told from


class ClassScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """p where `positive` did not come true, 1 + p where it did: 0 to 2; `output` is the probability p of `positive`.

    A bin does not hold its lower edge, so p is kept 2.2e-16 above 0. Missing where either is, a fault outside 0 to 1.
    """

    harm: ClassVar[tuple[str, ...]] = ()
    output: str
    actual: str
    positive: str | int | bool

    def levels(self) -> None:
        """Return None: these are numbers."""

    def edges(self) -> tuple[float, ...]:
        """Return the edges of the bins, the same whatever the reference."""
        return (*EDGES, *(1 + edge for edge in EDGES[1:]))

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        code = positive_code("class_score", self.positive, output, actual)

        def score(out: Column, act: Column) -> Column:
            chances, real = pairs(out, act, code)
            return np.where(np.isnan(chances), chances, np.maximum(chances, LEAST) + real)

        return score
