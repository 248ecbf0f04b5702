"""Balanced accuracy."""

import math

from exporter.scores.recall import recall
from exporter.scores.score import BINARY, Measurement, Score
from exporter.scores.specificity import specificity
from exporter.summaries import ComponentSummary


def balanced_accuracy(summary: ComponentSummary) -> Measurement:
    """Return the mean of recall and specificity, and the number of records of the rarer class; 0 to 1.

    The interval is Newcombe's of two shares: the distances from either to its Wilson limits, squared and added.
    """
    here, there = recall(summary), specificity(summary)
    value = (here.value + there.value) / 2
    below = math.hypot(here.value - here.lower, there.value - there.lower) / 2
    above = math.hypot(here.upper - here.value, there.upper - there.value) / 2
    return Measurement(value, min(here.samples, there.samples), value - below, value + above)


BALANCED_ACCURACY = Score(balanced_accuracy, "high", BINARY, estimate="counts")
