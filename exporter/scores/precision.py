"""Precision."""

from exporter.scores.intervals import share
from exporter.scores.score import BINARY, Measurement, Score, counted
from exporter.summaries import ComponentSummary


def precision(summary: ComponentSummary) -> Measurement:
    """Return TP / (TP + FP) and TP + FP: of what was predicted positive, the share that is; 0 to 1."""
    cells = counted(summary)
    return share(cells["TP"], cells["TP"] + cells["FP"])


PRECISION = Score(precision, "high", BINARY, estimate="counts")
