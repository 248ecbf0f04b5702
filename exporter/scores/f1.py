"""F1 score."""

from exporter.scores.score import CELLS, Score, counted, ratio
from exporter.summaries import ComponentSummary


def f1(summary: ComponentSummary) -> tuple[float, int]:
    """Return 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall, and TP + FP + FN; 0 to 1."""
    cells = counted(summary)
    missed = cells["FP"] + cells["FN"]
    value, _ = ratio(2 * cells["TP"], 2 * cells["TP"] + missed)
    return value, cells["TP"] + missed


F1 = Score(f1, "high", reads=(CELLS,))
