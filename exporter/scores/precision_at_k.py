"""Precision of a ranking's beginning."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def precision_at_k(summary: ComponentSummary) -> Measurement:
    """Return the mean of `precision_at_k` and the number of rankings; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


PRECISION_AT_K = Score(precision_at_k, "high", (Reads(of=("precision_at_k",)),))
