"""Whether anything relevant is at a ranking's beginning."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Fault, Field
from exporter.extractors.ranking import DEEPEST
from exporter.extractors.relevant import judged


class HitAtK(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a relevant item is among the first `k` (10): true, false.

    Missing where nothing was relevant.
    """

    harm: ClassVar[tuple[str, ...]] = ("false",)
    output: str
    actual: str
    k: Annotated[int, msgspec.Meta(ge=1, le=DEEPEST)] = 10

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return "false", "true"

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        found = judged("hit_at_k", output, actual, self.k, lambda relevant: relevant.hits.max(axis=1))

        def hit(out: Column, act: Column) -> Column:
            share = found(out, act)
            return np.where(np.isnan(share), -int(Fault.MISSING), np.nan_to_num(share)).astype(np.int32)

        return hit
