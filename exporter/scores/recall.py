"""Recall."""

from exporter.scores.score import CELLS, Score, counted, ratio
from exporter.summaries import ComponentSummary


def recall(summary: ComponentSummary) -> tuple[float, int]:
    """Return TP / (TP + FN) and TP + FN: of what is positive, the share that was predicted so; 0 to 1."""
    cells = counted(summary)
    return ratio(cells["TP"], cells["TP"] + cells["FN"])


RECALL = Score(recall, "high", reads=(CELLS,))
