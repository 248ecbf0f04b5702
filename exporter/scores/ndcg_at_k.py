"""Normalised discounted cumulative gain."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def ndcg_at_k(summary: ComponentSummary) -> Measurement:
    """Return the mean of `ndcg_at_k` and the number of rankings; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


NDCG_AT_K = Score(ndcg_at_k, "high", (Reads(of=("ndcg_at_k",)),))
