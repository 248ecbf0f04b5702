"""The distributions that a plot shows, and the point of interest in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.profile import Component
from exporter.report.markup import shortened
from exporter.report.point import Point
from exporter.report.words import count, number, share
from exporter.summaries import Categories, ComponentSummary, Histogram

_NAMED = 5  # categories that the words of a plot name


@dataclass(frozen=True, slots=True)
class Series:
    """One distribution of a plot; `style` is the class that it is drawn with."""

    label: str
    style: Literal["reference", "observed"]
    summary: ComponentSummary


@dataclass(frozen=True, slots=True)
class Plot:
    """A component's distributions, all on the same bins or categories, and a point to draw in them."""

    component: Component
    series: Sequence[Series]
    point: Point | None = None

    @property
    def name(self) -> str:
        """Return the component's name."""
        return self.component.name

    @property
    def histograms(self) -> list[Histogram]:
        """Return the histogram of each series; none of a category component."""
        return [s.summary.histogram for s in self.series if s.summary.histogram is not None]

    @property
    def categories(self) -> list[Categories]:
        """Return the categories of each series; none of a numeric component."""
        return [s.summary.categories for s in self.series if s.summary.categories is not None]

    @property
    def empty(self) -> bool:
        """Tell whether there is no value to draw."""
        return not any(s.summary.n for s in self.series)


def reference_series(component: Component) -> Series:
    """Return what a profile holds of a component."""
    return Series("reference", "reference", component.reference)


def observed_series(component: Component) -> Series:
    """Return what the other profile of a contrast holds of a component."""
    return Series("observed", "observed", component.reference)


def described(plot: Plot) -> tuple[str, str]:
    """Return the title of a plot, and what it shows in words."""
    return f"Distribution of {shortened(plot.name, 60)}", "; ".join(map(_in_words, plot.series))


def _in_words(series: Series) -> str:
    summary = series.summary
    values = f"{series.label}: {count(summary.n, 'value')}"
    if summary.categories is not None and summary.n:
        pairs = sorted(zip(summary.categories.labels, summary.categories.counts.tolist(), strict=True), key=_rarity)
        return f"{values}: {', '.join(f'{shortened(name, 30)} {share(n / summary.n)}' for name, n in pairs[:_NAMED])}"
    if summary.histogram is not None and summary.n:
        low, middle, high = summary.histogram.quantiles(np.array([0.25, 0.5, 0.75])).tolist()
        return f"{values}, median {number(middle)}, the middle half {number(low)} to {number(high)}"
    return values


def _rarity(pair: tuple[str, int]) -> int:
    return -pair[1]
