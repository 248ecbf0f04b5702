"""How far a vector is from the mean of the reference's, as embeddings are compared."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import msgspec
import numpy as np

from exporter.batch import Floats
from exporter.extractors.vectors import EMBEDDING, Space, learn

FAR = 1e150  # at which a difference saturates: its square is still a number


class CentroidDistance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """||x - c|| (`euclidean`), or 1 - x'c / (||x|| ||c||) (`cosine`), c the mean of the reference's vectors.

    Euclidean is 0 to infinity, in the unit of the vectors, which are compared as they are; cosine is 0 (same direction)
    to 2 (opposite), whatever their lengths, and a vector of zeros is missing. It sees vectors that leave the middle or
    are drawn to it; it does not see them move around it, as `kernel_similarity` and `knn_outlier_score` do. `features`
    are the keys to read where data are mappings. A vector with a missing number is missing. Costs 0.01 ms for 20
    numbers, 0.03 ms for 768.
    """

    reads_files: ClassVar[bool] = True
    metric: Literal["euclidean", "cosine"] = "euclidean"
    features: tuple[str, ...] = ()
    fitted: Space | None = None

    def levels(self) -> None:
        """Return None: distances are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned the reference."""
        space, _ = learn(data, self.features, seed, least=2, most=EMBEDDING)
        if self.metric == "cosine" and not space.mean.array.any():
            raise ValueError("the mean of the reference's vectors is 0 and has no direction")
        return msgspec.structs.replace(self, fitted=space)

    def extract(self, datum: object) -> float | None:
        """Return the distance of a vector."""
        if self.fitted is None:
            raise ValueError("centroid_distance has not been fitted")
        values = self.fitted.read(datum)
        if values is None:
            return None
        centroid = self.fitted.mean.array
        if self.metric == "cosine":
            return _cosine(values, centroid) if values.any() else None
        with np.errstate(over="ignore"):
            return float(np.linalg.norm(np.clip(values - centroid, -FAR, FAR)))


def _cosine(values: Floats, centroid: Floats) -> float:
    one, other = (v / np.abs(v).max() for v in (values, centroid))
    return float(np.clip(1 - one @ other / (np.linalg.norm(one) * np.linalg.norm(other)), 0, 2))
