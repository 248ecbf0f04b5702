"""Recall of a ranking's beginning."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def recall_at_k(summary: ComponentSummary) -> Measurement:
    """Return the mean of `recall_at_k` and the number of rankings; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


RECALL_AT_K = Score(recall_at_k, "high", (Reads(of=("recall_at_k",)),))
