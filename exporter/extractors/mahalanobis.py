"""How far a vector is from the middle of the reference, in units of the reference's own spread and correlations."""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec
import numpy as np

from exporter.extractors.packed import Packed, packed
from exporter.extractors.spectrum import principal, whitening
from exporter.extractors.vectors import Space, learn


class Whitening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference: its space, and the matrix (width, width) under which its features are uncorrelated."""

    space: Space
    matrix: Packed

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        if self.matrix.shape != (self.space.width, self.space.width):
            raise ValueError("the whitening matrix does not fit its features")


class Mahalanobis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """sqrt((x - m)' S^-1 (x - m)), m the mean and S the covariance of the reference: 0 to infinity, no unit.

    About sqrt(width) is usual, high is an outlier. Where features depend on each other linearly, S has no inverse: the
    variance of a standardised feature along a direction without any then counts as 1e-6, so a vector that breaks the
    dependence is far out. `features` are the keys to read where data are mappings. A vector with a missing number is
    missing. It needs 2 data at least, and ten for each feature to be of use. Source: Mahalanobis, 1936.
    Costs 0.01 ms for 20 numbers.
    """

    reads_files: ClassVar[bool] = True
    scores_outliers: ClassVar[bool] = True
    features: tuple[str, ...] = ()
    fitted: Whitening | None = None

    def levels(self) -> None:
        """Return None: distances are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned the reference."""
        space, rows = learn(data, self.features, seed, least=2)
        return msgspec.structs.replace(self, fitted=Whitening(space, packed(whitening(*principal(rows)))))

    def extract(self, datum: object) -> float | None:
        """Return the score of a vector."""
        if self.fitted is None:
            raise ValueError("mahalanobis has not been fitted")
        place = self.fitted.space.place(datum)
        return None if place is None else float(np.linalg.norm(self.fitted.matrix.array @ place))
