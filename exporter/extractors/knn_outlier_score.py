"""How far a vector is from its nearest neighbours in the reference."""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec

from exporter.extractors.neighbours import REFERENCES, kept, mean_distance
from exporter.extractors.packed import Packed, packed
from exporter.extractors.reference import chosen
from exporter.extractors.vectors import EMBEDDING, Space, learn


class Neighbours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference: its space and vectors in it, shape (n, width)."""

    space: Space
    references: Packed

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        if self.references.shape[1:] != (self.space.width,):
            raise ValueError("the reference vectors do not fit their features")


class KnnOutlierScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean distance to the k nearest reference vectors: 0 to infinity, in standard deviations; high is an outlier.

    Each feature is standardised by the reference (a constant one counts in its own unit), then the distance is
    Euclidean. The profile keeps up to `references` vectors, drawn by seed and rounded to 32 bits. `features` are the
    keys to read where data are mappings. A vector with a missing number is missing. Source: Ramaswamy, Rastogi and
    Shim, SIGMOD 2000. Costs 0.03 ms for 20 numbers, and 0.4 ms for 768, of which 1,365 vectors are kept: 1,048,576 /
    numbers at most.
    """

    reads_files: ClassVar[bool] = True
    scores_outliers: ClassVar[bool] = True
    k: int = 5
    references: int = REFERENCES
    features: tuple[str, ...] = ()
    fitted: Neighbours | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if not 1 <= self.k <= self.references <= REFERENCES:
            raise ValueError(f"k is {self.k} and references {self.references}: write 1 <= k <= references <= 2000")

    def levels(self) -> None:
        """Return None: distances are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned the reference."""
        space, matrix = learn(data, self.features, seed, least=self.k + 1, most=EMBEDDING)
        rows = chosen(matrix, kept(self.references, space.width), seed)
        return msgspec.structs.replace(self, fitted=Neighbours(space, packed(rows, "f4")))

    def extract(self, datum: object) -> float | None:
        """Return the score of a vector."""
        if self.fitted is None:
            raise ValueError("knn_outlier_score has not been fitted")
        place = self.fitted.space.place(datum)
        return None if place is None else mean_distance(self.fitted.references, place, self.k)
