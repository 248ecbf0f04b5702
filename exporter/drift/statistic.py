"""What a drift statistic is: a function, what it applies to, its default threshold and the sample it needs."""

import math
import sys
from collections.abc import Callable, Iterator
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
    numbers of shape (m,) and (n,), without bins. With `of_rows` rows without a value are a part of the sample.
    """

    measure: Comparison
    kinds: frozenset[Kind]
    threshold: float
    needs: Callable[[Floats], Floats]
    noise: Comparison | None = None
    p_value: Comparison | None = None
    exact: Callable[[Floats, Floats], float] | None = None
    of_rows: bool = False

    def enough(self, reference: Stack, window: Stack) -> Floats:
        """Return 1 where both have the sample that is needed, NaN elsewhere, shape (K,)."""
        samples = [stack.presence("rows") if self.of_rows else stack.n for stack in (reference, window)]
        return np.where(np.minimum(*samples) >= self.needs(reference.bins), 1.0, np.nan)

    def of(self, reference: ComponentSummary, window: ComponentSummary) -> float:
        """Return the distance of one component, whatever its sample."""
        return float(_alone(self.measure, reference, window)[0])

    def raw(self, reference: Floats, window: Floats) -> float:
        """Return the distance of raw numbers, shapes (m,) and (n,), of the finite ones; NaN where it is undefined.

        ValueError where the statistic has no form without bins.
        """
        if self.exact is None:
            raise ValueError("the statistic is of bins or of rows, and has no form of raw values")
        finite = [values[np.isfinite(values)] for values in (reference, window)]
        if not all(map(len, finite)):
            return math.nan
        with np.errstate(all="ignore"):
            found = self.exact(*finite)
        return min(found, sys.float_info.max)

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


def unit(reference: Stack) -> Floats:
    """Return the references' standard deviations, shape (K,), NaN where there is no spread to measure a distance by."""
    return np.where((reference.deviation > 0) & np.isfinite(reference.deviation), reference.deviation, np.nan)


def pooled(reference: Stack, window: Stack) -> Floats:
    """Return the share of each bin of the fine grid in both samples together, shape (K, F)."""
    result: Floats = (reference.fine + window.fine) / (reference.some + window.some)[:, None]
    return result


def homogeneous(reference: Stack, window: Stack) -> Iterator[tuple[Floats, Floats]]:
    """Yield for each of two samples its counts and what it would hold if both had one distribution, shape (K, B)."""
    together = reference.counts + window.counts
    for stack in (reference, window):
        yield stack.counts, together * (stack.n / np.maximum(reference.n + window.n, 1))[:, None]


def tail(statistic: Floats, freedom: Floats) -> Floats:
    """Return the upper tail of the chi-square distribution; NaN without a degree of freedom."""
    from scipy.special import chdtrc  # noqa: PLC0415 - the exporter starts without scipy

    result: Floats = chdtrc(np.where(freedom > 0, freedom, np.nan), statistic)
    return result


def deviation_of(values: Floats) -> float:
    """Return the standard deviation of values, shape (n,); NaN where they have no spread."""
    found = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return found if found > 0 else math.nan


def exact_steps(reference: Floats, window: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return, at each distinct value of both samples: P - Q, H, the share of the value in H, the way to the next value.

    P and Q are the distribution functions of reference (m,) and window (n,), H that of both together.
    """
    values = np.unique(np.concatenate([reference, window]))
    counts = [np.searchsorted(np.sort(sample), values, side="right") for sample in (reference, window)]
    upto = (counts[0] + counts[1]) / (len(reference) + len(window))
    gap: Floats = counts[0] / len(reference) - counts[1] / len(window)
    return gap, upto, np.diff(upto, prepend=0.0), np.diff(values, append=values[-1:])
