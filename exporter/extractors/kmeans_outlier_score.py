"""How far a vector is from the clusters of the reference."""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats
from exporter.extractors.neighbours import mean_distance
from exporter.extractors.packed import Packed, packed
from exporter.extractors.vectors import EMBEDDING, Space, learn

CLUSTERS = 256
ROUNDS = 100


class Clusters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference: its space and the centroids in it, shape (clusters, width)."""

    space: Space
    centroids: Packed

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        if self.centroids.shape[1:] != (self.space.width,):
            raise ValueError("the centroids do not fit their features")


class KmeansOutlierScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean distance to the `nearest` centroids: 0 to infinity, in standard deviations; high is an outlier.

    Each feature is standardised by the reference (a constant one counts in its own unit), then `clusters` centroids
    are found by Lloyd's algorithm from k-means++ (Arthur and Vassilvitskii, 2007). `features` are the keys to read
    where data are mappings. A vector with a missing number is missing. Costs 0.03 ms.
    """

    reads_files: ClassVar[bool] = True
    scores_outliers: ClassVar[bool] = True
    clusters: int = 16
    nearest: int = 1
    features: tuple[str, ...] = ()
    fitted: Clusters | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if not 1 <= self.nearest <= self.clusters <= CLUSTERS:
            raise ValueError(
                f"nearest is {self.nearest} and clusters {self.clusters}: write 1 <= nearest <= clusters <= {CLUSTERS}"
            )

    def levels(self) -> None:
        """Return None: distances are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned the reference."""
        space, matrix = learn(data, self.features, seed, least=self.clusters, most=EMBEDDING)
        centroids = _lloyd(matrix, _spread(matrix, self.clusters, np.random.default_rng(seed)))
        return msgspec.structs.replace(self, fitted=Clusters(space, packed(centroids)))

    def extract(self, datum: object) -> float | None:
        """Return the score of a vector."""
        if self.fitted is None:
            raise ValueError("kmeans_outlier_score has not been fitted")
        place = self.fitted.space.place(datum)
        return None if place is None else mean_distance(self.fitted.centroids, place, self.nearest)


def _spread(rows: Floats, clusters: int, rng: np.random.Generator) -> Floats:
    """Draw the first centroids, each with a chance that grows with its squared distance to those before it."""
    centroids = [rows[rng.integers(len(rows))]]
    squares = np.full(len(rows), np.inf)
    while len(centroids) < clusters:
        squares = np.minimum(squares, ((rows - centroids[-1]) ** 2).sum(axis=1))
        if not squares.any():
            break  # fewer different rows than clusters
        centroids.append(rows[rng.choice(len(rows), p=squares / squares.sum())])
    return np.array(centroids)


def _lloyd(rows: Floats, centroids: Floats) -> Floats:
    assigned = _assign(rows, centroids)
    for _ in range(ROUNDS):
        for cluster in np.unique(assigned).tolist():
            centroids[cluster] = rows[assigned == cluster].mean(axis=0)
        before, assigned = assigned, _assign(rows, centroids)
        if (before == assigned).all():
            break
    return centroids


def _assign(rows: Floats, centroids: Floats) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = ((centroids**2).sum(axis=1) - 2 * rows @ centroids.T).argmin(axis=1)
    return nearest
