"""Mean of any numeric component."""

from exporter.scores.intervals import average
from exporter.scores.score import NUMBERS, Measurement, Score, measured
from exporter.summaries import ComponentSummary


def mean(summary: ComponentSummary) -> Measurement:
    """Return the mean and the number of values, in their unit; -infinity to infinity.

    Whether high or low is better depends on the component: say it by `preference`, low where it is left out.
    """
    return average(measured(summary))


MEAN = Score(mean, "low", NUMBERS, estimate="mean")
