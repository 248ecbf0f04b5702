"""What a score is: a function of one eval component's summary, which way is better, and what it can read."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from exporter.summaries import Categories, ComponentSummary, Moments

Preference = Literal["high", "low"]
MINIMUM_SAMPLES = 30
CELLS = ("TP", "FP", "FN", "TN")
TRUTH = ("false", "true")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A score (NaN where it is undefined), the records behind it, and its 95 % interval (NaN where there is none)."""

    value: float
    samples: int
    lower: float = math.nan
    upper: float = math.nan

    @property
    def shown(self) -> "Measurement":
        """Return what may be said of it: below the minimum sample nothing but how many records there are."""
        return self if self.samples >= MINIMUM_SAMPLES else Measurement(math.nan, self.samples)


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of the model from a summary.

    `measure` returns the score with its interval; `reads` are the levels of the components that it can read, None for
    numbers. `of` are the extractors whose numbers it can read, where it cannot read any.
    """

    measure: Callable[[ComponentSummary], Measurement]
    preference: Preference
    reads: tuple[tuple[str, ...] | None, ...]
    of: tuple[str, ...] = ()


def counted(summary: ComponentSummary) -> Categories:
    """Return the categories of a summary that plan has checked to have some."""
    if summary.categories is None:
        raise ValueError("the score needs categories")
    return summary.categories


def measured(summary: ComponentSummary) -> Moments:
    """Return the moments of a summary that plan has checked to have some."""
    if summary.moments is None:
        raise ValueError("the score needs numbers")
    return summary.moments
