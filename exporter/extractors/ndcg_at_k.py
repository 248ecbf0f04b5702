"""How much of the gain that could be is at the first places of a ranking, where early ones count most."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats
from exporter.extractors.ranking import DEEPEST
from exporter.extractors.relevant import EDGES, Relevant, discounted, judged


class NdcgAtK(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Gains at the first `k` (10) places, each over log2(place + 1), over the most that could be: 0 to 1.

    Missing where nothing was relevant. Source: Järvelin and Kekäläinen, 2002.
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
        return judged("ndcg_at_k", output, actual, self.k, self._score)

    def _score(self, relevant: Relevant) -> Floats:
        best = np.sort(relevant.gains, axis=1)[:, : -self.k - 1 : -1]
        ratio: Floats = discounted(relevant.found) / discounted(best)
        return ratio
