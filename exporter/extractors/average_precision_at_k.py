"""How early the relevant items of a ranking come, all of them taken together."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats
from exporter.extractors.ranking import DEEPEST
from exporter.extractors.relevant import EDGES, Relevant, judged


class AveragePrecisionAtK(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean over relevant items of the share of relevant ones up to their place, 0 beyond the first `k` (10): 0 to 1.

    It is the sum over `k` or the number of relevant items, whichever is less. Missing where nothing was relevant.
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
        return judged("average_precision_at_k", output, actual, self.k, self._score)

    def _score(self, relevant: Relevant) -> Floats:
        hits = relevant.hits
        precision = hits.cumsum(axis=1) / np.arange(1, self.k + 1)
        mean: Floats = (hits * precision).sum(axis=1) / np.minimum(relevant.count, self.k)
        return mean
