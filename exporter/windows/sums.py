"""Summaries of several components, which are added component by component."""

from collections.abc import Iterable, Sequence
from functools import reduce

from exporter.batch import Column
from exporter.summaries import ComponentSummary, Measure

Summaries = tuple[ComponentSummary, ...]


def add(left: Summaries, right: Summaries) -> Summaries:
    """Add component by component."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def corrected(sums: Summaries, before: Summaries, after: Summaries) -> Summaries:
    """Put values in the place of others that were added earlier."""
    return tuple(a + new - old for a, old, new in zip(sums, before, after, strict=True))


def total(parts: Iterable[Summaries], measures: Sequence[Measure]) -> Summaries:
    """Return the sum of summaries; the summary of nothing where there is none."""
    several = list(parts)
    return reduce(add, several) if several else tuple(measure.empty() for measure in measures)


def summarise(columns: Sequence[Column], measures: Sequence[Measure]) -> Summaries:
    """Summarise columns, each of shape (rows,)."""
    return tuple(measure.of(column) for measure, column in zip(measures, columns, strict=True))
