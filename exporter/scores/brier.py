"""Brier score."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def brier(summary: ComponentSummary) -> Measurement:
    """Return the mean of `brier` and the number of predictions; 0 to 1."""
    return average(measured(summary), 0.0, 1.0)


BRIER = Score(brier, "low", (Reads(of=("brier",)),), estimate="mean")
