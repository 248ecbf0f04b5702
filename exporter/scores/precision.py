"""Precision."""

from exporter.scores.score import CELLS, Score, counted, ratio
from exporter.summaries import ComponentSummary


def precision(summary: ComponentSummary) -> tuple[float, int]:
    """Return TP / (TP + FP) and TP + FP: of what was predicted positive, the share that is; 0 to 1."""
    cells = counted(summary)
    return ratio(cells["TP"], cells["TP"] + cells["FP"])


PRECISION = Score(precision, "high", reads=(CELLS,))
