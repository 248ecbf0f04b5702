"""Weighted recall."""

from exporter.scores.score import Measurement, Score
from exporter.scores.several import CONFUSED, RECALL, averaged
from exporter.summaries import ComponentSummary


def weighted_recall(summary: ComponentSummary) -> Measurement:
    """Return the mean recall of all classes, each as much as it has records, and the number of records; 0 to 1.

    A class that was never predicted and is never actual is left out; a share of nothing is 0. The interval adds the
    distances from each class to its Wilson limits as Newcombe's does, times what the classes have in common.
    """
    return averaged(summary, RECALL, by_size=True)


WEIGHTED_RECALL = Score(weighted_recall, "high", CONFUSED, estimate="counts")
