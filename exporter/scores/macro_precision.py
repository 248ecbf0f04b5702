"""Macro precision."""

from exporter.scores.score import Measurement, Score
from exporter.scores.several import CONFUSED, PRECISION, averaged
from exporter.summaries import ComponentSummary


def macro_precision(summary: ComponentSummary) -> Measurement:
    """Return the mean precision of all classes, each as much as any other, and the number of records; 0 to 1.

    A class that was never predicted and is never actual is left out; a share of nothing is 0. The interval adds the
    distances from each class to its Wilson limits as Newcombe's does, times what the classes have in common.
    """
    return averaged(summary, PRECISION, by_size=False)


MACRO_PRECISION = Score(macro_precision, "high", CONFUSED, estimate="counts")
