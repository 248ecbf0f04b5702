"""Specificity."""

from exporter.scores.intervals import share
from exporter.scores.score import BINARY, Measurement, Score, counted
from exporter.summaries import ComponentSummary


def specificity(summary: ComponentSummary) -> Measurement:
    """Return TN / (TN + FP) and TN + FP: of what is negative, the share that was predicted so; 0 to 1."""
    cells = counted(summary)
    return share(cells["TN"], cells["TN"] + cells["FP"])


SPECIFICITY = Score(specificity, "high", BINARY, estimate="counts")
