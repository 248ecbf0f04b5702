"""How much of what was relevant is at a ranking's beginning."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec

from exporter.batch import Column, Field, Floats
from exporter.extractors.ranking import DEEPEST
from exporter.extractors.relevant import EDGES, Relevant, judged


class RecallAtK(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of the relevant items that are among the first `k` (10): 0 to 1.

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
        return judged("recall_at_k", output, actual, self.k, self._score)

    def _score(self, relevant: Relevant) -> Floats:
        share: Floats = relevant.hits.sum(axis=1) / relevant.count
        return share
