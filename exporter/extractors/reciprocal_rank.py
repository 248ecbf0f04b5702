"""How early the first relevant item of a ranking comes."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats
from exporter.extractors.ranking import DEEPEST
from exporter.extractors.relevant import EDGES, Relevant, judged


class ReciprocalRank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 over the place of the first relevant item, 0 where none is among the first `k` (10): 0 to 1.

    Missing where nothing was relevant.
    """

    harm: ClassVar[tuple[str, ...]] = ()
    output: str
    actual: str
    k: Annotated[int, msgspec.Meta(ge=1, le=DEEPEST)] = 10

    def levels(self) -> None:
        """Return None: these are numbers."""

    def edges(self) -> tuple[float, ...]:
        """Return the edges of the bins, the same whatever the reference."""
        return EDGES

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        return judged("reciprocal_rank", output, actual, self.k, self._score)

    def _score(self, relevant: Relevant) -> Floats:
        first: Floats = (relevant.hits / np.arange(1, self.k + 1)).max(axis=1)
        return first
