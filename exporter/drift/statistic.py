"""What a drift statistic is: a function, what it applies to, its default threshold and the sample it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Floats
from exporter.summaries import ComponentSummary

Kind = Literal["numeric", "category"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A distance of a window from the reference.

    `measure` takes (reference, window) and returns the distance or NaN where it is undefined; `needs` returns, for the
    number of bins, how many values reference and window must each have before the number means anything.
    """

    measure: Callable[[ComponentSummary, ComponentSummary], float]
    kinds: frozenset[Kind]
    threshold: float
    needs: Callable[[int], int]


BOTH: frozenset[Kind] = frozenset({"numeric", "category"})
NUMERIC: frozenset[Kind] = frozenset({"numeric"})
CATEGORY: frozenset[Kind] = frozenset({"category"})


def twenty_a_bin(bins: int) -> int:
    """Return 20 values for each bin, at least 100: with fewer, noise alone looks like drift."""
    return max(100, 20 * bins)


def three_hundred(_bins: int) -> int:
    """Return 300 values, whatever the bins: of 100 against 100, one distance in five is over 0.15 without drift."""
    return 300


def shares(counts: NDArray[np.int64]) -> Floats:
    """Return the shares of bins, shape (bins,), which sum to 1; NaN of nothing."""
    result: Floats = counts / (counts.sum() or np.nan)
    return result


def cumulative_shares(counts: NDArray[np.int64]) -> Floats:
    """Return the share up to and with each bin, shape (bins,), the last 1; NaN of nothing."""
    cumulative = np.cumsum(counts)
    result: Floats = cumulative / (cumulative[-1] or np.nan)
    return result


def smoothed(counts: NDArray[np.int64]) -> Floats:
    """Return shares with half a count more in each bin, so that a logarithm is finite: (c + 1/2) / (n + B/2).

    NaN of nothing.
    """
    result: Floats = (counts + 0.5) / ((counts.sum() or np.nan) + len(counts) / 2)
    return result
