"""How surprising the actual is, given the predicted probability."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.positives import pairs, positive_code

EPSILON = float(np.finfo(np.float64).eps)


class LogLoss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """-ln p of what came true, in nats: 0 (certain and right) to 36; `output` is the probability p of `positive`.

    Every other category counts as its opposite, of probability 1 - p. p is kept 2.2e-16 away from 0 and 1, for one
    mistake of a model that is certain would outweigh all else. Missing where either is, a fault outside 0 to 1.
    """

    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str
    positive: str | int | bool

    def levels(self) -> None:
        """Return None: losses are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        code = positive_code("log_loss", self.positive, output, actual)

        def loss(out: Column, act: Column) -> Column:
            chances, real = pairs(out, act, code)
            likelihood = np.where(real, chances, 1 - chances)
            return np.asarray(-np.log(np.clip(likelihood, EPSILON, 1 - EPSILON)))

        return loss
