"""What a drift statistic is: a function, what it applies to, its default threshold and the sample it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.batch import Floats
from exporter.summaries import ComponentSummary, Layout, Stack

Kind = Literal["numeric", "category"]
Comparison = Callable[[Stack, Stack], Floats]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A distance of windows from their references.

    `measure` takes (references, windows) of K components of one kind and returns K distances, NaN where they are
    undefined. `needs` returns, for the numbers of bins, how many values reference and window must each have before the
    distance means anything. `noise` returns the distance that is to be expected without drift, and `p_value` how likely
    one at least as large is without drift; None where no formula is known. `exact` is the same distance of raw values,
    numbers of shape (m,) and (n,), without bins.
    """

    measure: Comparison
    kinds: frozenset[Kind]
    threshold: float
    needs: Callable[[Floats], Floats]
    noise: Comparison | None = None
    p_value: Comparison | None = None
    exact: Callable[[Floats, Floats], float] | None = None

    def enough(self, reference: Stack, window: Stack) -> Floats:
        """Return 1 where both have the sample that is needed, NaN elsewhere, shape (K,)."""
        return np.where(np.minimum(reference.n, window.n) >= self.needs(reference.bins), 1.0, np.nan)

    def of(self, reference: ComponentSummary, window: ComponentSummary) -> float:
        """Return the distance of one component, whatever its sample."""
        return float(_alone(self.measure, reference, window)[0])

    def judge(self, reference: ComponentSummary, window: ComponentSummary) -> float:
        """Return the distance of one component, NaN below the sample that is needed."""
        return float((_alone(self.measure, reference, window) * _alone(self.enough, reference, window))[0])


def _alone(compare: Comparison, reference: ComponentSummary, window: ComponentSummary) -> Floats:
    layout = Layout.of([reference])
    with np.errstate(all="ignore"):
        return compare(layout.stack([reference]), layout.stack([window]))


BOTH: frozenset[Kind] = frozenset({"numeric", "category"})
NUMERIC: frozenset[Kind] = frozenset({"numeric"})
CATEGORY: frozenset[Kind] = frozenset({"category"})


def twenty_a_bin(bins: Floats) -> Floats:
    """Return 20 values for each bin, at least 100: with fewer, noise alone looks like drift."""
    return np.maximum(100.0, 20.0 * bins)


def three_hundred(bins: Floats) -> Floats:
    """Return 300 values, whatever the bins: of 100 against 100, one distance in five is over 0.15 without drift."""
    return np.full(np.shape(bins), 300.0)


def sampling(reference: Stack, window: Stack) -> Floats:
    """Return 1/n + 1/m, shape (K,): what the sizes of the samples add to a squared distance of shares."""
    result: Floats = 1 / window.some + 1 / reference.some
    return result
