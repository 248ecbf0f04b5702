"""Quantile loss."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def quantile_loss(summary: ComponentSummary) -> Measurement:
    """Return the mean of `quantile_loss` and the number of predictions; 0 to infinity, in the unit of the output."""
    return average(measured(summary), 0.0)


QUANTILE_LOSS = Score(quantile_loss, "low", (Reads(of=("quantile_loss",)),), estimate="mean")
