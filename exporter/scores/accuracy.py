"""Accuracy."""

from exporter.scores.intervals import share
from exporter.scores.score import CELLS, TRUTH, Measurement, Reads, Score, counted
from exporter.summaries import ComponentSummary


def accuracy(summary: ComponentSummary) -> Measurement:
    """Return the share of right predictions and the number of predictions; 0 to 1.

    Reads `correct` (true over all) or `classification_error_type` ((TP + TN) over all).
    """
    cells = counted(summary)
    right = cells["true"] if cells.levels == TRUTH else cells["TP"] + cells["TN"]
    return share(right, cells.n)


ACCURACY = Score(accuracy, "high", (Reads((TRUTH, CELLS)),), estimate="counts")
