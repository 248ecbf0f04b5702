"""Recall."""

from exporter.scores.intervals import share
from exporter.scores.score import BINARY, Measurement, Score, counted
from exporter.summaries import ComponentSummary


def recall(summary: ComponentSummary) -> Measurement:
    """Return TP / (TP + FN) and TP + FN: of what is positive, the share that was predicted so; 0 to 1."""
    cells = counted(summary)
    return share(cells["TP"], cells["TP"] + cells["FN"])


RECALL = Score(recall, "high", BINARY, estimate="counts")
