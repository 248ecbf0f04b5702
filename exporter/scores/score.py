"""What a score is: a function of the summaries of components, which way is better, and what it can read."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import msgspec

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
class Reads:
    """What a score reads of one component.

    `levels` are the categories, one set or another, None for numbers; nothing where any will do. `of` are the
    extractors whose values it can read, and `role` the component's, where it cannot read any.
    """

    levels: tuple[tuple[str, ...] | None, ...] = (None,)
    of: tuple[str, ...] = ()
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of the model from a summary of each component that it `reads`.

    `measure` returns the score with its interval; the fields of `options` are keyword arguments of it, all with a
    default. `estimate` says what tells it without actuals: the counts to be expected, or the mean or root mean square;
    None where nothing does.
    """

    measure: Callable[..., Measurement]
    preference: Preference
    reads: tuple[Reads, ...]
    options: type[msgspec.Struct] | None = None
    estimate: Literal["counts", "mean", "root_mean_square"] | None = None

    def bound(self, options: Mapping[str, Any]) -> "Score":
        """Return the score with its options; msgspec.ValidationError for one that it does not have."""
        if not options:
            return self
        if self.options is None:
            raise msgspec.ValidationError(f"there is no option {next(iter(options))!r}")
        given = msgspec.structs.asdict(msgspec.convert(options, self.options))
        return replace(self, measure=partial(self.measure, **given))


NUMBERS = (Reads(),)
BINARY = (Reads((CELLS,)),)


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
