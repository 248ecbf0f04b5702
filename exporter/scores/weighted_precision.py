"""Weighted precision."""

from exporter.scores.score import Measurement, Score
from exporter.scores.several import CONFUSED, PRECISION, averaged
from exporter.summaries import ComponentSummary


def weighted_precision(summary: ComponentSummary) -> Measurement:
    """Return the mean precision of all classes, each as much as it has records, and the number of records; 0 to 1.

    A class that was never predicted and is never actual is left out; a share of nothing is 0. The interval adds the
    distances from each class to its Wilson limits as Newcombe's does, times what the classes have in common.
    """
    return averaged(summary, PRECISION, by_size=True)


WEIGHTED_PRECISION = Score(weighted_precision, "high", CONFUSED, estimate="counts")
