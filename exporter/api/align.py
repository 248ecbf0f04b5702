"""Puts a profile that was built by itself on the bins, categories and domains of another, so that the two compare."""

from dataclasses import replace

import numpy as np

from exporter.batch import Floats
from exporter.profile import Component, Profile
from exporter.report.curve import up_to
from exporter.summaries import Categories, ComponentSummary, Domain, Grid, Histogram, Measure, Moments
from exporter.summaries.histogram import Counts


def aligned(profile: Profile, reference: Profile) -> Profile:
    """Return a profile as if it had been observed by the reference; what cannot be compared is left as it is.

    Counts between two edges of its own are taken to be spread evenly there; such a bin holds about 1/250 of its data.
    What two extractors have learned differently cannot be compared.
    """
    there = {component.spec.key: component for component in reference.components}
    components = tuple(_aligned(c, there[c.spec.key]) if c.spec.key in there else c for c in profile.components)
    return replace(profile, components=components)


def _aligned(mine: Component, reference: Component) -> Component:
    summary, measure = mine.reference, reference.measure
    if _same(measure, mine.measure):
        return mine
    if mine.spec.extractor != reference.spec.extractor:
        return mine
    if measure.grid is None and summary.categories is not None:
        found = _recounted(summary, summary.categories, reference)
    elif measure.grid is not None and summary.histogram is not None and summary.moments is not None:
        found = _rebinned(summary, summary.histogram, summary.moments, measure.grid, measure.domain)
    else:
        return mine
    return replace(reference, reference=found)


def _recounted(summary: ComponentSummary, mine: Categories, reference: Component) -> ComponentSummary:
    levels = reference.measure.levels
    places = {level: place for place, level in enumerate(levels)}
    chosen = [*(places.get(level, len(levels)) for level in mine.levels), len(levels)]
    counts = np.bincount(chosen, mine.counts, len(levels) + 1).astype(np.int64)
    unseen = int(counts[-1]) if reference.measure.complete else 0
    return ComponentSummary(replace(summary.presence, unseen=unseen), categories=Categories(levels, counts))


def _rebinned(
    summary: ComponentSummary, mine: Histogram, moments: Moments, grid: Grid, domain: Domain
) -> ComponentSummary:
    counts = mine.counts
    if not mine.grid.same(grid):
        counts = np.diff(_counts_to(mine, moments, grid.edges), prepend=0, append=mine.n)
    low, high = np.array([domain.low]), np.array([domain.high])
    below = int(_counts_to(mine, moments, low, strictly=True)[0]) if moments.low < domain.low else 0
    above = mine.n - int(_counts_to(mine, moments, high)[0]) if moments.high > domain.high else 0
    return ComponentSummary(replace(summary.presence, below=below, above=above), moments, Histogram(grid, counts))


def _counts_to(mine: Histogram, moments: Moments, values: Floats, *, strictly: bool = False) -> Counts:
    """Return how many values are up to each of others; those in an open bin are spread up to the extreme."""
    edges, n = mine.grid.edges, mine.n
    first, last = float(edges[0]), float(edges[-1])
    inner = up_to(mine, values, strictly=strictly) * n if n else np.zeros(len(values))
    below = np.interp(values, [min(moments.low, first), first], [0, mine.counts[0]])
    above = np.interp(values, [last, max(moments.high, last)], [n - mine.counts[-1], n])
    found = np.where(values < first, below, np.where(values > last, above, inner))
    return np.rint(found).astype(np.int64)


def _same(one: Measure, other: Measure) -> bool:
    if one.grid is None or other.grid is None:
        return one.grid is other.grid and (one.levels, one.complete) == (other.levels, other.complete)
    return one.grid.same(other.grid) and one.domain == other.domain
