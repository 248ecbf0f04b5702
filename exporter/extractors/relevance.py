"""What would have been right to recommend."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from exporter.extractors.items import NOTHING, listed, number, weighed

MOST = 100


class Relevance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number of relevant items: from 0; they go with it, up to `most` (20, up to 100), for scores of ranking.

    Data are lists of items (texts or numbers), or mappings of items to their gain, from 0; an item of gain 0 is not
    relevant. More than `most` are refused, for scores of some of them would be wrong. Costs 2 us for ten items.
    """

    most: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 20

    @property
    def width(self) -> int:
        """Return how many numbers a row has."""
        return 1 + 2 * self.most

    def levels(self) -> None:
        """Return None: counts are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the number of relevant items."""
        row = self.row(datum)
        return None if row is None else row[0]

    def row(self, datum: object) -> Sequence[float] | None:
        """Return the number of relevant items, what stands for each, and their gains; NaN where there is none."""
        if datum is None:
            return None
        gains = weighed(datum) if isinstance(datum, Mapping) else {number(item): 1.0 for item in listed(datum)}
        if min(gains.values(), default=0.0) < 0:
            raise ValueError("a gain is 0 or more")
        gains = {item: gain for item, gain in gains.items() if gain}
        if len(gains) > self.most:
            raise ValueError(f"{len(gains)} items are relevant, and `most` is {self.most}")
        rest = [NOTHING] * (self.most - len(gains))
        return (float(len(gains)), *gains, *rest, *gains.values(), *rest)
