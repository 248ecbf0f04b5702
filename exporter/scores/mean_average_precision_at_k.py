"""Mean average precision (MAP)."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def mean_average_precision_at_k(summary: ComponentSummary) -> Measurement:
    """Return the mean of `average_precision_at_k` and the number of rankings; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


MEAN_AVERAGE_PRECISION_AT_K = Score(mean_average_precision_at_k, "high", (Reads(of=("average_precision_at_k",)),))
