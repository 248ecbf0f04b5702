"""Count, sum, spread and extremes of a numeric column."""

import math
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum, sum of squared deviations from the mean, minimum and maximum of the finite values.

    Merging follows Chan, Golub and LeVeque (1983), which does not lose digits where the mean is large.
    """

    n: int = 0
    total: float = 0.0
    m2: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        """Summarise values, shape (n,); NaN and infinities are left out."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            return cls()
        return cls.of_finite(finite, float(finite.min()), float(finite.max()))

    @classmethod
    def of_finite(cls, finite: Floats, low: float, high: float) -> "Moments":
        """Summarise finite values, at least one, whose extremes are known."""
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(finite.sum())
            deviations = finite - min(max(total / len(finite), low), high)
            return cls(len(finite), total, float(deviations @ deviations), low, high)

    def __add__(self, other: "Moments") -> "Moments":
        if not (self.n and other.n):
            return self if self.n else other
        n = self.n + other.n
        delta = other.mean - self.mean
        m2 = self.m2 + other.m2 + delta * delta * (self.n / n) * other.n
        return Moments(n, self.total + other.total, m2, min(self.low, other.low), max(self.high, other.high))

    def __sub__(self, other: "Moments") -> "Moments":
        """Take away values that were added; the extremes stay as they were."""
        n = self.n - other.n
        if not (n and other.n):
            return self if n else Moments()
        total = self.total - other.total
        delta = other.mean - min(max(total / n, self.low), self.high)
        m2 = self.m2 - other.m2 - delta * delta * (n / self.n) * other.n
        return Moments(n, total, max(m2, 0.0), self.low, self.high)

    @property
    def mean(self) -> float:
        """Return the mean; NaN of nothing.

        It is never beyond the extremes, so that equal values have their value as mean and no spread.
        """
        return min(max(self.total / self.n, self.low), self.high) if self.n else math.nan

    @property
    def deviation(self) -> float:
        """Return the standard deviation (divisor n - 1); NaN below two values."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.n > 1 else math.nan
