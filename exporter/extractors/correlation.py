"""How two numbers of a datum go together."""

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from exporter.batch import Floats
from exporter.extractors.element import Element
from exporter.extractors.reference import moments, sampled, usable
from exporter.extractors.vectors import SAMPLE, as_float

FAR = 4.0  # standard deviations beyond which a number counts as there, lest one outlier outweighs a thousand others
Path = str | int | tuple[str | int, ...]


class Scales(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference: mean and standard deviation of both numbers."""

    means: tuple[float, float]
    deviations: tuple[float, float]

    def __post_init__(self) -> None:
        """Raise ValueError where one cannot be divided by."""
        if not all(map(math.isfinite, (*self.means, *self.deviations))) or min(self.deviations) <= 0:
            raise ValueError("the reference has no finite mean and positive standard deviation of both numbers")


class Correlation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """(a - mean a) (b - mean b) / (sd a sd b), means and deviations of the reference: -16 to 16, no unit.

    Its mean over the reference is Pearson's correlation of the two numbers `of` a datum (dotted paths of keys and
    places below the component's element), so its drift is drift of their correlation, or of one of them: where neither
    has drifted alone, it is that of the correlation. Each factor is kept within 4 standard deviations. A datum that
    lacks one of them is missing. Costs 4 us.
    """

    of: tuple[Path, Path]
    fitted: Scales | None = None

    def levels(self) -> None:
        """Return None: products are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned the scale of both numbers."""
        pairs = np.array(usable(sampled(data, SAMPLE, seed), self._pair, least=2))
        pairs = pairs[np.lexsort(pairs.T)]
        mean, deviation = moments(pairs)
        if not deviation.all():
            raise ValueError(f"{self.of[int(deviation.argmin())]} is constant in the reference: it goes with nothing")
        return msgspec.structs.replace(self, fitted=Scales(_two(mean), _two(deviation)))

    def extract(self, datum: object) -> float | None:
        """Return the product of a datum."""
        if self.fitted is None:
            raise ValueError("correlation has not been fitted")
        pair = self._pair(datum)
        if pair is None:
            return None
        places = zip(pair, self.fitted.means, self.fitted.deviations, strict=True)
        first, second = (max(-FAR, min(FAR, (value - mean) / deviation)) for value, mean, deviation in places)
        return first * second

    def _pair(self, datum: object) -> tuple[float, float] | None:
        first, second = (_number(datum, path) for path in self.of)
        return None if first is None or second is None else (first, second)


def _number(datum: object, path: Path) -> float | None:
    value = Element(path).extract(datum)
    if isinstance(value, str):
        raise ValueError(f"{path} is {value!r:.40}, and only numbers correlate")  # noqa: TRY004 - it is the datum's value
    return None if value is None else as_float(value)


def _two(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[1])
