"""What a model recommends, the best first."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from exporter.extractors.items import NOTHING, listed, number, once, weighed

DEEPEST = 100


class Ranking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number of items in a ranking: from 0; the first `depth` (10, up to 100) go with it, for scores of ranking.

    Data are lists of items (texts or numbers), the best first, or mappings of items to their score, the highest first.
    An item that is listed again counts at its first place alone. Costs 2 us for ten items.
    """

    depth: Annotated[int, msgspec.Meta(ge=1, le=DEEPEST)] = 10

    @property
    def width(self) -> int:
        """Return how many numbers a row has."""
        return 1 + self.depth

    def levels(self) -> None:
        """Return None: counts are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the number of items."""
        row = self.row(datum)
        return None if row is None else row[0]

    def row(self, datum: object) -> Sequence[float] | None:
        """Return the number of items and what stands for each of the first, NaN where there is none."""
        if datum is None:
            return None
        if isinstance(datum, Mapping):
            scores = weighed(datum)
            items = sorted(scores, key=lambda item: -scores[item])
        else:
            items = [number(item) for item in listed(datum)]
        first = once(items[: self.depth])
        return (float(len(items)), *first, *(NOTHING for _ in range(self.depth - len(first))))
