"""Weighted F1 score."""

from exporter.scores.score import Measurement, Score
from exporter.scores.several import CONFUSED, F1, averaged
from exporter.summaries import ComponentSummary


def weighted_f1(summary: ComponentSummary) -> Measurement:
    """Return the mean F1 score of all classes, each as much as it has records, and the number of records; 0 to 1.

    A class that was never predicted and is never actual is left out; a share of nothing is 0. The interval adds the
    distances from each class to its Wilson limits as Newcombe's does, times what the classes have in common.
    """
    return averaged(summary, F1, by_size=True)


WEIGHTED_F1 = Score(weighted_f1, "high", CONFUSED, estimate="counts")
