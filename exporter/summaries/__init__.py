"""Mergeable statistics of a column: taken *of* it and *added*, so that `of(a) + of(b) == of(a then b)`."""

from exporter.summaries.categories import Categories
from exporter.summaries.component import ComponentSummary, Domain, Measure, Weighing
from exporter.summaries.histogram import Grid, Histogram
from exporter.summaries.moments import Moments
from exporter.summaries.presence import Presence
from exporter.summaries.stack import Layout, Stack

__all__ = [
    "Categories",
    "ComponentSummary",
    "Domain",
    "Grid",
    "Histogram",
    "Layout",
    "Measure",
    "Moments",
    "Presence",
    "Stack",
    "Weighing",
]
