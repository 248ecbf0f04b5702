"""Mean reciprocal rank."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def mean_reciprocal_rank(summary: ComponentSummary) -> Measurement:
    """Return the mean of `reciprocal_rank` and the number of rankings; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


MEAN_RECIPROCAL_RANK = Score(mean_reciprocal_rank, "high", (Reads(of=("reciprocal_rank",)),))
