"""F1 score."""

from exporter.scores.intervals import share
from exporter.scores.score import BINARY, Measurement, Score, counted
from exporter.summaries import ComponentSummary


def f1(summary: ComponentSummary) -> Measurement:
    """Return 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall, and TP + FP + FN; 0 to 1.

    It is 2 J / (1 + J) of Jaccard's ratio J = TP / (TP + FP + FN), which is a share and has Wilson's interval.
    """
    cells = counted(summary)
    jaccard = share(cells["TP"], cells["TP"] + cells["FP"] + cells["FN"])
    value, lower, upper = (2 * j / (1 + j) for j in (jaccard.value, jaccard.lower, jaccard.upper))
    return Measurement(value, jaccard.samples, lower, upper)


F1 = Score(f1, "high", BINARY, estimate="counts")
