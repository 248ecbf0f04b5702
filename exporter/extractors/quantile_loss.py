"""Loss of a predicted quantile."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field
from exporter.extractors.numbers import need_numbers


class QuantileLoss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`level` (actual - output) where the actual is higher, else (1 - `level`) (output - actual), from 0.

    In the unit of the output; missing where either is. Its mean is least where the share `level` of the actuals is
    below the output.
    """

    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str
    level: Annotated[float, msgspec.Meta(gt=0, lt=1)]

    def levels(self) -> None:
        """Return None: losses are numbers."""

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_numbers("quantile_loss", output, actual)

        @np.errstate(over="ignore", invalid="ignore")  # of infinities
        def loss(out: Column, act: Column) -> Column:
            return np.asarray(np.maximum(self.level * (act - out), (1 - self.level) * (out - act)))

        return loss
